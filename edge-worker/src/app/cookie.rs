//! Cookies: what a browser sends by itself (RFC 6265). Scripts cannot read ours, other sites cannot make a browser write
//! with them.

use http::{HeaderValue, Method, header};
use stanchion_shared::identity::EventId;

use super::answer::{Refusal, header_text};
use crate::platform::{HttpRequest, HttpResponse, Platform};

/// What all our cookies' names begin with: what is in front of a site keeps them from it.
pub(super) const PREFIX: &str = "stanchion-";
/// Who a browser without an account is.
pub(super) const VISITOR: &str = "stanchion-visitor";
/// A ticket is kept this long, in seconds; it dies earlier by the queue's rules.
pub(super) const TICKET_SECONDS: u64 = 7 * 24 * 3600;

/// The cookie that holds the queue ticket of an event.
pub(super) fn ticket_of(event: &EventId) -> String {
    format!("{PREFIX}ticket.{event}")
}

/// The cookie that holds the shop token of an event.
pub(super) fn shop_token_of(event: &EventId) -> String {
    format!("{PREFIX}shop.{event}")
}

/// All cookies of a request, as (name, value).
pub(super) fn all(request: &HttpRequest) -> impl Iterator<Item = (&str, &str)> {
    // Of a site's own cookies any byte may be in the header; one that is no text is none of ours.
    pairs(request).filter_map(|pair| str::from_utf8(pair).ok()?.split_once('='))
}

fn pairs(request: &HttpRequest) -> impl Iterator<Item = &[u8]> {
    let headers = request.headers().get_all(header::COOKIE).into_iter();
    headers
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .map(<[u8]>::trim_ascii)
}

/// The cookies that are not ours, to the byte.
pub(super) fn foreign(request: &HttpRequest) -> Option<HeaderValue> {
    let foreign: Vec<&[u8]> = pairs(request)
        .filter(|pair| !pair.is_empty() && !pair.starts_with(PREFIX.as_bytes()))
        .collect();
    HeaderValue::from_bytes(&foreign.join(b"; ".as_slice()))
        .ok()
        .filter(|value| !value.is_empty())
}

/// The value of one.
pub(super) fn find<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    all(request).find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// Whether a page of this site asks, in a browser: no app, and no other site's page, which could have chosen what is asked.
pub(super) fn asked_by_own_page(request: &HttpRequest) -> bool {
    header_text(request, "sec-fetch-site") == Some("same-origin")
}

/// Sets a cookie with an answer. It is sent with top-level navigations from other sites, not with their writes.
pub(super) fn set<P: Platform>(platform: &P, answer: &mut HttpResponse, name: &str, value: &str, seconds: u64) {
    let secure = if platform.config().secure_cookies {
        "; Secure"
    } else {
        ""
    };
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    let cookie = HeaderValue::from_str(&cookie).expect("names and values of ours are ASCII");
    answer.headers_mut().append(header::SET_COOKIE, cookie);
}

/// Where a cookie is all that identifies a request, a write must come from this site's own pages: the browser says so in
/// `Sec-Fetch-Site` (over https) and in `Origin`, which no page can forge. A form of a page that tells no referrer has the
/// `Origin` null, and only the first.
///
/// # Errors
/// 403 `origin_of_other`.
pub(super) fn check_own_origin(request: &HttpRequest) -> Result<(), Refusal> {
    if [Method::GET, Method::HEAD].contains(request.method()) {
        return Ok(());
    }
    if asked_by_own_page(request) {
        return Ok(());
    }
    let origin = header_text(request, header::ORIGIN.as_str()).and_then(|origin| origin.split_once("://"));
    if origin.is_some_and(|(_, site)| Some(site) == host(request)) {
        return Ok(());
    }
    Err(Refusal::new(
        403,
        "origin_of_other",
        "A write that a cookie allows must come from a page of this site.",
    ))
}

/// Host and port this request was sent to.
fn host(request: &HttpRequest) -> Option<&str> {
    let authority = request.uri().authority().map(|authority| authority.as_str());
    header_text(request, header::HOST.as_str()).or(authority)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(method: Method, headers: &[(&str, &str)]) -> HttpRequest {
        let mut builder = http::Request::builder()
            .method(method)
            .uri("https://queue.example:8443/a");
        for (name, value) in headers {
            builder = builder.header(*name, *value);
        }
        builder.body(Vec::new()).unwrap()
    }

    #[test]
    fn cookies_are_found_among_others() {
        let request = request(Method::GET, &[("cookie", "a=1; stanchion-visitor=x.y=z; b=2")]);
        assert_eq!(find(&request, VISITOR), Some("x.y=z"));
        assert_eq!(find(&request, "c"), None);
        assert_eq!(all(&request).count(), 3);
    }

    #[test]
    fn the_cookies_of_others_stay_as_they_are() {
        let mut request = request(Method::GET, &[]);
        let sent = b"city=K\xf6ln; prefs=a,stanchion-visitor=forged; flag; stanchion-visitor=x";
        request
            .headers_mut()
            .insert(header::COOKIE, HeaderValue::from_bytes(sent).unwrap());
        assert_eq!(find(&request, VISITOR), Some("x"));
        let passed = foreign(&request).unwrap();
        assert_eq!(
            passed.as_bytes(),
            b"city=K\xf6ln; prefs=a,stanchion-visitor=forged; flag"
        );
    }

    #[test]
    fn a_write_comes_from_this_sites_own_pages() {
        for (origin, expected) in [
            (Some("https://queue.example:8443"), true),
            (Some("https://queue.example"), false),
            (Some("https://evil.example"), false),
            (Some("null"), false),
            (None, false),
        ] {
            let headers: Vec<_> = origin.map(|origin| ("origin", origin)).into_iter().collect();
            let judged = check_own_origin(&request(Method::POST, &headers));
            assert_eq!(judged.is_ok(), expected, "{origin:?}");
            assert!(check_own_origin(&request(Method::GET, &headers)).is_ok());
        }
        for (site, expected) in [
            ("same-origin", true),
            ("same-site", false),
            ("cross-site", false),
            ("none", false),
        ] {
            let headers = [("sec-fetch-site", site), ("origin", "null")];
            assert_eq!(
                check_own_origin(&request(Method::POST, &headers)).is_ok(),
                expected,
                "{site}"
            );
        }
        // What the browser says it asked for counts, not what the runtime made of the address.
        let behind = [("host", "tickets.example"), ("origin", "https://tickets.example")];
        assert!(check_own_origin(&request(Method::POST, &behind)).is_ok());
    }
}
