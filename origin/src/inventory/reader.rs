//! One reader per section, shared by all who look: Redis is asked at most every [`FRESH_FOR`] and process, however many
//! fans look, and only while somebody does. The answer is kept as the bytes that are sent.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
    time::{Duration, Instant},
};

use axum::body::Bytes;
use stanchion_shared::wire::{SeatStatus, SeatView, SeatsAnswer};
use tokio::sync::Mutex;

use super::{
    load,
    plan::PlannedSection,
    section::{SectionState, Unloaded},
    stock::SectionStock,
};
use crate::{http::Error, state::SharedApp};

/// How old an answer may be. `as_of` in it says when it was read.
pub const FRESH_FOR: Duration = Duration::from_millis(250);

/// What was read last. Failures are shared as well: a Redis that is down is not asked by every request.
#[derive(Clone)]
enum Seen {
    Seats(Bytes),
    Unloaded,
    Unavailable,
}

/// The last answer, and who may fetch the next.
#[derive(Default)]
pub struct Reader {
    last: RwLock<Option<(Instant, Seen)>>,
    /// Held by the one request that reads Redis for everybody.
    reading: Mutex<()>,
}

impl Reader {
    fn fresh(&self) -> Option<Seen> {
        let last = self.last.read().expect("no holder panics");
        last.as_ref()
            .filter(|(at, _)| at.elapsed() < FRESH_FOR)
            .map(|(_, seen)| seen.clone())
    }
}

/// The section's [`SeatsAnswer`] as JSON, at most [`FRESH_FOR`] old.
///
/// # Errors
/// 503 `inventory_loading` or `inventory_unavailable`.
pub async fn read(app: &SharedApp, plan: &PlannedSection, section: &Arc<SectionStock>) -> Result<Bytes, Error> {
    let reader = &section.reader;
    let seen = match reader.fresh() {
        Some(seen) => seen,
        None => {
            let _reading = reader.reading.lock().await;
            match reader.fresh() {
                Some(seen) => seen,
                None => {
                    let seen = look(plan, section).await;
                    *reader.last.write().expect("no holder panics") = Some((Instant::now(), seen.clone()));
                    seen
                }
            }
        }
    };
    match seen {
        Seen::Seats(body) => Ok(body),
        Seen::Unloaded => Err(load::loading(app, section)),
        Seen::Unavailable => Err(Error::unavailable(
            "inventory_unavailable",
            "Seats cannot be read now: try again in a moment.",
        )),
    }
}

async fn look(plan: &PlannedSection, section: &SectionStock) -> Seen {
    match section.seats.read().await {
        Ok(Ok(state)) => match serde_json::to_vec(&answer(plan, section, state)) {
            Ok(body) => Seen::Seats(body.into()),
            Err(error) => {
                tracing::error!(%error, "seats cannot be written");
                Seen::Unavailable
            }
        },
        Ok(Err(Unloaded)) => Seen::Unloaded,
        Err(error) => {
            tracing::error!(%error, event = %section.event_id, section = section.code, "seats cannot be read");
            Seen::Unavailable
        }
    }
}

fn answer(plan: &PlannedSection, section: &SectionStock, state: SectionState) -> SeatsAnswer {
    let held: HashMap<&str, char> = state
        .held
        .iter()
        .map(|(seat, letter)| (seat.as_str(), *letter))
        .collect();
    let status = |seat: &str| match held.get(seat) {
        None => SeatStatus::Available,
        Some('S') => SeatStatus::Sold,
        Some(_) => SeatStatus::Locked,
    };
    let seats = plan.seats.iter().map(|seat| SeatView {
        seat_id: seat.seat_id.clone(),
        row: seat.row.clone(),
        number: seat.number,
        price: plan.price,
        status: status(&seat.seat_id),
    });
    let number = |count: u64| u32::try_from(count).unwrap_or(u32::MAX);
    SeatsAnswer {
        event_id: section.event_id.clone(),
        section: section.code.clone(),
        seats: seats.collect(),
        available: number(state.counts.available()),
        locked: number(state.counts.locked),
        sold: number(state.counts.sold),
        as_of: state.as_of,
    }
}
