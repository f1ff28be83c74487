//! The table of addresses, which the origin serves.
//!
//! - An instance that has a table asks for a newer one at most once a minute, by one of its joins.
//!   The other joins use the table that there is.
//! - An instance without a table waits for its first one. An instance may live for moments only,
//!   and without waiting its joins would never be judged by any table.
//! - At an on-sale hundreds of new instances meet dozens of joins each. So only few joins of an
//!   instance ask, and where the runtime has a cache, the first instance of a data centre asks for
//!   the others.
//! - An origin that does not answer delays no join for long: the score does without the table, and
//!   says so.

use std::{cell::RefCell, rc::Rc, time::Duration};

use http::{HeaderValue, StatusCode, header};
use stanchion_shared::{
    control::{self, ControlRequest, SIGNATURE_HEADER, TIME_HEADER},
    ids::EventId,
    score::reputation::ReputationTable,
    timestamp::UnixMillis,
};

use crate::{
    app::cache::single_flight::SingleFlight,
    platform::{HttpRequest, HttpResponse, Platform},
};

/// Where the origin serves the table. The edge passes no client's request on to it, see
/// [`crate::app::route`].
const PATH: &str = "/api/v1/edge/reputation";
/// How old a table may be before it is asked for again, in ms.
const REFRESH_MS: u64 = 60_000;
/// The same in development, in ms: a developer who changes the file wants to see the effect.
const REFRESH_IN_DEVELOPMENT_MS: u64 = 1_000;
/// If the origin did not answer, it is asked again after this long, in ms.
const RETRY_MS: u64 = 1_000;
/// A join waits for the origin's answer at most this long.
const PATIENCE: Duration = Duration::from_secs(1);
/// How many joins of an instance without a table ask at once. A whole table is some MiB, and an
/// instance has 128 MiB. Two, because one of them may be abandoned by its client.
const MOST_QUESTIONS: usize = 2;
/// How often the other joins look whether there is a table now.
const LOOK_AGAIN: Duration = Duration::from_millis(25);
/// Header of the copy in the runtime's cache: when the origin was asked for it, in Unix ms.
const ASKED_AT: &str = "stanchion-asked-at";

/// The table as this instance knows it, and when it is asked for again.
struct TableCache {
    /// `None` as long as the origin has not answered.
    table: Option<Rc<ReputationTable>>,
    etag: Option<HeaderValue>,
    /// Before this instant no join has to ask.
    ask_from: UnixMillis,
    /// Limits how many joins ask at once while there is no table.
    first_questions: SingleFlight,
}

/// What a join does before it uses the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum NextStep {
    Ask,
    /// There is no table yet, and enough other joins ask.
    Wait,
    GoOn,
}

impl TableCache {
    fn new() -> TableCache {
        TableCache {
            table: None,
            etag: None,
            ask_from: UnixMillis(0),
            first_questions: SingleFlight::new(MOST_QUESTIONS, PATIENCE),
        }
    }

    /// With a table one join asks and the others use the table. Without one a few joins ask; after
    /// a question that failed none asks for [`RETRY_MS`].
    fn next_step(&mut self, now: UnixMillis, refresh_ms: u64) -> NextStep {
        if now < self.ask_from {
            return NextStep::GoOn;
        }
        if self.table.is_some() {
            self.ask_from = now.plus(refresh_ms);
            return NextStep::Ask;
        }
        match self.first_questions.begin(now) {
            true => NextStep::Ask,
            false => NextStep::Wait,
        }
    }

    /// Whether a question is open that may bring the first table.
    fn may_come(&mut self, now: UnixMillis) -> bool {
        self.table.is_none() && now >= self.ask_from && self.first_questions.is_any_open(now)
    }

    fn answered(&mut self, asked_at: UnixMillis, ask_from: UnixMillis) {
        self.ask_from = ask_from;
        self.first_questions.end(asked_at);
    }
}

thread_local! {
    /// Never borrowed across an await.
    static TABLE: RefCell<TableCache> = RefCell::new(TableCache::new());
}

/// The table by which a join is judged.
pub(crate) enum AddressTable {
    /// The origin's table. A protected site serves none, so in front of one the table is empty.
    Known(Rc<ReputationTable>),
    /// The origin has not answered.
    Unavailable,
}

/// The table for joins of an event, asked for anew if it is time.
pub(crate) async fn table<P: Platform>(platform: &P, event: &EventId) -> AddressTable {
    let sites = &platform.config().sites;
    let Some(origin_url) = sites.shop_url().filter(|_| sites.is_of_shop(event)) else {
        return AddressTable::Known(Rc::default());
    };
    let now = platform.now();
    match TABLE.with_borrow_mut(|cache| cache.next_step(now, refresh_ms(platform))) {
        NextStep::Ask => refresh(platform, origin_url, now).await,
        NextStep::Wait => wait(platform, now).await,
        NextStep::GoOn => {}
    }
    let table = TABLE.with_borrow(|cache| cache.table.clone());
    table.map_or(AddressTable::Unavailable, AddressTable::Known)
}

