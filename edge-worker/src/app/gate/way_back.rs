//! The way back of a write that met the queue: a form was sent, the site has not got it, and nobody
//! sends it again by itself. A cookie remembers the page with the form until the turn has come.
//!
//! It is one cookie, of the event whose queue was met last: a browser sends cookies with every
//! request, and a site may have many events.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use http::{HeaderMap, Method, header};
use stanchion_shared::ids::EventId;

use crate::{
    app::http::{
        cookie::{self, Cookie},
        headers::header_text,
        redirect::local_path,
    },
    platform::{HttpRequest, Platform},
};

/// Longest path that a cookie remembers, in bytes.
const MAX_REMEMBERED_BYTES: usize = 1024;

/// Whether a browser may repeat the request without asking its person (RFC 9110, section 9.2.1).
pub(super) fn is_safe(request: &HttpRequest) -> bool {
    [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method())
}

/// Path and query of a request, as a browser asks for them again; `/` if they would lead to another
/// site.
pub(super) fn own_target(request: &HttpRequest) -> String {
    let target = request.uri().path_and_query().map_or("/", |target| target.as_str());
    local_path(target).unwrap_or_else(|| "/".to_owned())
}

/// Where a person goes back to after a write that met the queue: the page of this site that has the
/// form, if the browser names it, and otherwise the address that the form was sent to. Of addresses that
/// are too long to be remembered it is the site's first page.
pub(super) fn of_write(request: &HttpRequest) -> String {
    let page = header_text(request, header::REFERER.as_str()).and_then(|referer| {
        let (_, site) = referer.split_once("://")?;
        let (host, path) = site.split_at(site.find('/')?);
        local_path(path).filter(|_| Some(host) == cookie::host(request))
    });
    let ways = [page, Some(own_target(request))];
    let mut short = ways
        .into_iter()
        .flatten()
        .filter(|way| way.len() <= MAX_REMEMBERED_BYTES);
    short.next().unwrap_or_else(|| "/".to_owned())
}

/// What the cookie holds.
fn written(event: &EventId, path: &str) -> String {
    format!("{event}.{}", URL_SAFE_NO_PAD.encode(path))
}

/// The path in a cookie of this event.
fn read(cookie: &str, event: &EventId) -> Option<String> {
    let (of, encoded) = cookie.split_once('.')?;
    let path = URL_SAFE_NO_PAD.decode(encoded).ok().filter(|_| of == event.as_str())?;
    local_path(&String::from_utf8(path).ok()?)
}

/// The way back that the browser remembers.
pub(super) fn remembered<P: Platform>(platform: &P, request: &HttpRequest, event: &EventId) -> Option<String> {
    read(cookie::find(platform, request, Cookie::WayBack)?, event)
}

/// Lets the browser remember the way back as long as its ticket, in place of any other.
pub(super) fn remember<P: Platform>(platform: &P, headers: &mut HeaderMap, event: &EventId, path: &str) {
    let value = written(event, path);
    cookie::set(platform, headers, Cookie::WayBack, &value, cookie::TICKET_SECONDS);
}

/// The person has come in: nothing is left to go back to.
pub(crate) fn forget<P: Platform>(platform: &P, request: &HttpRequest, headers: &mut HeaderMap, event: &EventId) {
    if remembered(platform, request, event).is_some() {
        cookie::set(platform, headers, Cookie::WayBack, "", 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_is_the_page_with_the_form_and_stays_on_the_site() {
        for (referer, expected) in [
            (Some("https://shop.example/form?step=2"), "/form?step=2"),
            (Some("https://shop.example"), "/buy?seat=1"),
            (Some("https://shop.example.evil.example/form"), "/buy?seat=1"),
            (Some("https://evil.example/form"), "/buy?seat=1"),
            (Some("https://shop.example//evil.example/"), "/buy?seat=1"),
            (Some("nonsense"), "/buy?seat=1"),
            (None, "/buy?seat=1"),
        ] {
            let mut request = http::Request::builder().method("POST").uri("/buy?seat=1");
            request = request.header("host", "shop.example");
            if let Some(referer) = referer {
                request = request.header("referer", referer);
            }
            assert_eq!(of_write(&request.body(Vec::new()).unwrap()), expected, "{referer:?}");
        }
        let long = format!("https://shop.example/{}", "a".repeat(MAX_REMEMBERED_BYTES - 1));
        let of = |referer: &str| {
            let request = http::Request::builder().uri("/buy").header("host", "shop.example");
            of_write(&request.header("referer", referer).body(Vec::new()).unwrap())
        };
        assert_eq!(of(&long).len(), MAX_REMEMBERED_BYTES);
        assert_eq!(of(&format!("{long}a")), "/buy");
        let nowhere = http::Request::builder().uri(format!("/{}", "a".repeat(MAX_REMEMBERED_BYTES)));
        assert_eq!(
            of_write(&nowhere.body(Vec::new()).unwrap()),
            "/",
            "it is too long itself"
        );
    }

    #[test]
    fn a_browser_remembers_one_way_back_of_one_event_and_a_bounded_one() {
        let event = |text: &str| EventId::parse(text).unwrap();
        let cookie = written(&event("arena"), "/form?step=2");
        assert_eq!(read(&cookie, &event("arena")).as_deref(), Some("/form?step=2"));
        assert_eq!(read(&cookie, &event("arena-2")), None);
        for broken in ["", "arena", "arena.", "arena.%", ".L2Zvcm0"] {
            assert_eq!(read(broken, &event("arena")), None, "{broken}");
        }
        assert_eq!(
            read(&written(&event("arena"), "//evil.example/"), &event("arena")),
            None
        );
        let longest = written(&event(&"e".repeat(64)), &"a".repeat(MAX_REMEMBERED_BYTES));
        assert!(longest.len() <= 1_500, "{}", longest.len());
    }
}
