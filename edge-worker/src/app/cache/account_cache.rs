//! Responses of the origin that belong to one account, kept in this instance for some seconds. A page
//! asks the same several times, when it is opened, reloaded and left. A request with
//! `Cache-Control: no-cache` (RFC 9111, section 5.2.1.4) is answered anew.

use std::{cell::RefCell, rc::Rc};

use http::{StatusCode, header};
use sha2::{Digest, Sha256};
use stanchion_shared::{account_token::AccountClaims, timestamp::UnixMillis};

use super::lru::Lru;
use crate::{
    app::http::{headers::header_text, refusal::Refusal},
    platform::{HttpRequest, HttpResponse, Platform},
};

/// A response is used for this long, in ms.
const FRESH_MS: u64 = 10_000;
/// Responses that are surely remembered. They have some hundred bytes.
const REMEMBERED: usize = 2_048;

/// A question of an account: SHA-256 of issuer, subject and path.
type Question = [u8; 32];

thread_local! {
    static RESPONSES: RefCell<Lru<Question, (UnixMillis, Rc<HttpResponse>)>> = RefCell::new(Lru::new(REMEMBERED));
}

/// Answers from the cache, or by `fetch`. Only a success is kept: a refusal may not hold any more at
/// the next request, which another instance may have prepared.
///
/// # Errors
/// `fetch` failed.
pub(crate) async fn get_or_fetch<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    account: &AccountClaims,
    fetch: impl AsyncFnOnce() -> Result<HttpResponse, Refusal>,
) -> Result<HttpResponse, Refusal> {
    let (question, now) = (question(account, request.uri().path()), platform.now());
    let kept = RESPONSES.with_borrow_mut(|responses| responses.find(&question));
    let kept = kept.filter(|(fetched_at, _)| now.since(*fetched_at) < FRESH_MS && !wants_fresh(request));
    if let Some((_, response)) = kept {
        return Ok(HttpResponse::clone(&response));
    }
    let response = fetch().await?;
    if response.status() == StatusCode::OK {
        let kept = (now, Rc::new(response.clone()));
        RESPONSES.with_borrow_mut(|responses| responses.put(question, kept));
    }
    Ok(response)
}

/// Forgets the response to a question: the account has changed it.
pub(crate) fn forget(account: &AccountClaims, path: &str) {
    let over = (UnixMillis(0), Rc::new(HttpResponse::default()));
    RESPONSES.with_borrow_mut(|responses| responses.put(question(account, path), over));
}

/// Whether the client wants an answer that is not from a cache.
fn wants_fresh(request: &HttpRequest) -> bool {
    let control = header_text(request, header::CACHE_CONTROL.as_str()).unwrap_or_default();
    control
        .split(',')
        .any(|part| part.trim().eq_ignore_ascii_case("no-cache"))
}

fn question(account: &AccountClaims, path: &str) -> Question {
    let parts = [account.iss.as_str(), account.sub.as_str(), path];
    let mut hash = Sha256::new();
    for part in parts {
        hash.update(part.as_bytes());
        hash.update([0]);
    }
    hash.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_can_ask_for_a_fresh_answer() {
        for (control, expected) in [
            ("no-cache", true),
            ("max-age=0, No-Cache", true),
            ("max-age=0", false),
            ("", false),
        ] {
            let mut request = HttpRequest::new(Vec::new());
            let value = control.parse().unwrap();
            request.headers_mut().insert(header::CACHE_CONTROL, value);
            assert_eq!(wants_fresh(&request), expected, "{control}");
        }
    }

    #[test]
    fn another_account_and_another_path_are_another_question() {
        let account = |iss: &str, sub: &str| AccountClaims::new(iss, sub, 0, 1);
        let asked = question(&account("i", "fan"), "/a");
        assert_eq!(asked, question(&account("i", "fan"), "/a"));
        for other in [
            question(&account("i", "fan"), "/b"),
            question(&account("i", "fan2"), "/a"),
            question(&account("j", "fan"), "/a"),
            question(&account("if", "an"), "/a"),
        ] {
            assert_ne!(asked, other);
        }
    }
}
