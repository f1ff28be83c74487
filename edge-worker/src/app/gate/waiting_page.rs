//! What a client gets in place of a guarded address: a person a page, a program JSON, a part of a
//! page a few bytes. All are 503 with `Retry-After` (RFC 9110, section 15.6.4), so that no crawler,
//! cache or monitor takes them for the site.
//!
//! The page works without its script: it refreshes itself as often as the poll law says, and its
//! buttons are forms.

use std::{cell::RefCell, rc::Rc};

use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use stanchion_shared::{
    snapshot::Snapshot,
    timestamp::UnixMillis,
    wire::{QueueStatus, StatusAnswer},
};

use super::{
    asker::Asker,
    standing_text::{self, Holds, StandingText},
    waiting_html::{Page, Script, Ways},
    way_back,
};
use crate::{
    app::http::{
        refusal::Refusal,
        response::{HTML, NO_STORE, bytes, json},
        security_headers::{self, Embeds},
        static_file,
    },
    platform::{HttpRequest, HttpResponse, Platform},
};

/// Where the page's template is among the static files.
const TEMPLATE_PATH: &str = "pages/waiting.html";
/// How often a client asks that has no place yet, in seconds.
const REFRESH_SECONDS: u64 = 20;
/// How often a client asks when nothing is left or nobody is let in, in seconds.
const SELDOM_SECONDS: u64 = 60;

/// The waiting page.
pub(super) async fn for_person<P: Platform>(
    platform: &P,
    snapshot: &Snapshot,
    holds: &Holds<'_>,
    ways: &Ways<'_>,
) -> Result<HttpResponse, Refusal> {
    let (now, on_sale_time) = (platform.now(), snapshot.settings.on_sale_time);
    let script = match holds {
        Holds::Nothing | Holds::OverTicket => Script::Joins,
        Holds::Ticket(polled) if polled.status == QueueStatus::SoldOut => Script::Rests,
        Holds::Ticket(_) => Script::Polls,
    };
    let standing = match holds {
        Holds::Ticket(polled) => serde_json::to_string(&ShownStanding::of(polled)).expect("wire types serialise"),
        _ => String::new(),
    };
    let seconds = retry_seconds(holds);
    let has_turn = matches!(holds, Holds::Ticket(polled) if polled.status == QueueStatus::YourTurn);
    let next = ways.back.filter(|_| has_turn).unwrap_or(ways.to);
    let page = Page {
        event: Some(snapshot),
        script,
        text: standing_text::of(holds, on_sale_time, now),
        standing,
        // A person who has to join without script has a button to press, which a refresh would take
        // away.
        refresh: (script == Script::Polls).then_some((seconds, next)),
        ways,
        again: None,
    };
    let response = shown(platform, &page, StatusCode::SERVICE_UNAVAILABLE).await?;
    Ok(unavailable(response, seconds))
}

/// What a program gets: JSON with the standing of its ticket, if it has one.
pub(super) fn for_program<P: Platform>(platform: &P, snapshot: &Snapshot, holds: &Holds<'_>) -> HttpResponse {
    let text = standing_text::of(holds, snapshot.settings.on_sale_time, platform.now());
    let body = InQueueAnswer {
        error: "in_queue",
        message: &text.text,
        event_id: snapshot.event_id.as_str(),
        queue: match holds {
            Holds::Ticket(polled) => Some(polled),
            _ => None,
        },
    };
    unavailable(json(StatusCode::SERVICE_UNAVAILABLE, &body), retry_seconds(holds))
}

/// What a part of a page gets. No browser shows it, not even in a frame.
pub(super) fn for_page_part<P: Platform>(platform: &P, snapshot: &Snapshot) -> HttpResponse {
    let mut response = for_program(platform, snapshot, &Holds::Nothing);
    response.headers_mut().insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'"),
    );
    response
}

/// What a client gets while the organiser lets nobody in.
pub(super) async fn closed<P: Platform>(
    platform: &P,
    snapshot: &Snapshot,
    asker: Asker,
    ways: &Ways<'_>,
) -> Result<HttpResponse, Refusal> {
    let refusal = Refusal::gate_closed();
    if asker != Asker::Person {
        return Ok(unavailable(refusal.into_response(), SELDOM_SECONDS));
    }
    let text = StandingText {
        short: "Closed".to_owned(),
        heading: "Nobody is let in at the moment",
        text: refusal.message().to_owned().into(),
        ..StandingText::default()
    };
    let page = Page {
        event: Some(snapshot),
        script: Script::Rests,
        text,
        standing: String::new(),
        refresh: None,
        ways,
        again: None,
    };
    let response = shown(platform, &page, StatusCode::SERVICE_UNAVAILABLE).await?;
    let mut response = unavailable(response, SELDOM_SECONDS);
    refresh(&mut response, ways.back.unwrap_or(ways.to));
    Ok(response)
}

/// The page of a person who has left the queue.
pub(crate) async fn left<P: Platform>(platform: &P, snapshot: &Snapshot, to: &str) -> Result<HttpResponse, Refusal> {
    let text = StandingText {
        short: "You have left".to_owned(),
        heading: "You have left the queue",
        text: "Your place is given up.".into(),
        ..StandingText::default()
    };
    let page = Page {
        event: Some(snapshot),
        script: Script::Rests,
        text,
        standing: String::new(),
        refresh: None,
        ways: &Ways { to, back: None },
        again: Some("Join again for a new place"),
    };
    shown(platform, &page, StatusCode::OK).await
}

