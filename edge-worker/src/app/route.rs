//! The map of the edge: which method and path is which endpoint. A path that is neither here nor in
//! [`shop_guard`] is answered with 404, above all the origin's admin API.

use http::{Method, header};
use stanchion_shared::ids::{Draw, EventId, Shard};

use super::{
    http::refusal::Refusal,
    shop_guard::{self, OriginAccess},
};
use crate::config::Behind;

/// Where joins are sent. For this path alone a runtime looks up more about the client.
pub const JOIN_PATH: &str = "/api/v1/queue/join";

/// Everything that the edge serves.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Endpoint {
    Challenge,
    Join,
    Status,
    Leave,
    Queue(EventId),
    /// A chunk of the schedule, or the last one.
    Schedule(EventId, Option<u32>),
    /// The list of draws.
    Draws(EventId),
    DrawRecord(EventId, Draw),
    ShardLog(EventId, Draw, Shard),
    Jwks,
    Health,
    /// A put of an event's settings.
    ControlEvent(EventId),
    /// The settings of an event, read back.
    ControlSettings(EventId),
    /// The list of events.
    ControlEvents,
    ControlRelease(EventId),
    ControlStats(EventId),
    Page(Page),
    Asset(String),
    /// A request that the origin answers.
    Origin(OriginAccess),
    /// The form of the waiting page in front of a protected site by which a browser joins.
    JoinForm,
    /// The form of the waiting page by which a browser leaves.
    LeaveForm,
    /// The page of a person who has left.
    LeftPage,
}

/// The pages that fans see.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Page {
    /// The list of events.
    Events,
    /// One event: its queue and its shop.
    Event,
    /// A fan checks their place.
    Check,
    /// How the draw works, for everybody.
    Draw,
    /// How the draw works to the byte, for experts.
    DrawBytes,
}

type RouteResult = Result<Endpoint, Refusal>;

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

/// Where Stanchion's own shop is not, all that the edge serves itself lies below this path.
const OWN_PREFIX: &str = "/.stanchion";

/// The forms and pages of a person who waits in front of a protected site, below [`OWN_PREFIX`].
const JOIN_FORM: &str = "/join";
const LEAVE_FORM: &str = "/leave";
const LEFT_PAGE: &str = "/left";

/// The page of a person who has left, as a browser asks for it.
pub(crate) fn left_page() -> String {
    format!("{OWN_PREFIX}{LEFT_PAGE}")
}

/// Whether a person looks at what this request is answered: a page of a protected site, or one that
/// belongs to its waiting page.
pub(crate) fn is_for_people(behind: Behind<'_>, own_path: Option<&str>) -> bool {
    behind != Behind::Shop && own_path.is_none_or(|path| [JOIN_FORM, LEAVE_FORM, LEFT_PAGE].contains(&path))
}

/// The path as it is in the map; `None` if it is no address of the edge's own.
pub(crate) fn own_path<'a>(behind: Behind<'_>, path: &'a str) -> Option<&'a str> {
    if behind == Behind::Shop {
        return Some(path);
    }
    path.strip_prefix(OWN_PREFIX).filter(|own| own.starts_with('/'))
}

/// Finds the endpoint of a request. `path` is what [`own_path`] said of its path.
///
/// # Errors
/// 404 `not_found`, 404 `event_unknown`, 405 `method_not_allowed`, 421 `host_unknown`.
pub(crate) fn find(behind: Behind<'_>, method: &Method, path: &str) -> RouteResult {
    match behind {
        Behind::Shop => find_own(method, path),
        Behind::Site(_) => find_beside_site(method, path),
        Behind::Nothing => find_at_any_host(method, path),
    }
}

/// Finds the endpoint at a host that no site names. What an operator needs is there, by whatever
/// name or address they reach the edge; nothing of it belongs to a site. The files of pages are there
/// for the page that says that there is nothing.
fn find_at_any_host(method: &Method, path: &str) -> RouteResult {
    match find_own(method, path) {
        Ok(
            endpoint @ (Endpoint::Health
            | Endpoint::Jwks
            | Endpoint::Asset(_)
            | Endpoint::ControlEvents
            | Endpoint::ControlSettings(_)
            | Endpoint::ControlEvent(_)
            | Endpoint::ControlRelease(_)
            | Endpoint::ControlStats(_)),
        ) => Ok(endpoint),
        _ => Err(Refusal::unknown_host()),
    }
}

