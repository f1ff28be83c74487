//! Responses of the origin that are the same for everybody, kept at the edge for some seconds.
//! However many fans browse, the origin answers each question a few times a second at most.
//!
//! An instance has a memory of its own; where the runtime has a cache, the instances of a data
//! centre share what one of them was told.

use std::{cell::RefCell, rc::Rc};

use http::{HeaderValue, StatusCode, header};
use stanchion_shared::timestamp::UnixMillis;

use super::lru::Lru;
use crate::{
    app::http::{refusal::Refusal, response::not_modified},
    platform::{HttpRequest, HttpResponse, Platform},
};

/// A response is used for this long without asking the origin, in ms. The origin may allow less.
const FRESH_MS: u64 = 5_000;
/// A request that asks the origin anew counts as lost after this long, and another asks, in ms.
const REFRESH_PATIENCE_MS: u64 = 1_000;
/// While the origin does not answer, its last response is used for this long, in ms.
const STALE_MS: u64 = 60_000;
/// Responses that are surely remembered. At most twice as many are.
const REMEMBERED: usize = 128;
/// Larger responses are passed on and not kept, in bytes.
const LARGEST_KEPT: usize = 256 * 1024;

#[derive(Clone)]
struct CachedResponse {
    response: Rc<HttpResponse>,
    /// When the origin sent it, or last said that it still holds.
    confirmed_at: UnixMillis,
    /// When a request last asked the origin whether it still holds.
    asked_at: UnixMillis,
}

thread_local! {
    /// By path and query.
    static RESPONSES: RefCell<Lru<String, CachedResponse>> = RefCell::new(Lru::new(REMEMBERED));
}

/// Answers `request` from the cache, or by `fetch`. `target` is path and query of the question, the
/// same for all who ask it. `fetch` gets the response that need not be sent again.
///
/// # Errors
/// `fetch` failed and nothing is kept.
pub(crate) async fn get_or_fetch<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    target: &str,
    fetch: impl AsyncFnOnce(Option<&HttpResponse>) -> Result<HttpResponse, Refusal>,
) -> Result<HttpResponse, Refusal> {
    let now = platform.now();
    let cached = RESPONSES.with_borrow_mut(|responses| responses.find(&target.to_owned()));
    if let Some(cached) = &cached {
        let age = now.since(cached.confirmed_at);
        let another_asks = cached.asked_at > cached.confirmed_at && now.since(cached.asked_at) < REFRESH_PATIENCE_MS;
        if age < fresh_ms(&cached.response) || (another_asks && age < STALE_MS) {
            return Ok(conditional(request, &cached.response));
        }
    } else if let Some(nearby) = platform.cache_get(target).await {
        return Ok(conditional(request, &nearby));
    }
    if let Some(cached) = cached.clone() {
        remember(
            target,
            CachedResponse {
                asked_at: now,
                ..cached
            },
        );
    }
    match fetch(cached.as_ref().map(|cached| &*cached.response)).await {
        Ok(response) if response.status() == StatusCode::NOT_MODIFIED => {
            let cached = cached.expect("the origin was asked whether a cached response still holds");
            let confirmed = CachedResponse {
                confirmed_at: now,
                ..cached.clone()
            };
            remember(target, confirmed);
            Ok(conditional(request, &cached.response))
        }
        Ok(response) if response.status() == StatusCode::OK && fresh_ms(&response) > 0 => {
            if response.body().len() <= LARGEST_KEPT {
                platform.cache_put(target, &response).await;
                let fetched = CachedResponse {
                    response: Rc::new(response.clone()),
                    confirmed_at: now,
                    asked_at: now,
                };
                remember(target, fetched);
            }
            Ok(conditional(request, &response))
        }
        // An old response does no harm: seats may be sold meanwhile, but only their locks sell
        // them.
        failed => match cached.filter(|cached| now.since(cached.confirmed_at) < STALE_MS && is_trouble(&failed)) {
            Some(cached) => Ok(conditional(request, &cached.response)),
            None => failed,
        },
    }
}

fn remember(target: &str, cached: CachedResponse) {
    RESPONSES.with_borrow_mut(|responses| responses.put(target.to_owned(), cached));
}

fn is_trouble(fetched: &Result<HttpResponse, Refusal>) -> bool {
    match fetched {
        Ok(response) => response.status().is_server_error(),
        Err(refusal) => refusal.is_fault(),
    }
}

/// For how long the origin lets everybody see a response, in ms.
fn fresh_ms(response: &HttpResponse) -> u64 {
    let control = response
        .headers()
        .get(header::CACHE_CONTROL)
        .and_then(|value| value.to_str().ok());
    let mut parts = control.unwrap_or_default().split(',').map(str::trim);
    if !parts.clone().any(|part| part == "public") {
        return 0;
    }
    let seconds = parts.find_map(|part| part.strip_prefix("max-age=")?.parse::<u64>().ok());
    seconds.map_or(0, |seconds| seconds.saturating_mul(1000).min(FRESH_MS))
}

/// The response, or 304 if the client already has it.
fn conditional(request: &HttpRequest, response: &HttpResponse) -> HttpResponse {
    let tag = response.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
    match tag.and_then(|tag| not_modified(request, tag)) {
        Some(mut unchanged) => {
            let control = response.headers().get(header::CACHE_CONTROL).cloned();
            let control = control.unwrap_or(HeaderValue::from_static("no-cache"));
            unchanged.headers_mut().insert(header::CACHE_CONTROL, control);
            unchanged
        }
        None => response.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_for_everybody_is_kept_and_never_longer_than_some_seconds() {
        for (control, expected) in [
            ("public, max-age=2", 2_000),
            ("public, max-age=5", FRESH_MS),
            ("public, max-age=3600", FRESH_MS),
            ("max-age=5", 0),
            ("private, max-age=5", 0),
            ("no-store", 0),
            ("public", 0),
        ] {
            let mut response = HttpResponse::new(Vec::new());
            response
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static(control));
            assert_eq!(fresh_ms(&response), expected, "{control}");
        }
        assert_eq!(fresh_ms(&HttpResponse::new(Vec::new())), 0);
    }
}