/// A refusal as a person can read it, with the refusal's status and headers. Where the page cannot
/// be read, it is the refusal as programs get it.
pub(crate) async fn refused<P: Platform>(platform: &P, request: &HttpRequest, refusal: Refusal) -> HttpResponse {
    let to = match way_back::is_safe(request) {
        true => way_back::own_target(request),
        false => way_back::of_write(request),
    };
    let text = StandingText {
        short: "This did not work".to_owned(),
        heading: match refusal.is_fault() || refusal.is_too_many() {
            true => "Not now",
            false => "This did not work",
        },
        text: refusal.message().to_owned().into(),
        ..StandingText::default()
    };
    let page = Page {
        event: None,
        script: Script::Rests,
        text,
        standing: String::new(),
        refresh: None,
        ways: &Ways { to: &to, back: None },
        again: Some("Try again"),
    };
    let told = refusal.into_response();
    let Ok(mut response) = shown(platform, &page, told.status()).await else {
        return told;
    };
    for name in [header::RETRY_AFTER, header::ALLOW, header::WWW_AUTHENTICATE] {
        if let Some(value) = told.headers().get(&name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    refresh(&mut response, &to);
    response
}

/// A page that no cache keeps.
///
/// # Errors
/// The edge has no template for it, or cannot read it.
async fn shown<P: Platform>(platform: &P, page: &Page<'_>, status: StatusCode) -> Result<HttpResponse, Refusal> {
    let html = page.html(&template(platform).await?, platform.now());
    let mut response = bytes(status, html.into_bytes(), HTML, NO_STORE);
    security_headers::add(platform, &mut response, Embeds::CaptchaProviders);
    // Without a referrer the browser would send the forms with `Origin: null`.
    response
        .headers_mut()
        .insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
    Ok(response)
}

thread_local! {
    /// The template, read once per instance: it changes with the deployment only.
    static TEMPLATE: RefCell<Option<Rc<str>>> = const { RefCell::new(None) };
}

/// The page's static file, which names its assets.
async fn template<P: Platform>(platform: &P) -> Result<Rc<str>, Refusal> {
    if let Some(template) = TEMPLATE.with_borrow(Clone::clone) {
        return Ok(template);
    }
    let read = platform.static_file(TEMPLATE_PATH).await?;
    let text = read.and_then(|bytes| String::from_utf8(bytes).ok());
    let template: Rc<str> = text
        .ok_or_else(|| static_file::missing(platform, TEMPLATE_PATH))?
        .into();
    TEMPLATE.set(Some(Rc::clone(&template)));
    Ok(template)
}

/// Says when to ask again, and by which headers of a request the answer differs.
fn unavailable(mut response: HttpResponse, seconds: u64) -> HttpResponse {
    let headers = response.headers_mut();
    headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    headers.insert(header::VARY, HeaderValue::from_static("Accept, Cookie, Sec-Fetch-Dest"));
    response
}

/// Lets a browser ask for `to` after the time of `Retry-After`, if there is one: it is named, since
/// the page may answer a form, which nobody may send again.
fn refresh(response: &mut HttpResponse, to: &str) {
    let headers = response.headers_mut();
    let seconds = headers
        .get(header::RETRY_AFTER)
        .and_then(|seconds| seconds.to_str().ok());
    let value = seconds.and_then(|seconds| HeaderValue::from_str(&format!("{seconds}; url={to}")).ok());
    if let Some(value) = value {
        headers.insert("refresh", value);
    }
}

/// When it makes sense to ask again, by the poll law.
fn retry_seconds(holds: &Holds<'_>) -> u64 {
    match holds {
        Holds::Ticket(polled) => polled.poll_after_ms.map_or(SELDOM_SECONDS, |ms| ms.div_ceil(1000)),
        Holds::Nothing | Holds::OverTicket => REFRESH_SECONDS,
    }
}

/// What the script shows before its first poll. Tokens stay in cookies.
#[derive(Serialize)]
struct ShownStanding {
    status: QueueStatus,
    position: Option<u64>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    second_line: bool,
    total_ahead: Option<u64>,
    estimated_wait_seconds: Option<u64>,
    drawn_at: Option<UnixMillis>,
    poll_after_ms: Option<u64>,
}

impl ShownStanding {
    fn of(polled: &StatusAnswer) -> ShownStanding {
        ShownStanding {
            status: polled.status,
            position: polled.position,
            second_line: polled.second_line,
            total_ahead: polled.total_ahead,
            estimated_wait_seconds: polled.estimated_wait_seconds,
            drawn_at: polled.drawn_at,
            poll_after_ms: polled.poll_after_ms,
        }
    }
}

/// The JSON that a program gets.
#[derive(Serialize)]
struct InQueueAnswer<'a> {
    error: &'static str,
    message: &'a str,
    event_id: &'a str,
    /// Where the ticket stands; null without one.
    queue: Option<&'a StatusAnswer>,
}
