//! What is known of addresses, as the origin last said. An instance that has a table asks at most once a minute, by one of
//! its joins; the others go on with what there is. One that has none yet waits for its first answer: an instance may live for
//! moments only, and a join that did not wait would never be judged by any table. But at an on-sale hundreds of such
//! instances meet dozens of joins each: few of them ask, and where the runtime has a cache, the first of a data centre asks
//! for the others. An origin that does not answer delays no join for long: the score goes on without, and says so.

use std::{cell::RefCell, rc::Rc, time::Duration};

use http::{HeaderValue, StatusCode, header};
use stanchion_shared::{
    control::{self, ControlRequest, SIGNATURE_HEADER, TIME_HEADER},
    score::reputation::Table,
    timestamp::UnixMillis,
};

use super::questions::Questions;
use crate::platform::{HttpRequest, HttpResponse, Platform};

/// Where the origin serves the table. The edge passes nobody on to it: see [`super::route`].
const PATH: &str = "/api/v1/edge/reputation";
/// The table is asked for again after this long, in ms.
const REFRESH_MS: u64 = 60_000;
/// In development sooner, in ms: whoever changes the file wants to see it.
const REFRESH_IN_DEVELOPMENT_MS: u64 = 1_000;
/// After a question that the origin did not answer it is asked again this soon, in ms.
const RETRY_MS: u64 = 1_000;
/// A join waits for the origin's answer at most this long.
const PATIENCE: Duration = Duration::from_secs(1);
/// So many joins of an instance without a table ask at once. A whole table is some MiB, and an instance has 128 of them; two,
/// because whoever asks may go away.
const MOST_QUESTIONS: usize = 2;
/// How often the others look whether there is a table now.
const LOOK_AGAIN: Duration = Duration::from_millis(25);
/// When the origin was asked for what the runtime keeps, in ms.
const ASKED_AT: &str = "stanchion-asked-at";

struct Known {
    /// `None`: the origin has not answered yet.
    table: Option<Rc<Table>>,
    etag: Option<HeaderValue>,
    /// Nobody has to ask before.
    ask_from: UnixMillis,
    /// While there is no table.
    questions: Questions,
}

/// What a join does before it looks into the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Turn {
    Ask,
    /// Enough others ask, and there is no table yet.
    Wait,
    GoOn,
}

impl Known {
    fn new() -> Known {
        Known {
            table: None,
            etag: None,
            ask_from: UnixMillis(0),
            questions: Questions::new(MOST_QUESTIONS, PATIENCE),
        }
    }

    /// With a table one asks, and the others take what there is. Without one a few ask, and only after a question that
    /// failed they let the origin be for a moment.
    fn turn(&mut self, now: UnixMillis, refresh_ms: u64) -> Turn {
        if now < self.ask_from {
            return Turn::GoOn;
        }
        if self.table.is_some() {
            self.ask_from = now.plus(refresh_ms);
            return Turn::Ask;
        }
        match self.questions.begin(now) {
            true => Turn::Ask,
            false => Turn::Wait,
        }
    }

    /// Whether a question is open that may bring the first table.
    fn may_come(&mut self, now: UnixMillis) -> bool {
        self.table.is_none() && now >= self.ask_from && self.questions.is_any_open(now)
    }

    fn answered(&mut self, asked_at: UnixMillis, ask_from: UnixMillis) {
        self.ask_from = ask_from;
        self.questions.end(asked_at);
    }
}

thread_local! {
    /// Never borrowed across an await.
    static KNOWN: RefCell<Known> = RefCell::new(Known::new());
}

/// What a join is judged by.
pub(super) enum Addresses {
    /// The table. A site of somebody else's has an empty one: it knows nothing of addresses.
    Known(Rc<Table>),
    /// There is one, and the origin has not told it.
    Unavailable,
}

/// What is known of addresses, asked for if it is time.
pub(super) async fn addresses<P: Platform>(platform: &P) -> Addresses {
    if !platform.config().site_events.is_empty() {
        return Addresses::Known(Rc::default());
    }
    let now = platform.now();
    match KNOWN.with_borrow_mut(|known| known.turn(now, refresh_ms(platform))) {
        Turn::Ask => refresh(platform, now).await,
        Turn::Wait => wait(platform, now).await,
        Turn::GoOn => {}
    }
    let table = KNOWN.with_borrow(|known| known.table.clone());
    table.map_or(Addresses::Unavailable, Addresses::Known)
}

/// By a timer of its own: on Cloudflare no request may wait for what another has begun.
async fn wait<P: Platform>(platform: &P, from: UnixMillis) {
    loop {
        let now = platform.now();
        let waited = u128::from(now.since(from));
        if waited >= PATIENCE.as_millis() || !KNOWN.with_borrow_mut(|known| known.may_come(now)) {
            return;
        }
        platform.sleep(LOOK_AGAIN).await;
    }
}