/// Waits for the table that other joins ask for, by a timer: on Cloudflare no request may await
/// what another began.
async fn wait<P: Platform>(platform: &P, from: UnixMillis) {
    loop {
        let now = platform.now();
        let waited = u128::from(now.since(from));
        if waited >= PATIENCE.as_millis() || !TABLE.with_borrow_mut(|cache| cache.may_come(now)) {
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

async fn refresh<P: Platform>(platform: &P, origin_url: &str, now: UnixMillis) {
    let ask_from = match from_runtime_cache(platform, origin_url).await {
        Some(asked_at) => asked_at.plus(refresh_ms(platform)),
        None => {
            let asked_at = platform.now();
            let pause_ms = match from_origin(platform, origin_url, asked_at).await {
                true => refresh_ms(platform),
                false => RETRY_MS,
            };
            platform.now().plus(pause_ms)
        }
    };
    TABLE.with_borrow_mut(|cache| cache.answered(now, ask_from));
}

/// Asks the origin; whether it served a table.
async fn from_origin<P: Platform>(platform: &P, origin_url: &str, asked_at: UnixMillis) -> bool {
    let etag = TABLE.with_borrow(|cache| cache.etag.clone());
    // The platform logs why a fetch fails.
    let Ok(answer) = platform
        .fetch_within(request(platform, origin_url, etag), PATIENCE)
        .await
    else {
        return false;
    };
    let served = use_answer(platform, &answer);
    if served && answer.status() == StatusCode::OK {
        platform
            .cache_put(&cache_key(origin_url), &cache_copy(platform, answer, asked_at))
            .await;
    }
    served
}

/// Takes the first table from the runtime's cache, if another instance nearby asked for it; when
/// that was. Later tables are asked for by their entity tag, which costs the origin little.
async fn from_runtime_cache<P: Platform>(platform: &P, origin_url: &str) -> Option<UnixMillis> {
    if TABLE.with_borrow(|cache| cache.table.is_some()) {
        return None;
    }
    let kept = platform.cache_get(&cache_key(origin_url)).await?;
    let asked_at = kept.headers().get(ASKED_AT)?.to_str().ok()?.parse().ok()?;
    remember(platform, &kept).then_some(UnixMillis(asked_at))
}

/// The key in the runtime's cache. Another edge in the same data centre may have another origin.
fn cache_key(origin_url: &str) -> String {
    format!("{PATH}?of={origin_url}")
}

/// What the runtime's cache gets: the table alone, to be kept until it is asked for again.
fn cache_copy<P: Platform>(platform: &P, answer: HttpResponse, asked_at: UnixMillis) -> HttpResponse {
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

/// Uses the origin's answer; whether it served a table.
fn use_answer<P: Platform>(platform: &P, answer: &HttpResponse) -> bool {
    match answer.status() {
        StatusCode::NOT_MODIFIED => true,
        StatusCode::OK => remember(platform, answer),
        status => {
            platform.warn(&format!("the origin does not serve the table of addresses: {status}"));
            false
        }
    }
}

/// Parses and remembers the table of an answer; whether it can be used.
fn remember<P: Platform>(platform: &P, answer: &HttpResponse) -> bool {
    let etag = answer.headers().get(header::ETAG);
    // Joins that arrived together may all have asked: the first answer is parsed, the others have
    // the same entity tag.
    if etag.is_some() && TABLE.with_borrow(|cache| cache.etag.as_ref() == etag) {
        return true;
    }
    let text = str::from_utf8(answer.body()).map_err(|_| "it is not text".to_owned());
    match text.and_then(|text| ReputationTable::parse(text).map_err(|error| error.to_string())) {
        Ok(table) => {
            TABLE.with_borrow_mut(|cache| {
                cache.table = Some(Rc::new(table));
                cache.etag = etag.cloned();
            });
            true
        }
        Err(problem) => {
            platform.warn(&format!("the table of addresses cannot be used: {problem}"));
            false
        }
    }
}

/// The request for the table, signed as in the control API: the table is for the edge alone.
fn request<P: Platform>(platform: &P, origin_url: &str, etag: Option<HeaderValue>) -> HttpRequest {
    let config = platform.config();
    let signed = ControlRequest {
        method: "GET",
        path: PATH,
        query: "",
        body: b"",
    };
    let (time, signature) = control::sign(&config.control_key, &signed, platform.now());
    let mut request = HttpRequest::new(Vec::new());
    let uri = format!("{origin_url}{PATH}");
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
