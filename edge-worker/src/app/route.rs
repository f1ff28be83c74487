//! The map of the edge: which method and path is which endpoint. What is not here is 404, the origin's admin API above all.

use http::{Method, header};
use stanchion_shared::identity::{Draw, EventId, Shard};

use super::{answer::Refusal, browse::Browsed};
use crate::platform::Platform;

/// Everything the edge answers.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Endpoint {
    Status,
    Challenge,
    Join,
    Leave,
    Queue(EventId),
    Schedule(EventId),
    Record(EventId, Draw),
    ShardLog(EventId, Draw, Shard),
    Jwks,
    Health,
    ControlEvent(EventId),
    ControlRelease(EventId),
    ControlStats(EventId),
    Page(Page),
    Asset(String),
    Origin(Passage),
    /// A request for a site of somebody else's.
    Site,
    /// The form of the waiting page in front of such a site.
    JoinByForm,
}

/// The pages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    Events,
    Event,
    /// Check my place.
    Check,
    /// How the draw works, for people.
    Draw,
    /// For experts.
    DrawBytes,
}

/// How a request gets to the origin.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Passage {
    /// The same answer for everybody.
    Browse(Browsed),
    /// Without a shop token.
    Open,
    /// With a shop token; of this event where the path names one (elsewhere the origin compares it with the body).
    Gated { event: Option<EventId> },
}

type Found = Result<Endpoint, Refusal>;

fn event(text: &str) -> Result<EventId, Refusal> {
    EventId::parse(text).map_err(|_| Refusal::unknown_event())
}

fn number<T: std::str::FromStr>(text: &str, what: &str) -> Result<T, Refusal> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let refusal = || Refusal::new(404, "not_found", format!("{what} is not a number that exists."));
    if digits {
        text.parse().map_err(|_| refusal())
    } else {
        Err(refusal())
    }
}

/// An identifier of the origin's in a path; anything else could be read differently there than here.
fn is_identifier(text: &str) -> bool {
    (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// Below this lies what is ours in front of a site of somebody else's.
const OWN_PREFIX: &str = "/.stanchion";

/// The path as it is in the map; `None` for a path of a site of somebody else's.
pub(super) fn own_path<'a, P: Platform>(platform: &P, path: &'a str) -> Option<&'a str> {
    if platform.config().site_events.is_empty() {
        return Some(path);
    }
    path.strip_prefix(OWN_PREFIX).filter(|own| own.starts_with('/'))
}

/// Finds the endpoint of a request.
pub(super) fn find_for<P: Platform>(platform: &P, method: &Method, path: &str) -> Found {
    match own_path(platform, path) {
        None => Ok(Endpoint::Site),
        Some(own) if platform.config().site_events.is_empty() => find(method, own),
        Some(own) => find_beside_site(method, own),
    }
}

/// As [`find`], in front of a site of somebody else's.
fn find_beside_site(method: &Method, own: &str) -> Found {
    if own == "/join" && method == Method::POST {
        return Ok(Endpoint::JoinByForm);
    }
    match find(method, own)? {
        // The pages sell our origin's seats; a site has pages of its own.
        Endpoint::Origin(_) | Endpoint::Page(_) => {
            Err(Refusal::new(404, "not_found", "There is nothing at this address."))
        }
        endpoint => Ok(endpoint),
    }
}

/// Finds the endpoint, or says 404 or 405.
fn find(method: &Method, path: &str) -> Found {
    if let Some(found) = METHODS
        .contains(method)
        .then(|| lookup(method, &segments(path)))
        .flatten()
    {
        return found;
    }
    let allowed = methods(path);
    if allowed.is_empty() {
        return Err(Refusal::new(404, "not_found", "There is nothing at this address."));
    }
    let message = format!("This address takes {}.", allowed.join(", "));
    Err(Refusal::new(405, "method_not_allowed", message).with(header::ALLOW, allowed.join(", ")))
}

const METHODS: [Method; 4] = [Method::GET, Method::POST, Method::PUT, Method::DELETE];

fn segments(path: &str) -> Vec<&str> {
    path.strip_prefix('/').unwrap_or(path).split('/').collect()
}

/// The methods that a path takes; none if there is nothing at it.
pub(super) fn methods(path: &str) -> Vec<String> {
    let taken = |method: &&Method| lookup(method, &segments(path)).is_some();
    METHODS.iter().filter(taken).map(Method::to_string).collect()
}

fn lookup(method: &Method, segments: &[&str]) -> Option<Found> {
    match segments {
        ["api", "v1", rest @ ..] => api(method.as_str(), rest),
        _ if *method != Method::GET => None,
        [""] => Some(Ok(Endpoint::Page(Page::Events))),
        ["e", id] => Some(event(id).map(|_| Endpoint::Page(Page::Event))),
        ["check"] => Some(Ok(Endpoint::Page(Page::Check))),
        ["draw"] => Some(Ok(Endpoint::Page(Page::Draw))),
        ["draw", "bytes"] => Some(Ok(Endpoint::Page(Page::DrawBytes))),
        ["assets", name] => Some(Ok(Endpoint::Asset((*name).to_owned()))),
        ["healthz"] => Some(Ok(Endpoint::Health)),
        [".well-known", "jwks.json"] => Some(Ok(Endpoint::Jwks)),
        _ => None,
    }
}

