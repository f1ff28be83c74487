//! The events that guard a site of somebody else's.

use stanchion_shared::identity::EventId;

pub(super) const SITE_EVENTS: &str = "STANCHION_SITE_EVENTS";
/// Most events in front of one site.
pub const MAX_SITE_EVENTS: usize = 16;

/// Ids with commas between.
pub(super) fn events(text: &str) -> Result<Vec<EventId>, String> {
    let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
    let events: Vec<EventId> = ids
        .map(|id| EventId::parse(id).map_err(|error| format!("'{id}': {error}")))
        .collect::<Result<_, _>>()?;
    if events.len() > MAX_SITE_EVENTS {
        return Err(format!("it may name {MAX_SITE_EVENTS} events"));
    }
    Ok(events)
}
