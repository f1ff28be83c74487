//! `GET /api/v1/control/events` and `…/events/{id}`: which events there are, and their settings as
//! they hold. Both are signed, as all of the control API, and none of what they show is secret.

use std::time::Duration;

use http::StatusCode;
use stanchion_shared::{
    ids::EventId,
    wire::{EventsAnswer, ListedEvent, PutEvent, SettingsAnswer},
};

use crate::{
    app::{
        auth::control_signature,
        cache::event_cache,
        http::{form::query, refusal::Refusal, response::json},
    },
    platform::{EVENTS_PER_READ, HttpRequest, HttpResponse, MOST_EVENTS, Platform, QueueStore, SNAPSHOT_AGE_MS},
};

/// The last page that a list of events can have.
const LAST_EVENTS_PAGE: u32 = MOST_EVENTS / EVENTS_PER_READ as u32;

/// An event's settings, as the last put left them.
///
/// # Errors
/// 401: the request is not signed. 404 `event_unknown`. 503: the event cannot be read.
pub(crate) async fn of_event<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    event: &EventId,
) -> Result<HttpResponse, Refusal> {
    control_signature::check(platform, request)?;
    // A snapshot may be that old when it is handed out, and whoever has just put the settings reads
    // what they put.
    platform.sleep(Duration::from_millis(SNAPSHOT_AGE_MS)).await;
    let known = event_cache::known_since(platform, event, platform.now()).await?;
    let settings = SettingsAnswer(PutEvent {
        version: known.version,
        settings: known.settings.clone(),
    });
    Ok(json(StatusCode::OK, &settings))
}

/// A page of the events that were ever put, in the order of their first puts.
///
/// # Errors
/// 401: the request is not signed. 422 `invalid_field`. 503: the directory cannot be read.
pub(crate) async fn list<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    control_signature::check(platform, request)?;
    let page = query(request, "page").map_or(Ok(0), page_number)?;
    let position = page * EVENTS_PER_READ as u32;
    let events = platform.store().events(position).await?;
    let next_page = (events.len() == EVENTS_PER_READ).then_some(page + 1);
    let listed = |event: EventId| ListedEvent {
        site: platform.config().sites.of_event(&event).map(|site| site.name.clone()),
        event_id: event,
    };
    let answer = EventsAnswer {
        page,
        events: events.into_iter().map(listed).collect(),
        next_page,
    };
    Ok(json(StatusCode::OK, &answer))
}

fn page_number(text: &str) -> Result<u32, Refusal> {
    let page: Option<u32> = text.parse().ok();
    page.filter(|&page| page <= LAST_EVENTS_PAGE).ok_or_else(|| {
        let message = format!("page must be 0 to {LAST_EVENTS_PAGE}.");
        Refusal::new(422, "invalid_field", message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_a_number_that_a_directory_can_reach() {
        assert_eq!(
            u64::from(LAST_EVENTS_PAGE) * EVENTS_PER_READ as u64,
            u64::from(MOST_EVENTS)
        );
        assert_eq!(page_number("0").ok(), Some(0));
        assert_eq!(page_number(&LAST_EVENTS_PAGE.to_string()).ok(), Some(LAST_EVENTS_PAGE));
        for text in ["", "-1", "x", &(LAST_EVENTS_PAGE + 1).to_string(), "4294967296"] {
            assert!(page_number(text).is_err(), "{text}");
        }
    }
}
