//! What is known of addresses, as the origin last said. An instance that has a table asks at most once a minute, by one of
//! its joins; the others go on with what there is. One that has none yet waits for its first answer: an instance may live for
//! moments only, and a join that did not wait would never be judged by any table. An origin that does not answer delays no
//! join for long: the score goes on without, and says so.

use std::{cell::RefCell, rc::Rc, time::Duration};

use http::{HeaderValue, StatusCode, header};
use stanchion_shared::{
    control::{self, ControlRequest, SIGNATURE_HEADER, TIME_HEADER},
    score::reputation::Table,
    timestamp::UnixMillis,
};

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

#[derive(Default)]
struct Known {
    /// `None`: the origin has not answered yet.
    table: Option<Rc<Table>>,
    etag: Option<HeaderValue>,
    /// Nobody has to ask before.
    ask_from: UnixMillis,
}

thread_local! {
    /// Never borrowed across an await.
    static KNOWN: RefCell<Known> = RefCell::default();
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
    if must_ask(platform) {
        refresh(platform).await;
    }
    let table = KNOWN.with_borrow(|known| known.table.clone());
    table.map_or(Addresses::Unavailable, Addresses::Known)
}

/// With a table one asks, and the others take what there is. Without one each asks for itself, because on Cloudflare no
/// request may wait for what another has begun; only after a question that failed they let the origin be for a moment.
fn must_ask<P: Platform>(platform: &P) -> bool {
    let now = platform.now();
    KNOWN.with_borrow_mut(|known| {
        let must = now >= known.ask_from;
        if must && known.table.is_some() {
            known.ask_from = now.plus(refresh_ms(platform));
        }
        must
    })
}

fn refresh_ms<P: Platform>(platform: &P) -> u64 {
    match platform.config().development {
        true => REFRESH_IN_DEVELOPMENT_MS,
        false => REFRESH_MS,
    }
}

async fn refresh<P: Platform>(platform: &P) {
    let etag = KNOWN.with_borrow(|known| known.etag.clone());
    let answered = match platform.ask(request(platform, etag), PATIENCE).await {
        Ok(answer) => heed(platform, &answer),
        // It is in the log of whoever asked.
        Err(_) => false,
    };
    let pause_ms = if answered { refresh_ms(platform) } else { RETRY_MS };
    KNOWN.with_borrow_mut(|known| known.ask_from = platform.now().plus(pause_ms));
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
