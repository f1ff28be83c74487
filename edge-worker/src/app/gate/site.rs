//! In front of a site of somebody else's: every request that is not the waiting room's own goes to the site, through the
//! gates of the site's events. The first event whose rules mean a request guards it.
//!
//! A browser needs no script here: it is sent the waiting page, which refreshes itself, until its turn has come.

use http::{HeaderName, HeaderValue, Method, StatusCode, header};
use stanchion_shared::{
    admission::{self, ShopClaims},
    identity::EventId,
    policy::gate::{Asked, Guarded},
    standing::Snapshot,
    timestamp::UnixMillis,
    wire::QueueStatus,
};

use super::{passage, session, waiting};
use crate::{
    app::{
        answer::{Refusal, header_text},
        caller, cookie, join, known, pace, status,
        status::{TICKET_HEADER, Told},
        visitor,
    },
    platform::{HttpRequest, HttpResponse, Platform},
};

/// With these some frameworks read another path than the one that was judged.
const OF_ANOTHER_PATH: [HeaderName; 2] = [
    HeaderName::from_static("x-original-url"),
    HeaderName::from_static("x-rewrite-url"),
];

/// Headers of one connection (RFC 9110, section 7.6.1), and those that the next hop makes anew.
const OF_THE_CONNECTION: [HeaderName; 9] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::HOST,
    header::TE,
    header::TRAILER,
    header::TRANSFER_ENCODING,
    header::UPGRADE,
    HeaderName::from_static("keep-alive"),
    HeaderName::from_static("proxy-connection"),
];

/// Answers a request for the site.
pub(in crate::app) async fn answer<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let asked = Asked {
        path: request.uri().path(),
        header: &|name| request.headers().get(name).map(HeaderValue::as_bytes),
        address: platform.client_address(request),
    };
    for event in &platform.config().site_events {
        let Some(snapshot) = known::snapshot_if_any(platform, event).await? else {
            continue; // no queue has been opened for it yet
        };
        match snapshot.config.policy.gate.judge(&asked) {
            Guarded::No => {}
            Guarded::Passes => return pass(platform, request, None, Kept::ByNobody).await,
            Guarded::Refused if waiting::wants_page(request) => return Ok(waiting::closed(platform, &snapshot)),
            Guarded::Refused => return Err(session::closed()),
            Guarded::Yes => return guarded(platform, request, &snapshot).await,
        }
    }
    pass(platform, request, None, Kept::AsTheSiteSays).await
}

/// Who may keep what the site answers.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kept {
    AsTheSiteSays,
    /// What was shown behind the gate is not for who stands before it, whatever the site says of caches.
    ByNobody,
}

/// With a live session to the site; without one a step on the way to it.
async fn guarded<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    snapshot: &Snapshot,
) -> Result<HttpResponse, Refusal> {
    let event = &snapshot.event_id;
    match session::of(platform, request, Some(event)).await {
        Ok(session) => {
            let mut answered = pass(platform, request, Some(&session.token), Kept::ByNobody).await?;
            renew(platform, &mut answered, snapshot, &session.claims);
            return Ok(answered);
        }
        // Whoever has no session may have a place. What the store could not say ends it here, and what is forbidden.
        Err(refusal) if refusal.is_fault() || refusal.is_forbidden() => return Err(refusal),
        Err(_) => {}
    }
    let told = told(platform, request, event).await?;
    let mut answered = match &told {
        Some(told) if told.answer.shop_token.is_some() && waiting::wants_page(request) => reload(request)?,
        told => waiting::answer(platform, request, snapshot, told.as_ref().map(|told| &told.answer)),
    };
    match told {
        Some(told) => told.keep_in_cookies(platform, &mut answered),
        None => introduce(platform, request, &mut answered, snapshot),
    }
    Ok(answered)
}

/// Where the request's ticket stands; `None` without one, and with one that is worth nothing any more.
async fn told<P: Platform>(platform: &P, request: &HttpRequest, event: &EventId) -> Result<Option<Told>, Refusal> {
    let name = cookie::ticket_of(event);
    let Some(ticket) = header_text(request, TICKET_HEADER).or_else(|| cookie::find(request, &name)) else {
        return Ok(None);
    };
    match status::told(platform, request, ticket).await {
        Ok(told) if told.event == *event && told.answer.status != QueueStatus::Expired => Ok(Some(told)),
        Ok(_) => Ok(None),
        Err(refusal) if refusal.is_fault() || refusal.is_too_many() => Err(refusal),
        Err(_) => Ok(None),
    }
}

/// The session has begun: the browser asks for the same page again, with it.
fn reload(request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    // A path that begins with two slashes would be another site's address.
    see_other(&waiting::path_back(target).unwrap_or_else(|| "/".to_owned()))
}

