//! Attempts to get past the gate: every guarded request with every kind of bad token, at the edge and at the origin itself.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use stanchion_fan_client::{FanClient, FanError, FanRequest, RequestKind};
use stanchion_shared::ids::EventId;

use stanchion_verify::PublicData;

use crate::{
    evidence::{GateAttempt, GateEvidence},
    invariants::counts_add_up::section_fault,
    monitor::SeatsBySection,
    sources::{SourceError, database::SaleDatabase, redis_sections::RedisSections},
};
use forged_tokens::Material;

mod forged_tokens;

/// What is needed to try.
pub struct Gate {
    /// The edge.
    pub edge: FanClient,
    /// The origin itself.
    pub origin: FanClient,
    /// The event whose gate is tried.
    pub event: EventId,
    /// Another event, for which the valid token is not; none where there is no valid token.
    pub other_event: Option<EventId>,
    /// Its seats.
    pub seats: SeatsBySection,
    /// What the edge publishes about it.
    pub public: PublicData,
    /// PostgreSQL.
    pub database: SaleDatabase,
    /// Redis.
    pub redis: RedisSections,
}

/// Paths that look like guarded ones. They do not exist.
const OTHER_SPELLINGS: [&str; 4] = ["//api/v1/cart", "/api/v1/cart/", "/API/v1/cart", "/api/v1/%63art"];
/// A token in place of the shop token is refused with this status.
const UNAUTHORIZED: u16 = 401;
const FORBIDDEN: u16 = 403;
const NOT_FOUND: u16 = 404;

/// All attempts. `expired` and `valid` are shop tokens of the event; without them their attempts are left out.
///
/// # Errors
/// A part does not answer, or Redis contradicts itself.
pub async fn try_everything(
    gate: &Gate,
    account_token: &str,
    expired: Option<&str>,
    valid: Option<&str>,
) -> Result<GateEvidence, FanError> {
    let keys = gate.public.keys().await;
    let (_, jwks) = keys.map_err(|error| FanError(error.to_string()))?;
    let material = Material::new(&jwks, valid, gate.event.as_str())
        .ok_or_else(|| FanError("the published key set has no key".to_owned()))?;

    let mut tokens: Vec<(&str, Option<String>)> = vec![("none", None), ("empty", Some(String::new()))];
    tokens.push(("an account token", Some(account_token.to_owned())));
    tokens.extend(material.tokens().into_iter().map(|(what, token)| (what, Some(token))));
    if let Some(expired) = expired {
        tokens.push(("expired", Some(expired.to_owned())));
    }

    let sessions_before: BTreeSet<String> = sessions(gate).await?;
    let before = count(gate).await?;
    let mut observed = GateEvidence::default();
    let (edge, origin) = (
        At {
            name: "edge",
            client: &gate.edge,
        },
        At {
            name: "origin",
            client: &gate.origin,
        },
    );
    for at in [&edge, &origin] {
        for (what, token) in &tokens {
            for request in guarded_requests(gate, &gate.event, account_token) {
                let tried = attempt(at, request, (what, token.as_deref()), UNAUTHORIZED).await?;
                observed.attempts.push(tried);
            }
        }
    }
    for path in OTHER_SPELLINGS {
        let (name, ask) = (
            format!("GET {path}"),
            FanRequest::new(RequestKind::CartRead, Method::GET, path),
        );
        let request = Request {
            name,
            names_event: false,
            ask,
        };
        observed
            .attempts
            .push(attempt(&edge, request, ("none", None), NOT_FOUND).await?);
    }
    let after = count(gate).await?;
    let changes = before
        .into_iter()
        .zip(after)
        .map(|((what, before), (_, after))| (what, before, after));
    observed.behind_the_gate = changes.collect();
    // Sets are compared and not counts: sessions that end are forgotten, which must not hide a new one.
    let fresh = sessions(gate).await?.difference(&sessions_before).count() as u64;
    observed
        .behind_the_gate
        .push(("new shopping sessions".to_owned(), 0, fresh));

    if let Some(valid) = valid {
        // From here on the token is a valid one, so requests do get through; only the event is another.
        if let Some(other) = &gate.other_event {
            for at in [&edge, &origin] {
                let requests = guarded_requests(gate, other, account_token);
                for request in requests.into_iter().filter(|request| request.names_event) {
                    let token = ("of another event", Some(valid));
                    observed.attempts.push(attempt(at, request, token, FORBIDDEN).await?);
                }
            }
        }
        let seats = guarded_requests(gate, &gate.event, account_token).swap_remove(0);
        let answer = gate.edge.send(&seats.ask.shop_token(valid)).await?;
        observed.valid_status = Some(answer.status.as_u16());
    }
    Ok(observed)
}

