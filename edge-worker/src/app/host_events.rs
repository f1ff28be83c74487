//! Whether the event that a request for one of the edge's own addresses is about is of the site at
//! its host. What is at one host says nothing of the events of another, and gives no places in them.

use serde_json::Value;
use stanchion_shared::ids::EventId;

use super::{
    http::{
        cookie::{self, Cookie},
        form,
        headers::{TICKET_HEADER, header_text},
        json,
        refusal::Refusal,
    },
    route::Endpoint,
    ticket::poll,
};
use crate::{
    config::Behind,
    platform::{HttpRequest, Platform},
};

/// Checks that the event that a request names, if it names one, is of the site at its host.
///
/// # Errors
/// 404 `event_unknown`.
pub(super) fn check<P: Platform>(
    platform: &P,
    behind: Behind<'_>,
    request: &HttpRequest,
    endpoint: &Endpoint,
) -> Result<(), Refusal> {
    let sites = &platform.config().sites;
    match named(platform, request, endpoint) {
        Some(event) if !sites.is_event_at(behind, &event) => Err(Refusal::unknown_event()),
        _ => Ok(()),
    }
}

/// The event that a request is about, as its endpoint reads it. An endpoint refuses by itself what
/// cannot be read, and one that is about no event, or is an operator's, names none.
fn named<P: Platform>(platform: &P, request: &HttpRequest, endpoint: &Endpoint) -> Option<EventId> {
    match endpoint {
        Endpoint::Queue(event)
        | Endpoint::Schedule(event, _)
        | Endpoint::Draws(event)
        | Endpoint::DrawRecord(event, _)
        | Endpoint::ShardLog(event, ..) => Some(event.clone()),
        Endpoint::Challenge => EventId::parse(form::query(request, "event_id")?).ok(),
        Endpoint::LeftPage => {
            let event = form::query(request, "event_id").and_then(form::decode)?;
            EventId::parse(&event).ok()
        }
        Endpoint::JoinForm | Endpoint::LeaveForm => EventId::parse(&form::form_field(request, "event_id")?).ok(),
        Endpoint::Join => EventId::parse(&in_body(request, "event_id")?).ok(),
        Endpoint::Leave => of_ticket(platform, &in_body(request, "queue_token")?),
        Endpoint::Status => {
            let given = header_text(request, TICKET_HEADER).or_else(|| form::query(request, "token"));
            let ticket = given.or_else(|| {
                let event = EventId::parse(form::query(request, "event_id")?).ok()?;
                cookie::find(platform, request, Cookie::Ticket(&event))
            });
            of_ticket(platform, ticket?)
        }
        Endpoint::Jwks
        | Endpoint::Health
        | Endpoint::ControlEvent(_)
        | Endpoint::ControlSettings(_)
        | Endpoint::ControlEvents
        | Endpoint::ControlRelease(_)
        | Endpoint::ControlStats(_)
        | Endpoint::Page(_)
        | Endpoint::Asset(_)
        | Endpoint::Origin(_) => None,
    }
}

/// The text that a body in JSON has under this name, whatever else is in it.
fn in_body(request: &HttpRequest, name: &str) -> Option<String> {
    let body: Value = serde_json::from_slice(json::text(request)).ok()?;
    Some(body.get(name)?.as_str()?.to_owned())
}

fn of_ticket<P: Platform>(platform: &P, ticket: &str) -> Option<EventId> {
    poll::read(platform, ticket).ok().map(|ticket| ticket.event_id)
}