fn api(method: &str, segments: &[&str]) -> Option<Found> {
    let open = || Some(Ok(Endpoint::Origin(Passage::Open)));
    let gated = || Some(Ok(Endpoint::Origin(Passage::Gated { event: None })));
    match (method, segments) {
        ("GET", ["queue", "challenge"]) => Some(Ok(Endpoint::Challenge)),
        ("POST", ["queue", "join"]) => Some(Ok(Endpoint::Join)),
        ("GET", ["queue", "status"]) => Some(Ok(Endpoint::Status)),
        ("POST", ["queue", "leave"]) => Some(Ok(Endpoint::Leave)),

        ("GET", ["events", id, "queue"]) => Some(event(id).map(Endpoint::Queue)),
        ("GET", ["events", id, "schedule"]) => Some(event(id).map(Endpoint::Schedule)),
        ("GET", ["events", id, "draws", draw]) => Some(record(id, draw)),
        ("GET", ["events", id, "draws", draw, "shards", shard]) => Some(shard_log(id, draw, shard)),

        ("PUT", ["control", "events", id]) => Some(event(id).map(Endpoint::ControlEvent)),
        ("PUT", ["control", "events", id, "release"]) => Some(event(id).map(Endpoint::ControlRelease)),
        ("GET", ["control", "events", id, "stats"]) => Some(event(id).map(Endpoint::ControlStats)),

        ("POST", ["accounts" | "sessions"]) | ("GET", ["orders"]) => open(),
        ("GET", ["events"]) => Some(Ok(Endpoint::Origin(Passage::Browse(Browsed::Search)))),
        ("GET", ["events", id]) => Some(event(id).map(|_| Endpoint::Origin(Passage::Browse(Browsed::Event)))),
        ("GET", ["events", id, "pass"]) | ("GET" | "POST", ["events", id, "registration"]) => {
            Some(event(id).map(|_| Endpoint::Origin(Passage::Open)))
        }
        ("GET", ["orders", id] | ["tickets", id, "qr.svg"]) if is_identifier(id) => open(),

        ("GET", ["events", id, "seats"]) => {
            Some(event(id).map(|id| Endpoint::Origin(Passage::Gated { event: Some(id) })))
        }
        ("GET" | "DELETE", ["cart"]) | ("POST" | "DELETE", ["cart", "seats"]) | ("POST", ["checkout"]) => gated(),
        _ => None,
    }
}

fn record(id: &str, draw: &str) -> Found {
    Ok(Endpoint::Record(event(id)?, Draw(number(draw, "The draw")?)))
}

fn shard_log(id: &str, draw: &str, shard: &str) -> Found {
    Ok(Endpoint::ShardLog(
        event(id)?,
        Draw(number(draw, "The draw")?),
        Shard(number(shard, "The shard")?),
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status_of(method: Method, path: &str) -> u16 {
        match find(&method, path) {
            Ok(_) => 200,
            Err(refusal) => refusal.into_response().status().as_u16(),
        }
    }

    #[test]
    fn what_sells_is_gated_and_the_admin_api_is_not_there() {
        let gated = [
            (Method::GET, "/api/v1/cart"),
            (Method::DELETE, "/api/v1/cart"),
            (Method::POST, "/api/v1/cart/seats"),
            (Method::DELETE, "/api/v1/cart/seats"),
            (Method::POST, "/api/v1/checkout"),
        ];
        for (method, path) in gated {
            assert_eq!(
                find(&method, path).unwrap(),
                Endpoint::Origin(Passage::Gated { event: None }),
                "{path}"
            );
        }
        let seats = find(&Method::GET, "/api/v1/events/arena/seats").unwrap();
        let arena = EventId::parse("arena").unwrap();
        assert_eq!(seats, Endpoint::Origin(Passage::Gated { event: Some(arena) }));
        for path in [
            "/api/v1/admin/events",
            "/api/v1/admin/audit",
            "/api/v1/carts",
            "/api/v1/cart/",
            "//api/v1/cart",
        ] {
            assert_eq!(status_of(Method::GET, path), 404, "{path}");
        }
    }

    #[test]
    fn verified_fans_register_and_get_their_pass_without_a_shop_token() {
        for (method, path) in [
            (Method::GET, "/api/v1/events/arena/registration"),
            (Method::POST, "/api/v1/events/arena/registration"),
            (Method::GET, "/api/v1/events/arena/pass"),
        ] {
            let found = find(&method, path).unwrap();
            assert_eq!(found, Endpoint::Origin(Passage::Open), "{path}");
        }
        assert_eq!(status_of(Method::POST, "/api/v1/events/arena/pass"), 405);
        assert_eq!(status_of(Method::GET, "/api/v1/admin/events/arena/fans"), 404);
    }

    #[test]
    fn another_spelling_of_a_path_is_another_path() {
        for path in [
            "/api/v1/events/arena/%73eats",
            "/api/v1/events/../cart",
            "/api/v1/events/arena%2fseats",
            "/api/v1/orders/../cart",
            "/api/v1/orders/%2e%2e",
            "/api/v1/events/arena/seats/",
            "/API/v1/cart",
        ] {
            assert_eq!(status_of(Method::GET, path), 404, "{path}");
        }
    }

    #[test]
    fn a_wrong_method_is_named_as_such() {
        assert_eq!(status_of(Method::GET, "/api/v1/queue/join"), 405);
        assert_eq!(status_of(Method::PATCH, "/api/v1/cart"), 405);
        assert_eq!(status_of(Method::POST, "/"), 405);
    }

    #[test]
    fn numbers_in_paths_are_plain_numbers() {
        assert_eq!(status_of(Method::GET, "/api/v1/events/a/draws/4294967295"), 200);
        for draw in ["4294967296", "-1", "+1", "x", ""] {
            assert_eq!(
                status_of(Method::GET, &format!("/api/v1/events/a/draws/{draw}")),
                404,
                "{draw}"
            );
        }
    }
}
