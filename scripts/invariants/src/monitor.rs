//! What is read again and again while fans buy: sections as Redis holds them, sessions, and the public curve.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use stanchion_fan_client::clock;
use stanchion_verify::PublicData;

use crate::{
    curve::Curve,
    evidence::{CurvePoint, SharedEvidence},
    invariants::counts_add_up::section_fault,
    sources::{SourceError, redis_sections::RedisSections},
};

/// Pause between two rounds over some sections.
const READ_EVERY: Duration = Duration::from_secs(1);
/// Sections read per round; all have their turn.
const SECTIONS_PER_ROUND: usize = 6;
/// Pause between two looks at the curve.
const CURVE_EVERY: Duration = Duration::from_secs(5);

/// Pause between two looks at the sessions: shorter than any session.
const SESSIONS_EVERY: Duration = Duration::from_secs(4);

/// Section code to its seats.
pub type SeatsBySection = Arc<BTreeMap<String, Vec<String>>>;

/// Reads sections for ever, a few per round. Redis may be restarting: a read that fails says nothing.
pub async fn watch_inventory(redis: RedisSections, seats: SeatsBySection, evidence: Arc<SharedEvidence>) {
    loop {
        let codes: Vec<&String> = seats.keys().collect();
        for round in codes.chunks(SECTIONS_PER_ROUND) {
            for code in round {
                if let Ok(state) = redis.read(code).await
                    && state.capacity.is_some()
                {
                    let fault = section_fault(code, &seats[*code], &state);
                    evidence.lock().inventory_reads.count(fault);
                }
            }
            tokio::time::sleep(READ_EVERY).await;
        }
    }
}

/// Every section once. Returns the seats sold, with their orders.
pub(crate) async fn read_whole_inventory(
    redis: &RedisSections,
    seats: &SeatsBySection,
    evidence: &SharedEvidence,
) -> Result<HashMap<String, String>, SourceError> {
    let mut sold = HashMap::new();
    for (code, seats) in seats.iter() {
        let state = redis.read(code).await?;
        // A section without a request since Redis restarted is not loaded, and nothing is answered from it.
        if state.capacity.is_none() {
            continue;
        }
        let fault = section_fault(code, seats, &state);
        evidence.lock().inventory_reads.count(fault);
        let orders = state
            .held
            .into_iter()
            .filter_map(|(seat, holder)| Some((seat, holder.strip_prefix('S')?.to_owned())));
        sold.extend(orders);
    }
    Ok(sold)
}

/// Notes the sessions that reached the origin. It forgets them when they end, so they are noted while they run.
pub async fn watch_sessions(redis: RedisSections, evidence: Arc<SharedEvidence>) {
    loop {
        if let Ok(sessions) = redis.sessions_seen().await {
            evidence.lock().sessions_at_origin.extend(sessions);
        }
        tokio::time::sleep(SESSIONS_EVERY).await;
    }
}

/// Notes for ever what the public schedule says of the present moment.
pub async fn watch_curve(public: PublicData, evidence: Arc<SharedEvidence>) {
    loop {
        let at = clock::now();
        if let Ok(schedule) = public.schedule().await {
            let served_micro = Curve::new(schedule).served_micro(at);
            evidence.lock().curve.push(CurvePoint { at, served_micro });
        }
        tokio::time::sleep(CURVE_EVERY).await;
    }
}
