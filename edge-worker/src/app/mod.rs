//! What the edge answers. Knows no runtime: everything outside comes through [`crate::platform::Platform`].
//!
//! A request walks: [`route`] finds the endpoint, the endpoint's file answers. [`caller`] says who asks, [`known`] holds what
//! this instance knows of events, [`answer`] is how answers and refusals look.

mod answer;
mod browse;
mod caller;
mod captcha;
mod challenge;
pub mod config;
mod control;
mod cookie;
mod cors;
mod form;
mod gate;
mod headers;
mod issuer;
mod join;
mod known;
mod leave;
mod pace;
mod pages;
mod pass;
mod public;
mod questions;
mod recent;
mod reputation;
mod route;
mod score;
mod standing;
mod status;
mod verified;
mod visitor;

use crate::platform::{HttpRequest, HttpResponse, Platform};
pub use answer::Refusal;
use route::{Endpoint, Passage};

/// Largest body a request may have, in bytes. Runtimes refuse more while they read.
pub const MAX_BODY_BYTES: usize = 16 * 1024;
/// Largest body of a request for a site of somebody else's, in bytes. Bodies are passed on whole, so each is in memory.
pub const MAX_SITE_BODY_BYTES: usize = 1024 * 1024;
/// Longest path and query together, in bytes.
pub const MAX_URI_BYTES: usize = 2 * 1024;

/// Where joins are sent: the one request for which a runtime looks up more about the client.
pub const JOIN_PATH: &str = "/api/v1/queue/join";

/// Answers one request. Never fails: what goes wrong becomes a refusal with a status, a word and a sentence.
pub async fn handle<P: Platform>(platform: &P, request: HttpRequest) -> HttpResponse {
    let path = route::own_path(platform, request.uri().path());
    let mut response = match path.and_then(|path| cors::preflight(&request, path)) {
        Some(allowed) => allowed,
        None => match respond(platform, &request).await {
            Ok(response) => response,
            Err(refusal) => refusal.into_response(),
        },
    };
    if let Some(path) = path {
        cors::allow(&request, path, &mut response);
    }
    response
}

async fn respond<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    if request
        .uri()
        .path_and_query()
        .is_some_and(|target| target.as_str().len() > MAX_URI_BYTES)
    {
        return Err(Refusal::new(
            414,
            "uri_too_long",
            format!("Path and query may have {MAX_URI_BYTES} bytes."),
        ));
    }
    headers::check(request.headers())?;
    let endpoint = route::find_for(platform, request.method(), request.uri().path())?;
    if endpoint != Endpoint::Site && request.body().len() > MAX_BODY_BYTES {
        return Err(Refusal::body_too_large(MAX_BODY_BYTES));
    }
    match endpoint {
        Endpoint::Status => status::status(platform, request).await,
        Endpoint::Challenge => challenge::challenge(platform, request).await,
        Endpoint::Join => join::join(platform, request).await,
        Endpoint::Leave => leave::leave(platform, request).await,
        Endpoint::Queue(event) => public::queue(platform, &event).await,
        Endpoint::Schedule(event) => public::schedule(platform, &event).await,
        Endpoint::Record(event, draw) => public::record(platform, &event, draw).await,
        Endpoint::ShardLog(event, draw, shard) => public::shard_log(platform, &event, draw, shard).await,
        Endpoint::Jwks => Ok(public::jwks(platform)),
        Endpoint::Health => Ok(public::health()),
        Endpoint::ControlEvent(event) => control::put_event(platform, request, &event).await,
        Endpoint::ControlRelease(event) => control::put_release(platform, request, &event).await,
        Endpoint::ControlStats(event) => control::stats(platform, request, &event).await,
        Endpoint::Page(page) => Ok(pages::page(platform, request, page)),
        Endpoint::Asset(name) => pages::asset(platform, request, &name),
        Endpoint::Site => gate::site::answer(platform, request).await,
        Endpoint::JoinByForm => gate::site::join_by_form(platform, request).await,
        Endpoint::Origin(Passage::Browse(browsed)) => browse::answer(platform, request, browsed).await,
        Endpoint::Origin(Passage::Open) => gate::pass(platform, request).await,
        Endpoint::Origin(Passage::Gated { event }) => gate::check_and_pass(platform, request, event.as_ref()).await,
    }
}