fn see_other(target: &str) -> Result<HttpResponse, Refusal> {
    let location =
        HeaderValue::from_str(target).map_err(|_| Refusal::new(400, "malformed_uri", "The address cannot be read."))?;
    let mut response = HttpResponse::new(Vec::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(header::LOCATION, location);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(response)
}

/// A browser that nobody knows becomes a visitor, where the event has visitors.
fn introduce<P: Platform>(platform: &P, request: &HttpRequest, answered: &mut HttpResponse, snapshot: &Snapshot) {
    let anonymous = snapshot.config.policy.identity.anonymous;
    // A form of another site's page comes without cookies: it must not make a known browser somebody new.
    if anonymous
        && *request.method() == Method::GET
        && waiting::wants_page(request)
        && visitor::known(platform, request).is_none()
    {
        let (_, token) = visitor::new(platform);
        visitor::remember(platform, answered, &token);
    }
}

/// `POST /.stanchion/join`, the form of the waiting page: a join by a browser that runs no script.
pub(in crate::app) async fn join_by_form<P: Platform>(
    platform: &P,
    request: &HttpRequest,
) -> Result<HttpResponse, Refusal> {
    cookie::check_own_origin(request)?;
    let field = |name: &str| {
        waiting::form_field(request, name)
            .ok_or_else(|| Refusal::new(400, "malformed_form", "Use the form of the waiting page."))
    };
    let event = EventId::parse(&field("event_id")?).map_err(|_| Refusal::unknown_event())?;
    let back = waiting::path_back(&field("to")?)
        .ok_or_else(|| Refusal::new(400, "malformed_form", "The way back must be a path of this site."))?;
    let snapshot = known::snapshot(platform, &event).await?;
    let policy = &snapshot.config.policy;
    if !policy.identity.without_script {
        return Err(Refusal::new(
            403,
            "script_needed",
            "This queue needs a browser that runs scripts: it has to solve a small puzzle.",
        ));
    }
    let person = caller::required_person(platform, request, policy.identity).await?;
    let tag = caller::tag(platform, &event, &person).await?;
    pace::join(
        &event,
        tag,
        platform.client_address(request),
        policy.limits,
        platform.now(),
    )?;
    let joined = join::without_script(platform, &snapshot, tag).await?;
    let mut answered = see_other(&back)?;
    let name = cookie::ticket_of(&event);
    cookie::set(
        platform,
        &mut answered,
        &name,
        &joined.queue_token,
        cookie::TICKET_SECONDS,
    );
    Ok(answered)
}

/// Where sessions are renewed, one that is half over begins anew: same session, later end.
fn renew<P: Platform>(platform: &P, answered: &mut HttpResponse, snapshot: &Snapshot, session: &ShopClaims) {
    let (now, shopping_ms) = (platform.now(), snapshot.config.shopping_ms);
    let last = UnixMillis(session.iat * 1000)
        .plus(snapshot.config.longest_session_ms())
        .floor_seconds();
    let half = now.plus(shopping_ms / 2).floor_seconds();
    if !snapshot.config.policy.gate.renew_sessions || session.exp > half {
        return;
    }
    let renewed = ShopClaims {
        exp: now.plus(shopping_ms).floor_seconds().min(last).max(session.exp),
        ..session.clone()
    };
    let token = admission::sign(&platform.config().signing_keys, &renewed);
    let name = cookie::shop_token_of(&session.event);
    cookie::set(platform, answered, &name, &token, shopping_ms / 1000);
}

/// Passes a request on to the site: everything but what is of the connection, and our own cookies and headers.
async fn pass<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    shop_token: Option<&str>,
    kept: Kept,
) -> Result<HttpResponse, Refusal> {
    let mut passed = passage::at_origin(platform, request)?;
    let ours = |name: &HeaderName| {
        OF_ANOTHER_PATH.contains(name)
            || *name == header::COOKIE
            || [session::SHOP_TOKEN_HEADER, TICKET_HEADER].contains(&name.as_str())
            || *name == passage::CLIENT_ADDRESS
    };
    let travelling = request
        .headers()
        .iter()
        .filter(|(name, _)| !OF_THE_CONNECTION.contains(name) && !ours(name));
    for (name, value) in travelling {
        passed.headers_mut().append(name, value.clone());
    }
    if let Some(cookies) = cookie::foreign(request) {
        passed.headers_mut().insert(header::COOKIE, cookies);
    }
    if let Some(host) = request.headers().get(header::HOST) {
        passed.headers_mut().insert("x-forwarded-host", host.clone());
    }
    if let Some(token) = shop_token {
        passage::carry(&mut passed, token);
    }
    let mut answered = platform.fetch(passed).await?;
    for name in OF_THE_CONNECTION {
        answered.headers_mut().remove(name);
    }
    if kept == Kept::ByNobody {
        answered
            .headers_mut()
            .insert(header::CACHE_CONTROL, HeaderValue::from_static("private, no-store"));
    }
    Ok(answered)
}
