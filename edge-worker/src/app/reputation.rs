//! What is known of addresses, as the origin last said. An instance asks at most once a minute, and an origin that does not
//! answer delays no join for long: the table there was goes on.

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
    table: Rc<Table>,
    etag: Option<HeaderValue>,
    asked_at: UnixMillis,
}

thread_local! {
    /// Never borrowed across an await.
    static KNOWN: RefCell<Known> = RefCell::default();
}

/// The table, asked for anew if it is time. One request asks; the others go on with what there is.
pub(super) async fn table<P: Platform>(platform: &P) -> Rc<Table> {
    let now = platform.now();
    let refresh_ms = match platform.config().development {
        true => REFRESH_IN_DEVELOPMENT_MS,
        false => REFRESH_MS,
    };
    // A site of somebody else's knows nothing of addresses.
    let ours = platform.config().site_events.is_empty();
    let due = KNOWN.with_borrow_mut(|known| {
        let due = ours && now.since(known.asked_at) >= refresh_ms;
        if due {
            known.asked_at = now;
        }
        due
    });
    if due && !refresh(platform).await {
        KNOWN.with_borrow_mut(|known| known.asked_at = now.minus(refresh_ms.saturating_sub(RETRY_MS)));
    }
    KNOWN.with_borrow(|known| Rc::clone(&known.table))
}

/// Whether the origin answered.
async fn refresh<P: Platform>(platform: &P) -> bool {
    let etag = KNOWN.with_borrow(|known| known.etag.clone());
    // What fails is in the log of whoever asked.
    let Ok(answer) = platform.ask(request(platform, etag), PATIENCE).await else {
        return false;
    };
    match answer.status() {
        StatusCode::NOT_MODIFIED => {}
        StatusCode::OK => learn(platform, &answer),
        status => {
            platform.warn(&format!("the origin does not serve the table of addresses: {status}"));
            return false;
        }
    }
    true
}

fn learn<P: Platform>(platform: &P, answer: &HttpResponse) {
    let text = str::from_utf8(answer.body()).map_err(|_| "it is not text".to_owned());
    match text.and_then(|text| Table::parse(text).map_err(|error| error.to_string())) {
        Ok(table) => KNOWN.with_borrow_mut(|known| {
            known.table = Rc::new(table);
            known.etag = answer.headers().get(header::ETAG).cloned();
        }),
        Err(problem) => platform.warn(&format!("the table of addresses cannot be used: {problem}")),
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
