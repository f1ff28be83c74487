//! The origin's admin API, as far as a run needs it: create, launch, limits, pause, and whom to invite.

use std::time::Duration;

use reqwest::{Method, RequestBuilder, header::CONTENT_TYPE};
use serde_json::{Value, json};
use stanchion_shared::{
    ids::EventId,
    policy::{BeaconPolicy, MAX_A_MINUTE},
    timestamp::UnixMillis,
};

use crate::venues::{Venue, VenueSection};

/// Creating an arena writes 18,000 seats, launching it loads them: more than a usual request.
const TIMEOUT: Duration = Duration::from_secs(60);
/// From the on-sale to the event itself, which must be in the future. A queue with the shortest windows lives for 12 days,
/// and must live until then.
const STARTS_AFTER_MS: u64 = 10 * 24 * 3_600_000;

/// Speaks to the admin API.
pub(crate) struct AdminApi {
    http: reqwest::Client,
    base: String,
    token: String,
}

/// What an event is to be, apart from its venue.
pub(crate) struct RunEvent<'a> {
    pub(crate) event_id: &'a EventId,
    pub(crate) name: &'a str,
    pub(crate) on_sale_time: UnixMillis,
    pub(crate) most_per_second: u32,
    pub(crate) most_shoppers: u32,
    pub(crate) per_person: u32,
    pub(crate) lock_ms: u64,
    pub(crate) turn_ms: u64,
    pub(crate) shopping_ms: u64,
    pub(crate) draw_window_ms: u64,
    pub(crate) shards: u16,
    pub(crate) challenge_max_number: u64,
    pub(crate) beacon: Option<&'a BeaconPolicy>,
}

/// The admin API did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AdminApiError {
    #[error("the origin's admin API cannot be reached: {0}")]
    Unreachable(#[from] reqwest::Error),
    #[error("the origin's admin API refused {what}: {status} {body}")]
    Refused { what: String, status: u16, body: String },
    #[error("the origin's admin API gave no invitation code for {0}")]
    NoCode(String),
}

impl AdminApi {
    /// For the origin at `base`.
    pub(crate) fn new(base: &str, token: &str) -> Result<AdminApi, AdminApiError> {
        Ok(AdminApi {
            http: reqwest::Client::builder().timeout(TIMEOUT).build()?,
            base: base.to_owned(),
            token: token.to_owned(),
        })
    }

    async fn request(&self, method: Method, path: &str, body: Option<Value>) -> Result<String, AdminApiError> {
        let mut request = self.to(&method, path);
        if let Some(body) = body {
            request = request.json(&body);
        }
        send(request, format!("{method} {path}")).await
    }

    fn to(&self, method: &Method, path: &str) -> RequestBuilder {
        let request = self
            .http
            .request(method.clone(), format!("{}/api/v1/admin{path}", self.base));
        request.bearer_auth(&self.token)
    }

    /// A draft with all its seats.
    pub(crate) async fn create(&self, event: &RunEvent<'_>, venue: &Venue) -> Result<(), AdminApiError> {
        let body = json!({
            "queue": {
                // All simulated fans come from one address, and join as an app does.
                "limits": {"joins_per_address_a_minute": MAX_A_MINUTE},
                "bots": {"apps_without_signals": true},
                "beacon": event.beacon,
            },
            "event_id": event.event_id,
            "name": event.name,
            "starts_at": event.on_sale_time.plus(STARTS_AFTER_MS),
            "on_sale_time": event.on_sale_time,
            "currency": "EUR",
            "venue": {
                "name": venue.name,
                "city": venue.city,
                "latitude": venue.latitude,
                "longitude": venue.longitude,
            },
            "sections": venue.sections.iter().map(section).collect::<Vec<_>>(),
            "limits": {
                "most_per_second": event.most_per_second,
                "most_shoppers": event.most_shoppers,
                "per_person": event.per_person,
                "lock_ms": event.lock_ms,
                "turn_ms": event.turn_ms,
                "shopping_ms": event.shopping_ms,
                "draw_window_ms": event.draw_window_ms,
                "shards": event.shards,
                "challenge_max_number": event.challenge_max_number,
            },
        });
        self.request(Method::POST, "/events", Some(body)).await.map(drop)
    }

    /// From now on fans can join.
    pub(crate) async fn launch(&self, event: &EventId) -> Result<(), AdminApiError> {
        let path = format!("/events/{event}/launch");
        self.request(Method::POST, &path, None).await.map(drop)
    }

    /// From now on the event has verified fans, by invitation.
    pub(crate) async fn offer_verified_fans(&self, event: &EventId) -> Result<(), AdminApiError> {
        let path = format!("/events/{event}/fans");
        self.request(Method::PUT, &path, Some(json!({}))).await.map(drop)
    }

    /// Invites the addresses of a list, one a line.
    pub(crate) async fn invite(&self, event: &EventId, list: String) -> Result<(), AdminApiError> {
        let path = format!("/events/{event}/fans/invitations");
        let request = self.to(&Method::POST, &path).header(CONTENT_TYPE, "text/plain");
        send(request.body(list), format!("POST {path}")).await.map(drop)
    }

    /// All invitations as CSV: `email,code,state`.
    pub(crate) async fn invitations(&self, event: &EventId) -> Result<String, AdminApiError> {
        self.request(Method::GET, &format!("/events/{event}/fans/invitations"), None)
            .await
    }

    /// From now on no fan is admitted.
    pub(crate) async fn pause(&self, event: &EventId) -> Result<(), AdminApiError> {
        let path = format!("/events/{event}/pause");
        self.request(Method::POST, &path, None).await.map(drop)
    }
}

async fn send(request: RequestBuilder, what: String) -> Result<String, AdminApiError> {
    let response = request.send().await?;
    let status = response.status();
    let body = response.text().await?;
    if status.is_success() {
        return Ok(body);
    }
    let status = status.as_u16();
    Err(AdminApiError::Refused { what, status, body })
}

fn section(section: &VenueSection) -> Value {
    let rows: Vec<Value> = section
        .rows
        .iter()
        .map(|row| json!({"label": row.label, "seats": row.seats}))
        .collect();
    json!({
        "code": section.code,
        "name": section.name,
        "price": section.price,
        "fee": section.fee,
        "rows": rows,
    })
}
