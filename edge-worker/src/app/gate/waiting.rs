//! What is shown in place of a guarded page: a page that refreshes itself, or JSON for whoever asks for JSON.

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use stanchion_shared::{
    standing::Snapshot,
    wire::{QueueStatus, StatusAnswer},
};

use crate::{
    app::{
        answer::{bytes, header_text, json},
        form,
        pages::{self, Embeds},
    },
    platform::{HttpRequest, HttpResponse, Platform},
};

const PAGE: &str = include_str!("../../../web/waiting.html");
const NO_STORE: &str = "no-store";
/// A page that shows no place yet is refreshed this often, in seconds.
const REFRESH_SECONDS: u64 = 20;

/// Whether a page is wanted: browsers name HTML, and apps that name nothing get JSON.
pub(super) fn wants_page(request: &HttpRequest) -> bool {
    header_text(request, header::ACCEPT.as_str()).is_some_and(|accept| accept.contains("text/html"))
}

/// A field of a form that was sent (application/x-www-form-urlencoded).
pub(super) fn form_field(request: &HttpRequest, name: &str) -> Option<String> {
    let text = str::from_utf8(request.body()).ok()?;
    let (_, value) = form::fields(text).find(|(found, _)| *found == name)?;
    form::decode(value)
}

/// The way back from a form: a path of this site, never another site's address.
pub(super) fn path_back(decoded: &str) -> Option<String> {
    let local = decoded.starts_with('/') && !decoded.starts_with("//") && !decoded.starts_with("/\\");
    (local && decoded.bytes().all(|byte| byte.is_ascii_graphic())).then(|| decoded.to_owned())
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

#[derive(Serialize)]
struct InQueue<'a> {
    error: &'static str,
    message: &'a str,
    event_id: &'a str,
    /// Null: join first.
    queue: Option<&'a StatusAnswer>,
}

/// The page, or its JSON. `told` is where the browser's ticket stands; `None` if it has to join.
pub(super) fn answer<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    snapshot: &Snapshot,
    told: Option<&StatusAnswer>,
) -> HttpResponse {
    let (state, sentence) = sentence(told);
    let refresh_seconds = told.map_or(REFRESH_SECONDS, |told| told.poll_after_ms.div_ceil(1000));
    let mut response = if wants_page(request) {
        let to = request.uri().path_and_query().map_or("/", |target| target.as_str());
        page(platform, snapshot, state, &sentence, to, Some(refresh_seconds))
    } else {
        let body = InQueue {
            error: "in_queue",
            message: &sentence,
            event_id: snapshot.event_id.as_str(),
            queue: told,
        };
        json(StatusCode::SERVICE_UNAVAILABLE, &body)
    };
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(refresh_seconds));
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Cookie"));
    response
}

/// The page while nobody is let in.
pub(super) fn closed<P: Platform>(platform: &P, snapshot: &Snapshot) -> HttpResponse {
    let sentence = "The organiser lets nobody in at the moment. Places in the queue are kept.";
    let mut page = page(platform, snapshot, "closed", sentence, "/", Some(60));
    *page.status_mut() = StatusCode::SERVICE_UNAVAILABLE;
    page
}

fn page<P: Platform>(
    platform: &P,
    snapshot: &Snapshot,
    state: &str,
    sentence: &str,
    to: &str,
    refresh_seconds: Option<u64>,
) -> HttpResponse {
    let policy = &snapshot.config.policy;
    let identity = policy.identity;
    // The built-in proof of work has no site key and needs no widget.
    let (captcha, site_key) =
        (policy.captcha.site_key.as_deref()).map_or(("", ""), |key| (policy.captcha.provider.name(), key));
    let without_script = state == "join" && identity.without_script;
    let html = PAGE
        .replace("{{name}}", &escaped(&snapshot.config.name))
        .replace("{{event_id}}", snapshot.event_id.as_str())
        .replace("{{state}}", state)
        .replace("{{sentence}}", &escaped(sentence))
        .replace("{{form}}", if without_script { "" } else { "hidden" })
        .replace("{{captcha}}", captcha)
        .replace("{{site_key}}", &escaped(site_key))
        .replace("{{to}}", &escaped(to));
    let mut response = bytes(StatusCode::OK, html.into_bytes(), "text/html; charset=utf-8", NO_STORE);
    pages::add_policy(platform, &mut response, Embeds::CaptchaProviders);
    let headers = response.headers_mut();
    // With none the form would come from nowhere.
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    headers.insert("x-robots-tag", HeaderValue::from_static("noindex"));
    // Whoever has to join and runs no script has a button to press, which a refresh would take away.
    if let Some(seconds) = refresh_seconds.filter(|_| state != "join") {
        headers.insert("refresh", HeaderValue::from(seconds));
    }
    response
}

/// A word for the page's script, and a sentence for people.
fn sentence(told: Option<&StatusAnswer>) -> (&'static str, String) {
    let Some(told) = told else {
        return (
            "join",
            "Many people want to get in. Join the queue to get a place.".to_owned(),
        );
    };
    let sentence = match told.status {
        QueueStatus::PreQueue => "You are in. Places are drawn at random when it begins.".to_owned(),
        QueueStatus::Drawing => "You are in. Your place is being drawn.".to_owned(),
        QueueStatus::Paused => "You are in. Nobody is admitted for the moment; your place is kept.".to_owned(),
        QueueStatus::SoldOut => "Everything is gone: there is nothing left to queue for.".to_owned(),
        QueueStatus::YourTurn => "It is your turn.".to_owned(),
        QueueStatus::Expired => "Your turn is over. Join again for a new place.".to_owned(),
        QueueStatus::Waiting => waiting(told),
    };
    ("waiting", sentence)
}

fn waiting(told: &StatusAnswer) -> String {
    let ahead = match told.total_ahead.unwrap_or_default() {
        0 => "You are next.".to_owned(),
        1 => "One person is ahead of you.".to_owned(),
        ahead => format!("{ahead} people are ahead of you."),
    };
    match told.estimated_wait_minutes {
        Some(0 | 1) => format!("{ahead} About a minute."),
        Some(minutes) => format!("{ahead} About {minutes} minutes."),
        None => ahead,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_way_back_never_leaves_the_site() {
        for (text, expected) in [
            ("%2Fshop%3Fa%3D1", Some("/shop?a=1")),
            ("/shop", Some("/shop")),
            ("%2F%2Fevil.example", None),
            ("%2F%5Cevil.example", None),
            ("https%3A%2F%2Fevil.example", None),
            ("/a%0D%0ASet-Cookie", None),
            ("/a%0", None),
            ("/a%zz", None),
            ("", None),
        ] {
            let form = HttpRequest::new(format!("event_id=a&to={text}").into_bytes());
            let back = form_field(&form, "to").and_then(|decoded| path_back(&decoded));
            assert_eq!(back.as_deref(), expected, "{text}");
        }
        assert_eq!(form_field(&HttpRequest::new(b"a=1".to_vec()), "to"), None);
    }

    #[test]
    fn what_an_organiser_wrote_is_text() {
        assert_eq!(escaped(r#"<a href="x">&'"#), "&lt;a href=&quot;x&quot;&gt;&amp;&#39;");
    }
}