fn refresh_ms<P: Platform>(platform: &P) -> u64 {
    match platform.config().development {
        true => REFRESH_IN_DEVELOPMENT_MS,
        false => REFRESH_MS,
    }
}

async fn refresh<P: Platform>(platform: &P, now: UnixMillis) {
    let ask_from = match from_near(platform).await {
        Some(asked_at) => asked_at.plus(refresh_ms(platform)),
        None => {
            let asked_at = platform.now();
            let pause_ms = match from_origin(platform, asked_at).await {
                true => refresh_ms(platform),
                false => RETRY_MS,
            };
            platform.now().plus(pause_ms)
        }
    };
    KNOWN.with_borrow_mut(|known| known.answered(now, ask_from));
}

/// Whether the origin said what is known of addresses.
async fn from_origin<P: Platform>(platform: &P, asked_at: UnixMillis) -> bool {
    let etag = KNOWN.with_borrow(|known| known.etag.clone());
    // What fails is in the log of whoever asked.
    let Ok(answer) = platform.ask(request(platform, etag), PATIENCE).await else {
        return false;
    };
    let heeded = heed(platform, &answer);
    if heeded && answer.status() == StatusCode::OK {
        platform.keep(&near(platform), &copy(platform, answer, asked_at)).await;
    }
    heeded
}

/// The first table may be one that another instance nearby asked for, at the time that it comes back with. A later one is
/// asked for by its tag, which costs the origin little.
async fn from_near<P: Platform>(platform: &P) -> Option<UnixMillis> {
    if KNOWN.with_borrow(|known| known.table.is_some()) {
        return None;
    }
    let kept = platform.kept(&near(platform)).await?;
    let asked_at = kept.headers().get(ASKED_AT)?.to_str().ok()?.parse().ok()?;
    learn(platform, &kept).then_some(UnixMillis(asked_at))
}

/// Under what the runtime keeps it. Another edge in the same data centre may have another origin.
fn near<P: Platform>(platform: &P) -> String {
    format!("{PATH}?of={}", platform.config().origin_url)
}

/// What the runtime keeps: nothing but the table, and not longer than until it is asked for again.
fn copy<P: Platform>(platform: &P, answer: HttpResponse, asked_at: UnixMillis) -> HttpResponse {
    let value = |text: String| HeaderValue::try_from(text).expect("digits and words");
    let (parts, table) = answer.into_parts();
    let mut copy = HttpResponse::new(table);
    let max_age = format!("public, max-age={}", refresh_ms(platform) / 1_000);
    copy.headers_mut().insert(header::CACHE_CONTROL, value(max_age));
    copy.headers_mut().insert(ASKED_AT, value(asked_at.0.to_string()));
    if let Some(etag) = parts.headers.get(header::ETAG) {
        copy.headers_mut().insert(header::ETAG, etag.clone());
    }
    copy
}

/// Whether the answer says what is known of addresses.
fn heed<P: Platform>(platform: &P, answer: &HttpResponse) -> bool {
    match answer.status() {
        StatusCode::NOT_MODIFIED => true,
        StatusCode::OK => learn(platform, answer),
        status => {
            platform.warn(&format!("the origin does not serve the table of addresses: {status}"));
            false
        }
    }
}

fn learn<P: Platform>(platform: &P, answer: &HttpResponse) -> bool {
    let etag = answer.headers().get(header::ETAG);
    // Joins that arrived together have all asked: one of them reads it.
    if etag.is_some() && KNOWN.with_borrow(|known| known.etag.as_ref() == etag) {
        return true;
    }
    let text = str::from_utf8(answer.body()).map_err(|_| "it is not text".to_owned());
    match text.and_then(|text| Table::parse(text).map_err(|error| error.to_string())) {
        Ok(table) => {
            KNOWN.with_borrow_mut(|known| {
                known.table = Some(Rc::new(table));
                known.etag = etag.cloned();
            });
            true
        }
        Err(problem) => {
            platform.warn(&format!("the table of addresses cannot be used: {problem}"));
            false
        }
    }
}

/// Signed as the control API is: the table is nobody's business but the edge's.
fn request<P: Platform>(platform: &P, etag: Option<HeaderValue>) -> HttpRequest {
    let config = platform.config();
    let signed = ControlRequest {
        method: "GET",
        path: PATH,
        query: "",
        body: b"",
    };
    let (time, signature) = control::sign(&config.control_key, &signed, platform.now());
    let mut request = HttpRequest::new(Vec::new());
    let uri = format!("{}{PATH}", config.origin_url);
    *request.uri_mut() = uri.parse().expect("the origin's address was checked at the start");
    let value = |text: String| HeaderValue::try_from(text).expect("digits and hex");
    request.headers_mut().insert(TIME_HEADER, value(time));
    request.headers_mut().insert(SIGNATURE_HEADER, value(signature));
    if let Some(etag) = etag {
        request.headers_mut().insert(header::IF_NONE_MATCH, etag);
    }
    request
}

#[cfg(test)]
mod tests;
