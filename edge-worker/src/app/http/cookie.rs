//! Stanchion's cookies (RFC 6265), which a browser sends by itself. Scripts cannot read them, and
//! pages of other sites cannot make a browser write with them.
//!
//! Over TLS their names begin with `__Host-` (RFC 6265bis, section 4.1.3.2): a browser takes such a
//! cookie from this host only, so that no page of a sibling host can set one. Browsers refuse the
//! prefix without TLS, so on a developer's machine the names have none. An edge understands the
//! names that it sets and no others.

use http::{HeaderMap, HeaderValue, Method, header};
use stanchion_shared::ids::EventId;

use super::{headers::header_text, refusal::Refusal};
use crate::platform::{HttpRequest, Platform};

/// How the names of all Stanchion's cookies begin without TLS.
const PREFIX: &str = "stanchion-";
/// How they begin over TLS.
const SECURE_PREFIX: &str = "__Host-stanchion-";
/// How long a browser keeps a queue ticket, in seconds. The queue's rules end it earlier.
pub(crate) const TICKET_SECONDS: u64 = 7 * 24 * 3600;

/// One of Stanchion's cookies.
#[derive(Clone, Copy)]
pub(crate) enum Cookie<'a> {
    /// Names a visitor: a browser without an account.
    Visitor,
    /// Holds the queue ticket of an event.
    Ticket(&'a EventId),
    /// Holds the shop token of an event.
    ShopToken(&'a EventId),
    /// Holds the page that a visitor goes back to at the turn, because a write met the queue of an
    /// event. There is one for all events.
    WayBack,
}

impl Cookie<'_> {
    fn name(self, secure: bool) -> String {
        let prefix = prefix(secure);
        match self {
            Cookie::Visitor => format!("{prefix}visitor"),
            Cookie::Ticket(event) => format!("{prefix}ticket.{event}"),
            Cookie::ShopToken(event) => format!("{prefix}shop.{event}"),
            Cookie::WayBack => format!("{prefix}back"),
        }
    }
}

fn prefix(secure: bool) -> &'static str {
    if secure { SECURE_PREFIX } else { PREFIX }
}

/// The shop tokens of all events for which the request has a cookie.
pub(crate) fn shop_tokens<'a, P: Platform>(platform: &P, request: &'a HttpRequest) -> impl Iterator<Item = &'a str> {
    let prefix = format!("{}shop.", prefix(platform.config().secure_cookies));
    all(request)
        .filter(move |(name, _)| name.starts_with(&prefix))
        .map(|(_, token)| token)
}

/// The values of a cookie. A browser sends several if paths or hosts differ, so the first need not
/// be the one that counts.
pub(crate) fn values<'a, P: Platform>(
    platform: &P,
    request: &'a HttpRequest,
    cookie: Cookie<'_>,
) -> impl Iterator<Item = &'a str> {
    let name = cookie.name(platform.config().secure_cookies);
    all(request)
        .filter(move |(found, _)| *found == name)
        .map(|(_, value)| value)
}

/// The first value of a cookie.
pub(crate) fn find<'a, P: Platform>(platform: &P, request: &'a HttpRequest, cookie: Cookie<'_>) -> Option<&'a str> {
    values(platform, request, cookie).next()
}

/// All cookies of a request, as (name, value).
fn all(request: &HttpRequest) -> impl Iterator<Item = (&str, &str)> {
    // Cookies of a protected site may have any bytes. A cookie that is not text is none of
    // Stanchion's.
    pairs(request).filter_map(|pair| str::from_utf8(pair).ok()?.split_once('='))
}

fn pairs(request: &HttpRequest) -> impl Iterator<Item = &[u8]> {
    let headers = request.headers().get_all(header::COOKIE).into_iter();
    headers
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b';'))
        .map(<[u8]>::trim_ascii)
}

/// The cookies that are not Stanchion's, byte for byte.
pub(crate) fn foreign(request: &HttpRequest) -> Option<HeaderValue> {
    let foreign: Vec<&[u8]> = pairs(request)
        .filter(|pair| !pair.is_empty() && !is_ours(pair))
        .collect();
    HeaderValue::from_bytes(&foreign.join(b"; ".as_slice()))
        .ok()
        .filter(|value| !value.is_empty())
}

/// Whether the edge set such a cookie, over TLS or not.
fn is_ours(pair: &[u8]) -> bool {
    [PREFIX, SECURE_PREFIX]
        .iter()
        .any(|prefix| pair.starts_with(prefix.as_bytes()))
}

/// Whether a page of this site sent the request, in a browser. Apps do not say so, and a page of
/// another site could have chosen what the request asks for.
pub(crate) fn asked_by_own_page(request: &HttpRequest) -> bool {
    header_text(request, "sec-fetch-site") == Some("same-origin")
}

/// Sets a cookie for `seconds`, 0 to remove it, among the headers of a response. Browsers send it
/// with top-level navigations from other sites, not with their writes.
pub(crate) fn set<P: Platform>(platform: &P, headers: &mut HeaderMap, cookie: Cookie<'_>, value: &str, seconds: u64) {
    let secure = platform.config().secure_cookies;
    let (name, secure) = (cookie.name(secure), if secure { "; Secure" } else { "" });
    let cookie = format!("{name}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Lax{secure}");
    let cookie = HeaderValue::from_str(&cookie).expect("names and values of our cookies are ASCII");
    headers.append(header::SET_COOKIE, cookie);
}

/// Where only a cookie identifies the caller, a write must come from this site's own pages. The
/// browser says so in `Sec-Fetch-Site` (over https) and in `Origin`, which no page can forge. A
/// form of a page that hides its referrer has the `Origin` null, and only `Sec-Fetch-Site` tells.
///
/// # Errors
/// 403 `origin_of_other`.
pub(crate) fn check_own_origin(request: &HttpRequest) -> Result<(), Refusal> {
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

/// Host and port that the request was sent to.
pub(crate) fn host(request: &HttpRequest) -> Option<&str> {
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
        let found: Vec<_> = all(&request).collect();
        assert_eq!(found, [("a", "1"), ("stanchion-visitor", "x.y=z"), ("b", "2")]);
    }

    #[test]
    fn over_tls_no_other_host_can_set_our_cookies() {
        let event = EventId::parse("arena").unwrap();
        for (cookie, plain) in [
            (Cookie::Visitor, "stanchion-visitor"),
            (Cookie::Ticket(&event), "stanchion-ticket.arena"),
            (Cookie::ShopToken(&event), "stanchion-shop.arena"),
            (Cookie::WayBack, "stanchion-back"),
        ] {
            assert_eq!(cookie.name(false), plain);
            assert_eq!(cookie.name(true), format!("__Host-{plain}"));
            for name in [plain.to_owned(), format!("__Host-{plain}")] {
                assert!(is_ours(format!("{name}=x").as_bytes()), "{name}");
            }
        }
    }

    #[test]
    fn the_cookies_of_others_stay_as_they_are() {
        let mut request = request(Method::GET, &[]);
        let sent =
            b"city=K\xf6ln; prefs=a,stanchion-visitor=forged; flag; stanchion-visitor=x; __Host-stanchion-shop.a=y";
        request
            .headers_mut()
            .insert(header::COOKIE, HeaderValue::from_bytes(sent).unwrap());
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