/// Finds the endpoint in front of a protected site.
fn find_beside_site(method: &Method, path: &str) -> RouteResult {
    match (method.as_str(), path) {
        ("POST", JOIN_FORM) => return Ok(Endpoint::JoinForm),
        ("POST", LEAVE_FORM) => return Ok(Endpoint::LeaveForm),
        ("GET" | "HEAD", LEFT_PAGE) => return Ok(Endpoint::LeftPage),
        _ => {}
    }
    match find_own(method, path)? {
        // The pages sell the seats of Stanchion's own origin. A protected site has pages of its
        // own.
        Endpoint::Origin(_) | Endpoint::Page(_) => Err(Refusal::not_found()),
        endpoint => Ok(endpoint),
    }
}

/// Finds the endpoint in front of Stanchion's own origin.
fn find_own(method: &Method, path: &str) -> RouteResult {
    if let Some(found) = METHODS
        .contains(method)
        .then(|| lookup(method, &segments(path)))
        .flatten()
    {
        return found;
    }
    let allowed = methods(path);
    if allowed.is_empty() {
        return Err(Refusal::not_found());
    }
    let message = format!("This address takes {}.", allowed.join(", "));
    Err(Refusal::new(405, "method_not_allowed", message).with(header::ALLOW, allowed.join(", ")))
}

/// Methods that paths take, besides `OPTIONS`. A path that takes `GET` takes `HEAD` (RFC 9110,
/// section 9.1).
const METHODS: [Method; 5] = [Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::DELETE];

fn segments(path: &str) -> Vec<&str> {
    path.strip_prefix('/').unwrap_or(path).split('/').collect()
}

/// The methods that a path takes; none if the path is not in the map.
pub(crate) fn methods(path: &str) -> Vec<String> {
    let taken = |method: &&Method| lookup(method, &segments(path)).is_some();
    METHODS.iter().filter(taken).map(Method::to_string).collect()
}

fn lookup(method: &Method, segments: &[&str]) -> Option<RouteResult> {
    // A request with HEAD is answered as one with GET, without the content.
    let method = if *method == Method::HEAD { &Method::GET } else { method };
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

fn api(method: &str, segments: &[&str]) -> Option<RouteResult> {
    match (method, segments) {
        ("GET", ["queue", "challenge"]) => Some(Ok(Endpoint::Challenge)),
        ("POST", ["queue", "join"]) => Some(Ok(Endpoint::Join)),
        ("GET", ["queue", "status"]) => Some(Ok(Endpoint::Status)),
        ("POST", ["queue", "leave"]) => Some(Ok(Endpoint::Leave)),

        ("GET", ["events", id, "queue"]) => Some(event(id).map(Endpoint::Queue)),
        ("GET", ["events", id, "schedule"]) => Some(event(id).map(|id| Endpoint::Schedule(id, None))),
        ("GET", ["events", id, "schedule", chunk]) => Some(schedule_chunk(id, chunk)),
        ("GET", ["events", id, "draws"]) => Some(event(id).map(Endpoint::Draws)),
        ("GET", ["events", id, "draws", draw]) => Some(draw_record(id, draw)),
        ("GET", ["events", id, "draws", draw, "shards", shard]) => Some(shard_log(id, draw, shard)),

        ("GET", ["control", "events"]) => Some(Ok(Endpoint::ControlEvents)),
        ("GET", ["control", "events", id]) => Some(event(id).map(Endpoint::ControlSettings)),
        ("PUT", ["control", "events", id]) => Some(event(id).map(Endpoint::ControlEvent)),
        ("PUT", ["control", "events", id, "release"]) => Some(event(id).map(Endpoint::ControlRelease)),
        ("GET", ["control", "events", id, "stats"]) => Some(event(id).map(Endpoint::ControlStats)),
        // What is not the edge's own is the shop's.
        _ => shop_guard::needed(method, segments).map(|needed| needed.map(Endpoint::Origin)),
    }
}

fn schedule_chunk(id: &str, chunk: &str) -> RouteResult {
    Ok(Endpoint::Schedule(event(id)?, Some(number(chunk, "The chunk")?)))
}

fn draw_record(id: &str, draw: &str) -> RouteResult {
    Ok(Endpoint::DrawRecord(event(id)?, Draw(number(draw, "The draw")?)))
}

fn shard_log(id: &str, draw: &str, shard: &str) -> RouteResult {
    Ok(Endpoint::ShardLog(
        event(id)?,
        Draw(number(draw, "The draw")?),
        Shard(number(shard, "The shard")?),
    ))
}

#[cfg(test)]
mod tests;
