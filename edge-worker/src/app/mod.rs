//! What the edge answers. Knows no runtime: everything outside comes through
//! [`crate::platform::Platform`].
//!
//! # Layout
//! In the order in which a request walks:
//! - [`http`]: limits of a request, CORS, how requests are read and responses and refusals look.
//! - [`route`]: which method and path is which endpoint.
//! - [`shop_guard`]: which paths of Stanchion's shop reach the origin, and what a request needs for
//!   it.
//! - [`host_events`]: whether an event is of the site at the host of a request.
//! - [`endpoints`]: one file per endpoint. What endpoints share is in the rooms below.
//! - [`auth`]: who sends the request.
//! - [`rate_limit`]: how often one ticket, account or address may ask an instance.
//! - [`network_pace`]: how often one network may sign in, or ask for what no cache has.
//! - [`bots`]: captcha, score and reputation at a join.
//! - [`ticket`]: gives a queue ticket, resolves where it stands, begins the shopping session.
//! - [`gate`]: lets a request pass to the origin, or to a protected site.
//! - [`cache`]: what an instance remembers between requests.

mod auth;
mod bots;
mod cache;
mod endpoints;
mod gate;
mod host_events;
mod http;
mod network_pace;
mod rate_limit;
mod route;
mod shop_guard;
mod ticket;

pub use self::{http::refusal::Refusal, route::JOIN_PATH};

use self::{
    endpoints::{
        assets, browse, challenge, control, draws, health, join, join_form, jwks, leave, leave_form, left_page, origin,
        pages, queue, schedule, settings, status,
    },
    gate::{asker::Asker, protected_site, waiting_page},
    http::{cors, host, limits, methods},
    route::Endpoint,
    shop_guard::OriginAccess,
};
use crate::{
    config::Behind,
    platform::{HttpRequest, HttpResponse, Platform, SiteAnswer},
};
use std::pin::pin;

use ::http::{HeaderValue, Method};
use futures_util::future::{Either, select};
use stanchion_shared::timestamp::UnixMillis;

/// What a request is answered with.
#[derive(Debug)]
pub enum Answer<B> {
    /// An answer of the edge's own, whole.
    Own(HttpResponse),
    /// A protected site's answer, whose body the runtime streams to the client.
    Site(SiteAnswer<B>),
}

/// Answers one request. Never fails: what goes wrong becomes a refusal with a status, a word and a
/// sentence.
///
/// The host of a request says what is behind the edge for it, and nothing else can be reached by it.
///
/// The head of a request decides what happens to its body. A body for one of the edge's own
/// addresses is read whole, up to a limit. A body for a protected site passes with the request or is
/// not read at all.
pub async fn handle<P: Platform>(platform: &P, request: ::http::Request<P::RequestBody>) -> Answer<P::SiteBody> {
    let (head, body) = request.into_parts();
    let mut request = HttpRequest::from_parts(head, Vec::new());
    let host = host::of(platform, &request);
    let behind = platform.config().sites.at(host.as_ref());
    if route::own_path(behind, request.uri().path()).is_some() {
        return Answer::Own(match read_body(platform, request.method(), body).await {
            Ok(body) => {
                *request.body_mut() = body;
                answer_own(platform, behind, &request).await
            }
            Err(refusal) => refusal.into_response(),
        });
    }
    let answered = match behind {
        Behind::Site(site) => protected_site::answer(platform, site, host.as_ref(), &request, body).await,
        Behind::Shop | Behind::Nothing => Err(Refusal::unknown_host()),
    };
    match answered {
        Ok(answer) => answer,
        Err(refusal) => Answer::Own(refused(platform, behind, &request, None, refusal).await),
    }
}

/// Reads the body of a request for one of the edge's own addresses, which is small.
///
/// # Errors
/// 413 `body_too_large`; 400 `body_broken`; 408 `body_too_slow`.
async fn read_body<P: Platform>(platform: &P, method: &Method, body: P::RequestBody) -> Result<Vec<u8>, Refusal> {
    let reading = platform.read_body(body, limits::MAX_BODY_BYTES);
    // Most requests have no body, and need no timer.
    if [Method::GET, Method::HEAD].contains(method) {
        return Ok(reading.await?);
    }
    match select(pin!(reading), pin!(platform.sleep(limits::BODY_TIME_LIMIT))).await {
        Either::Left((read, _)) => Ok(read?),
        Either::Right(_) => Err(Refusal::body_too_slow()),
    }
}

