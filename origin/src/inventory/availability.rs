//! What fans see of a section. All requests share one cached answer per section. A process asks
//! Redis at most once in [`FRESH_FOR`], however many fans look, and only while fans look. The
//! answer is cached as the bytes that are sent.

use std::{
    collections::HashMap,
    sync::{Arc, RwLock},
    time::{Duration, Instant},
};

use stanchion_shared::wire::{SeatStatus, SeatView, SeatsAnswer};
use tokio::sync::Mutex;

use super::{error::InventoryError, plan::PlannedSection, section::Section, types::SectionState};

/// How old an answer may be. `as_of` in it says when it was read.
pub const FRESH_FOR: Duration = Duration::from_millis(250);

/// The result of the last read. Failures are shared as well: not every request asks a Redis that is
/// down.
#[derive(Clone)]
enum LastRead {
    Seats(Arc<[u8]>),
    Unloaded,
    Failed,
}

/// The last answer of one section, and the right to fetch the next.
#[derive(Default)]
pub struct AvailabilityCache {
    last: RwLock<Option<(Instant, LastRead)>>,
    /// Held by the one request that reads Redis for everybody.
    reading: Mutex<()>,
}

impl AvailabilityCache {
    /// The section's [`SeatsAnswer`] as JSON, at most [`FRESH_FOR`] old.
    ///
    /// # Errors
    /// [`InventoryError::Unloaded`], [`InventoryError::NotReadable`].
    pub(super) async fn seats(&self, plan: &PlannedSection, section: &Section) -> Result<Arc<[u8]>, InventoryError> {
        let last = match self.fresh() {
            Some(last) => last,
            None => {
                let _reading = self.reading.lock().await;
                match self.fresh() {
                    Some(last) => last,
                    None => {
                        let last = read(plan, section).await;
                        *self.last.write().expect("no holder panics") = Some((Instant::now(), last.clone()));
                        last
                    }
                }
            }
        };
        match last {
            LastRead::Seats(json) => Ok(json),
            LastRead::Unloaded => Err(section.unloaded()),
            LastRead::Failed => Err(InventoryError::NotReadable),
        }
    }

    fn fresh(&self) -> Option<LastRead> {
        let last = self.last.read().expect("no holder panics");
        last.as_ref()
            .filter(|(at, _)| at.elapsed() < FRESH_FOR)
            .map(|(_, last)| last.clone())
    }
}

async fn read(plan: &PlannedSection, section: &Section) -> LastRead {
    match section.read().await {
        Ok(state) => match serde_json::to_vec(&answer(plan, section, state)) {
            Ok(json) => LastRead::Seats(json.into()),
            Err(error) => {
                tracing::error!(%error, "seats cannot be written");
                LastRead::Failed
            }
        },
        Err(InventoryError::Unloaded(_)) => LastRead::Unloaded,
        Err(error) => {
            tracing::error!(%error, section = %section.id(), "seats cannot be read");
            LastRead::Failed
        }
    }
}

fn answer(plan: &PlannedSection, section: &Section, state: SectionState) -> SeatsAnswer {
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
        event_id: section.id().event_id.clone(),
        section: section.id().code.clone(),
        seats: seats.collect(),
        available: number(state.counts.available()),
        locked: number(state.counts.locked),
        sold: number(state.counts.sold),
        as_of: state.as_of,
    }
}
