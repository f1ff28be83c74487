//! Trying to get past the gate: every gated request with every kind of bad token, at the edge and at the origin itself.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};
use stanchion_shared::identity::EventId;

use crate::{
    client::{Ask, Client, Trouble},
    fan::Session,
    forged::Material,
    invariants::counts_add_up::section_fault,
    latency::Kind,
    observed::{GateObserved, Intrusion},
    sources::{database::Database, public::Public, redis_sections::RedisSections},
    watch::Seats,
};

/// What is needed to try.
pub(crate) struct Gate {
    pub(crate) edge: Client,
    pub(crate) origin: Client,
    pub(crate) event: EventId,
    /// An event for which the valid token is not.
    pub(crate) other_event: Option<EventId>,
    pub(crate) seats: Seats,
    pub(crate) public: Public,
    pub(crate) database: Database,
    pub(crate) redis: RedisSections,
}

/// Paths that look like gated ones and are others: not there.
const OTHER_SPELLINGS: [&str; 4] = ["//api/v1/cart", "/api/v1/cart/", "/API/v1/cart", "/api/v1/%63art"];
/// A token in place of the shop token is refused with this status.
const UNAUTHORIZED: u16 = 401;
const FORBIDDEN: u16 = 403;
const NOT_FOUND: u16 = 404;

/// All tries. `expired` and `valid` are sessions of the event; without them their tries are left out.
pub(crate) async fn try_everything(
    gate: &Gate,
    account_token: &str,
    expired: Option<&Session>,
    valid: Option<&Session>,
) -> Result<GateObserved, Trouble> {
    let source = |error: crate::sources::SourceError| Trouble(error.to_string());
    let (_, jwks) = gate.public.keys().await.map_err(source)?;
    let valid_token = valid.map(|session| session.shop_token.as_str());
    let material = Material::new(&jwks, valid_token, gate.event.as_str())
        .ok_or_else(|| Trouble("the published key set has no key".to_owned()))?;

    let mut tokens: Vec<(&str, Option<String>)> = vec![("none", None), ("empty", Some(String::new()))];
    tokens.push(("an account token", Some(account_token.to_owned())));
    tokens.extend(material.tokens().into_iter().map(|(what, token)| (what, Some(token))));
    if let Some(expired) = expired {
        tokens.push(("expired", Some(expired.shop_token.clone())));
    }

    let sessions_before: BTreeSet<String> = sessions(gate).await?;
    let before = count(gate).await?;
    let mut observed = GateObserved::default();
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
            for request in gated_requests(gate, &gate.event, account_token) {
                let tried = attempt(at, request, (what, token.as_deref()), UNAUTHORIZED).await?;
                observed.intrusions.push(tried);
            }
        }
    }
    for path in OTHER_SPELLINGS {
        let (name, ask) = (format!("GET {path}"), Ask::new(Kind::CartRead, Method::GET, path));
        let request = Request {
            name,
            names_event: false,
            ask,
        };
        observed
            .intrusions
            .push(attempt(&edge, request, ("none", None), NOT_FOUND).await?);
    }
    let after = count(gate).await?;
    let changes = before
        .into_iter()
        .zip(after)
        .map(|((what, before), (_, after))| (what, before, after));
    observed.behind_the_gate = changes.collect();
    // A set, not a count: sessions that end are forgotten, which must not hide one that is new.
    let fresh = sessions(gate).await?.difference(&sessions_before).count() as u64;
    observed
        .behind_the_gate
        .push(("new shopping sessions".to_owned(), 0, fresh));

    if let Some(valid) = valid {
        // From here on the token is a valid one, so requests do get through; only the event is another.
        if let Some(other) = &gate.other_event {
            for at in [&edge, &origin] {
                let requests = gated_requests(gate, other, account_token);
                for request in requests.into_iter().filter(|request| request.names_event) {
                    let token = ("of another event", Some(valid.shop_token.as_str()));
                    observed.intrusions.push(attempt(at, request, token, FORBIDDEN).await?);
                }
            }
        }
        let seats = gated_requests(gate, &gate.event, account_token).swap_remove(0);
        let answer = gate.edge.send(&seats.ask.shop_token(&valid.shop_token)).await?;
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
    ask: Ask,
}

/// Every gated method and path.
fn gated_requests(gate: &Gate, event: &EventId, account_token: &str) -> Vec<Request> {
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
        ask: Ask::new(kind, method, path).bearer(account_token),
    };
    let with_body = |mut request: Request, body: &Value| {
        request.ask = request.ask.json(body);
        request
    };
    let mut pay = request(false, Kind::Checkout, Method::POST, "/api/v1/checkout");
    pay.ask = pay.ask.header("idempotency-key", "an-intruder");
    vec![
        request(true, Kind::Seats, Method::GET, &seats_path),
        request(false, Kind::CartRead, Method::GET, "/api/v1/cart"),
        request(false, Kind::CartRemove, Method::DELETE, "/api/v1/cart"),
        with_body(request(true, Kind::CartAdd, Method::POST, "/api/v1/cart/seats"), &cart),
        with_body(
            request(true, Kind::CartRemove, Method::DELETE, "/api/v1/cart/seats"),
            &cart,
        ),
        with_body(pay, &checkout),
    ]
}

/// The place where something is tried.
struct At<'a> {
    name: &'a str,
    client: &'a Client,
}

async fn attempt(
    at: &At<'_>,
    request: Request,
    (what, token): (&str, Option<&str>),
    expected: u16,
) -> Result<Intrusion, Trouble> {
    let mut ask = request.ask;
    if let Some(token) = token {
        ask = ask.shop_token(token);
    }
    let answer = at.client.send(&ask).await?;
    Ok(Intrusion {
        at: at.name.to_owned(),
        request: request.name,
        token: what.to_owned(),
        expected,
        status: answer.status.as_u16(),
        word: answer.word(),
    })
}

/// Sessions that reached a gated path of the event.
async fn sessions(gate: &Gate) -> Result<BTreeSet<String>, Trouble> {
    let seen = gate.redis.sessions_seen().await;
    Ok(seen.map_err(|error| Trouble(error.to_string()))?.into_iter().collect())
}

/// What a request that got through would move.
async fn count(gate: &Gate) -> Result<Vec<(String, u64)>, Trouble> {
    let source = |error: crate::sources::SourceError| Trouble(error.to_string());
    let orders = gate.database.order_count(&gate.event).await.map_err(source)?;
    let (mut locked, mut sold) = (0, 0);
    for (section, seats) in gate.seats.iter() {
        let state = gate.redis.read(section).await.map_err(source)?;
        if let Some(fault) = section_fault(section, seats, &state) {
            return Err(Trouble(fault));
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