/// One request, complete but for the shop token, so that nothing else can be the reason of a refusal.
struct Request {
    /// Method and path.
    name: String,
    /// Whether path or body name the event.
    names_event: bool,
    ask: FanRequest,
}

/// Every guarded method and path.
fn guarded_requests(gate: &Gate, event: &EventId, account_token: &str) -> Vec<Request> {
    let section = gate.seats.keys().next().cloned().unwrap_or_default();
    let seat = gate
        .seats
        .get(&section)
        .and_then(|seats| seats.first())
        .cloned()
        .unwrap_or_default();
    let cart = json!({"event_id": event, "seat_ids": [seat]});
    let checkout = json!({"cart_id": "0".repeat(32), "payment": {"method": "card", "token": "pm_card_visa"}});
    let seats_path = format!("/api/v1/events/{event}/seats?section={section}");
    let request = |names_event, kind, method: Method, path: &str| Request {
        name: format!("{method} {}", path.split('?').next().unwrap_or(path)),
        names_event,
        ask: FanRequest::new(kind, method, path).bearer(account_token),
    };
    let with_body = |mut request: Request, body: &Value| {
        request.ask = request.ask.json(body);
        request
    };
    let mut pay = request(false, RequestKind::Checkout, Method::POST, "/api/v1/checkout");
    pay.ask = pay.ask.header("idempotency-key", "an-intruder");
    vec![
        request(true, RequestKind::Seats, Method::GET, &seats_path),
        request(false, RequestKind::CartRead, Method::GET, "/api/v1/cart"),
        request(false, RequestKind::CartRemove, Method::DELETE, "/api/v1/cart"),
        with_body(
            request(true, RequestKind::CartAdd, Method::POST, "/api/v1/cart/seats"),
            &cart,
        ),
        with_body(
            request(true, RequestKind::CartRemove, Method::DELETE, "/api/v1/cart/seats"),
            &cart,
        ),
        with_body(pay, &checkout),
    ]
}

/// The place where something is tried.
struct At<'a> {
    name: &'a str,
    client: &'a FanClient,
}

async fn attempt(
    at: &At<'_>,
    request: Request,
    (what, token): (&str, Option<&str>),
    expected: u16,
) -> Result<GateAttempt, FanError> {
    let mut ask = request.ask;
    if let Some(token) = token {
        ask = ask.shop_token(token);
    }
    let answer = at.client.send(&ask).await?;
    Ok(GateAttempt {
        at: at.name.to_owned(),
        request: request.name,
        token: what.to_owned(),
        expected,
        status: answer.status.as_u16(),
        word: answer.word(),
    })
}

/// Sessions that reached a guarded path of the event.
async fn sessions(gate: &Gate) -> Result<BTreeSet<String>, FanError> {
    let seen = gate.redis.sessions_seen().await;
    Ok(seen.map_err(|error| FanError(error.to_string()))?.into_iter().collect())
}

/// What a request that got through would move.
async fn count(gate: &Gate) -> Result<Vec<(String, u64)>, FanError> {
    let source = |error: SourceError| FanError(error.to_string());
    let orders = gate.database.order_count(&gate.event).await.map_err(source)?;
    let (mut locked, mut sold) = (0, 0);
    for (section, seats) in gate.seats.iter() {
        let state = gate.redis.read(section).await.map_err(source)?;
        if let Some(fault) = section_fault(section, seats, &state) {
            return Err(FanError(fault));
        }
        locked += state.due.values().filter(|&&end| end > state.now_ms).count() as u64;
        sold += state.sold;
    }
    Ok(vec![
        ("orders".to_owned(), u64::try_from(orders).unwrap_or_default()),
        ("seats locked".to_owned(), locked),
        ("seats sold".to_owned(), sold),
    ])
}
