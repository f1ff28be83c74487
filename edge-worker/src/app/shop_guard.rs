//! The shop's own guard: which paths of Stanchion's shop reach its origin, and what a request needs
//! to get there. The paths that sell need a shop token. A path that is not here does not reach the
//! origin, above all its admin API.

use stanchion_shared::ids::EventId;

use super::http::refusal::Refusal;

/// What a request needs to reach the origin.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum OriginAccess {
    /// Nothing: everybody gets the same answer, from the edge's cache.
    Browse(BrowsePath),
    /// Nothing but a pace: who signs in or up has no account token yet.
    SignIn,
    /// An account token. The origin answers with what belongs to the account.
    Account,
    /// An account token. The answer says what an account is among the verified fans of an event,
    /// and holds for some seconds.
    Fan,
    /// An account token, or the signature in the address, which the origin checks.
    SignedAddress,
    /// A shop token, of this event where the path names one. Elsewhere the origin compares the
    /// token with the body.
    Guarded { event: Option<EventId> },
}

/// The paths at which fans browse the catalogue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BrowsePath {
    /// The search for events.
    Search,
    /// One event.
    Event,
}

/// What a request for `/api/v1/` and these segments needs to reach the origin; `None` if it does
/// not reach it.
///
/// # Errors
/// 404 `event_unknown`: no event can have this id.
pub(super) fn needed(method: &str, segments: &[&str]) -> Option<Result<OriginAccess, Refusal>> {
    let of_event = |id: &str, access: fn(EventId) -> OriginAccess| {
        let event = EventId::parse(id).map_err(|_| Refusal::unknown_event());
        Some(event.map(access))
    };
    let access = match (method, segments) {
        ("POST", ["accounts" | "sessions"]) => OriginAccess::SignIn,
        ("GET", ["orders"]) => OriginAccess::Account,
        ("GET", ["orders", id]) if is_identifier(id) => OriginAccess::Account,
        ("GET", ["tickets", id, "qr.svg"]) if is_identifier(id) => OriginAccess::SignedAddress,

        ("GET", ["events"]) => OriginAccess::Browse(BrowsePath::Search),
        ("GET", ["events", id]) => return of_event(id, |_| OriginAccess::Browse(BrowsePath::Event)),
        ("GET", ["events", id, "pass"]) | ("GET" | "POST", ["events", id, "registration"]) => {
            return of_event(id, |_| OriginAccess::Fan);
        }

        ("GET", ["events", id, "seats"]) => return of_event(id, |id| OriginAccess::Guarded { event: Some(id) }),
        ("GET" | "DELETE", ["cart"]) | ("POST" | "DELETE", ["cart", "seats"]) | ("POST", ["checkout"]) => {
            OriginAccess::Guarded { event: None }
        }
        _ => return None,
    };
    Some(Ok(access))
}

/// Whether a path segment is an identifier of the origin's. The origin might read anything else
/// differently than the edge.
fn is_identifier(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}
