//! Browse and search: answers of the origin that are the same for everybody, kept at the edge for some seconds. However many
//! fans look for an event, the origin answers each question a few times a second at the most; [`question`] says which
//! requests ask the same.

mod question;

use std::{cell::RefCell, rc::Rc};

use http::{HeaderValue, StatusCode, header};
use stanchion_shared::timestamp::UnixMillis;

use super::{
    answer::{Refusal, not_modified},
    gate,
    recent::Recent,
};
use crate::platform::{HttpRequest, HttpResponse, Platform};
pub(super) use question::Browsed;

/// An answer is shown for this long without asking, in ms; the origin may say less.
const FRESH_MS: u64 = 5_000;
/// Whoever asks anew is taken for lost after this long, and another asks, in ms.
const REFRESH_PATIENCE_MS: u64 = 1_000;
/// While the origin does not answer, what it last said is shown for this long, in ms.
const STALE_MS: u64 = 60_000;
/// Answers that are surely remembered, and at most twice as many.
const REMEMBERED: usize = 128;
/// Larger ones are passed on and not kept, in bytes.
const LARGEST_KEPT: usize = 256 * 1024;

#[derive(Clone)]
struct Kept {
    answer: Rc<HttpResponse>,
    /// When the origin said so.
    at: UnixMillis,
    /// When somebody last asked the origin whether it still holds.
    asked_at: UnixMillis,
}

thread_local! {
    static KEPT: RefCell<Recent<String, Kept>> = RefCell::new(Recent::new(REMEMBERED));
}

/// Answers from what is kept, or from the origin.
///
/// # Errors
/// The query cannot be read, or the origin does not answer and nothing is kept.
pub(super) async fn answer<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    browsed: Browsed,
) -> Result<HttpResponse, Refusal> {
    let target = &browsed.target(request.uri().path(), request.uri().query().unwrap_or_default())?;
    let now = platform.now();
    let kept = KEPT.with_borrow_mut(|kept| kept.find(target));
    if let Some(kept) = &kept {
        let asked = kept.asked_at > kept.at && now.since(kept.asked_at) < REFRESH_PATIENCE_MS;
        if now.since(kept.at) < fresh_ms(&kept.answer) || (asked && now.since(kept.at) < STALE_MS) {
            return Ok(shown(request, &kept.answer));
        }
    } else if let Some(near) = platform.kept(target).await {
        return Ok(shown(request, &near));
    }
    let refreshing = kept.clone().map(|kept| Kept { asked_at: now, ..kept });
    if let Some(refreshing) = refreshing {
        keep(target, refreshing);
    }
    match gate::pass_unsigned(platform, target, kept.as_ref().map(|kept| &*kept.answer)).await {
        Ok(answer) if answer.status() == StatusCode::NOT_MODIFIED => {
            let kept = kept.expect("only what is kept was asked for");
            keep(
                target,
                Kept {
                    at: now,
                    ..kept.clone()
                },
            );
            Ok(shown(request, &kept.answer))
        }
        Ok(answer) if answer.status() == StatusCode::OK && fresh_ms(&answer) > 0 => {
            if answer.body().len() <= LARGEST_KEPT {
                platform.keep(target, &answer).await;
                let answer = Rc::new(answer.clone());
                let (at, asked_at) = (now, now);
                keep(target, Kept { answer, at, asked_at });
            }
            Ok(shown(request, &answer))
        }
        // An event that is sold elsewhere for a minute longer than it should be seen does no harm: only locks sell.
        failed => match kept.filter(|kept| now.since(kept.at) < STALE_MS && is_trouble(&failed)) {
            Some(kept) => Ok(shown(request, &kept.answer)),
            None => failed,
        },
    }
}

fn keep(target: &str, kept: Kept) {
    KEPT.with_borrow_mut(|all| all.put(target.to_owned(), kept));
}

fn is_trouble(answered: &Result<HttpResponse, Refusal>) -> bool {
    match answered {
        Ok(answer) => answer.status().is_server_error(),
        Err(refusal) => refusal.is_fault(),
    }
}

/// For how long the origin lets an answer be shown to everybody, in ms.
fn fresh_ms(answer: &HttpResponse) -> u64 {
    let control = answer
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

/// The answer, or that it is the one the client has.
fn shown(request: &HttpRequest, answer: &HttpResponse) -> HttpResponse {
    let tag = answer.headers().get(header::ETAG).and_then(|tag| tag.to_str().ok());
    match tag.and_then(|tag| not_modified(request, tag)) {
        Some(mut unchanged) => {
            let control = answer.headers().get(header::CACHE_CONTROL).cloned();
            let control = control.unwrap_or(HeaderValue::from_static("no-cache"));
            unchanged.headers_mut().insert(header::CACHE_CONTROL, control);
            unchanged
        }
        None => answer.clone(),
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
            let mut answer = HttpResponse::new(Vec::new());
            answer
                .headers_mut()
                .insert(header::CACHE_CONTROL, HeaderValue::from_static(control));
            assert_eq!(fresh_ms(&answer), expected, "{control}");
        }
        assert_eq!(fresh_ms(&HttpResponse::new(Vec::new())), 0);
    }
}