/// Answers a request for one of the edge's own addresses.
async fn answer_own<P: Platform>(platform: &P, behind: Behind<'_>, request: &HttpRequest) -> HttpResponse {
    let path = request.uri().path();
    let path = route::own_path(behind, path).unwrap_or(path);
    let options =
        cors::preflight(request, path, route::methods).or_else(|| methods::options(request, &route::methods(path)));
    let mut response = match options {
        Some(allowed) => allowed,
        None => match respond(platform, behind, request, path).await {
            Ok(response) => response,
            Err(refusal) => refused(platform, behind, request, Some(path), refusal).await,
        },
    };
    cors::allow(request, path, &mut response);
    response
        .headers_mut()
        .insert(::http::header::DATE, date(platform.now()));
    response
}

/// RFC 9110, section 6.6.1. Not every runtime sends it, and pages learn the edge's time from it.
fn date(now: UnixMillis) -> HeaderValue {
    HeaderValue::try_from(now.http_date()).expect("it is ASCII")
}

/// A refusal in the form that helps its reader: a person in front of a protected site sees a page,
/// and everybody else gets JSON.
async fn refused<P: Platform>(
    platform: &P,
    behind: Behind<'_>,
    request: &HttpRequest,
    own_path: Option<&str>,
    refusal: Refusal,
) -> HttpResponse {
    if route::is_for_people(behind, own_path) && Asker::of(request) == Asker::Person {
        waiting_page::refused(platform, request, refusal).await
    } else {
        refusal.into_response()
    }
}

async fn respond<P: Platform>(
    platform: &P,
    behind: Behind<'_>,
    request: &HttpRequest,
    path: &str,
) -> Result<HttpResponse, Refusal> {
    limits::check_uri(request)?;
    limits::check_headers(request.headers())?;
    let endpoint = route::find(behind, request.method(), path)?;
    host_events::check(platform, behind, request, &endpoint)?;
    match endpoint {
        Endpoint::Challenge => challenge::get(platform, request).await,
        Endpoint::Join => join::post(platform, request).await,
        Endpoint::Status => status::get(platform, request).await,
        Endpoint::Leave => leave::post(platform, request).await,
        Endpoint::Queue(event) => queue::get(platform, &event).await,
        Endpoint::Schedule(event, chunk) => schedule::get(platform, &event, chunk).await,
        Endpoint::Draws(event) => draws::list(platform, request, &event).await,
        Endpoint::DrawRecord(event, draw) => draws::record(platform, &event, draw).await,
        Endpoint::ShardLog(event, draw, shard) => draws::shard_log(platform, &event, draw, shard).await,
        Endpoint::Jwks => Ok(jwks::get(platform)),
        Endpoint::Health => Ok(health::get()),
        Endpoint::ControlEvents => settings::list(platform, request).await,
        Endpoint::ControlSettings(event) => settings::of_event(platform, request, &event).await,
        Endpoint::ControlEvent(event) => control::put_event(platform, request, &event).await,
        Endpoint::ControlRelease(event) => control::put_release(platform, request, &event).await,
        Endpoint::ControlStats(event) => control::stats(platform, request, &event).await,
        Endpoint::Page(page) => pages::get(platform, request, page).await,
        Endpoint::Asset(name) => assets::get(platform, request, &name).await,
        Endpoint::JoinForm => join_form::post(platform, request).await,
        Endpoint::LeaveForm => leave_form::post(platform, request).await,
        Endpoint::LeftPage => left_page::get(platform, request).await,
        Endpoint::Origin(OriginAccess::Browse(browse)) => browse::get(platform, request, browse).await,
        Endpoint::Origin(OriginAccess::SignIn) => origin::sign_in(platform, request).await,
        Endpoint::Origin(OriginAccess::Account) => origin::of_account(platform, request).await,
        Endpoint::Origin(OriginAccess::Fan) => origin::of_fan(platform, request).await,
        Endpoint::Origin(OriginAccess::SignedAddress) => origin::signed_address(platform, request).await,
        Endpoint::Origin(OriginAccess::Guarded { event }) => origin::guarded(platform, request, event.as_ref()).await,
    }
}
