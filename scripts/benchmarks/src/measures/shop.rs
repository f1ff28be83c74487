//! An event at the origin, and fans in its shop with two seats each in their carts.

use std::{net::SocketAddr, sync::Arc};

use reqwest::Method;
use serde_json::{Value, json};
use stanchion_harness::{now, read, unique, variable};
use stanchion_origin::cart::cart_id;
use stanchion_shared::{
    ids::{EventId, Place},
    jose::SigningKeys,
    shop_token::{self, AUDIENCE, ShopClaims},
};
use url::Url;

use crate::{
    measured::Measured,
    once_each::{self, Prepared},
};

/// Major units, as the admin API takes them; [`ORDER_TOTAL`] is two of each.
const PRICE: &str = "49.50";
const FEE: &str = "4.95";
/// Minor units of an order of two seats.
pub(super) const ORDER_TOTAL: u64 = 2 * (4_950 + 495);
const SEATS_OF_ROW: usize = 100;
const ROWS_OF_SECTION: usize = 100;
const SEATS_OF_SECTION: usize = ROWS_OF_SECTION * SEATS_OF_ROW;
const LOCK_MS: u64 = 3_600_000;
const SESSION_SECONDS: u64 = 3_000;
const ON_SALE_IN_MS: u64 = 3_600_000;
const STARTS_IN_MS: u64 = 60 * 24 * 3_600_000;

/// The running origin.
pub(super) struct RunningOrigin {
    url: String,
    http: reqwest::Client,
    admin_token: String,
    edge_keys: SigningKeys,
    shop_issuer: String,
}

impl RunningOrigin {
    pub(super) fn new() -> Measured<RunningOrigin> {
        Ok(RunningOrigin {
            url: variable("STANCHION_ORIGIN_URL"),
            http: reqwest::Client::new(),
            admin_token: variable("STANCHION_ADMIN_TOKEN"),
            edge_keys: SigningKeys::parse(&variable("STANCHION_SIGNING_KEYS"))?,
            shop_issuer: variable("STANCHION_SHOP_ISSUER"),
        })
    }

    pub(super) fn address(&self) -> Measured<SocketAddr> {
        let addresses = Url::parse(&self.url)?.socket_addrs(|| None)?;
        Ok(*addresses.first().ok_or("the origin's address has no address")?)
    }

    /// An event with at least so many seats, which cannot be bought before it is launched.
    pub(super) async fn create(&self, name: &str, seats: usize) -> Measured<EventId> {
        let event = EventId::parse(&unique(name))?;
        let rows: Vec<Value> = (1..=ROWS_OF_SECTION)
            .map(|row| json!({"label": row.to_string(), "seats": SEATS_OF_ROW}))
            .collect();
        let section = |number: usize| json!({"code": code(number), "name": code(number), "price": PRICE, "fee": FEE, "rows": rows});
        let body = json!({
            "event_id": event,
            "name": name,
            "starts_at": now().plus(STARTS_IN_MS),
            "on_sale_time": now().plus(ON_SALE_IN_MS),
            "currency": "EUR",
            "venue": {"name": "Bench", "city": "Leipzig", "latitude": 51.34, "longitude": 12.36},
            "sections": (0..seats.div_ceil(SEATS_OF_SECTION)).map(section).collect::<Vec<_>>(),
            "limits": {"most_per_second": 100, "most_shoppers": 1_000_000, "lock_ms": LOCK_MS, "shards": 1},
        });
        self.admin(Method::POST, "/events", &body).await?;
        Ok(event)
    }

    pub(super) async fn launch(&self, event: &EventId) -> Measured<()> {
        self.admin(Method::POST, &format!("/events/{event}/launch"), &Value::Null)
            .await
    }

    async fn admin(&self, method: Method, path: &str, body: &Value) -> Measured<()> {
        let request = self.http.request(method, format!("{}/api/v1/admin{path}", self.url));
        let answer = request.bearer_auth(&self.admin_token).json(body).send().await?;
        read::<Value>(answer).await;
        Ok(())
    }

    /// A fan at their turn, with a shop token. It is signed with the edge's key, which the benchmark may hold and an origin
    /// never does.
    fn shopper(&self, event: &EventId, number: usize) -> (ShopClaims, String) {
        let iat = now().floor_seconds() - 1;
        let claims = ShopClaims {
            iss: self.shop_issuer.clone(),
            aud: AUDIENCE.to_owned(),
            sub: unique("fan"),
            jti: unique("session"),
            iat,
            nbf: None,
            exp: iat + SESSION_SECONDS,
            began_ms: Some(iat * 1000),
            ends_ms: None,
            event: event.clone(),
            place: Some(Place(number as u64 + 1)),
            tag: None,
        };
        let token = shop_token::sign(&self.edge_keys, &claims);
        (claims, token)
    }

    /// Fills so many carts over HTTP; the requests that pay for them.
    pub(super) fn fill_carts(&self, event: &EventId, carts: usize, connections: usize) -> Measured<Vec<Prepared>> {
        let mut locks = Vec::with_capacity(carts);
        let mut checkouts = Vec::with_capacity(carts);
        for number in 0..carts {
            let (claims, token) = self.shopper(event, number);
            let seats = [seat(2 * number), seat(2 * number + 1)];
            let lock = json!({"event_id": event, "seat_ids": seats}).to_string();
            locks.push(Prepared::post("/api/v1/cart/seats", &[("Shop-Token", &token)], &lock));
            let payment = json!({"method": "card", "token": "pm_card_visa"});
            let checkout = json!({"cart_id": cart_id(&claims), "payment": payment}).to_string();
            let headers = [("Shop-Token", token.as_str()), ("Idempotency-Key", claims.jti.as_str())];
            checkouts.push(Prepared::post("/api/v1/checkout", &headers, &checkout));
        }
        once_each::send(self.address()?, connections, &Arc::new(locks))?;
        Ok(checkouts)
    }
}

fn code(section: usize) -> String {
    format!("S{}", section + 1)
}

/// Seats in the order of sections, rows and numbers. Two neighbours from an even one on are always of one section.
fn seat(number: usize) -> String {
    let (section, within) = (number / SEATS_OF_SECTION, number % SEATS_OF_SECTION);
    let (row, seat) = (within / SEATS_OF_ROW + 1, within % SEATS_OF_ROW + 1);
    format!("{}-{row}-{seat}", code(section))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seats_follow_one_another() {
        assert_eq!(seat(0), "S1-1-1");
        assert_eq!(seat(SEATS_OF_ROW), "S1-2-1");
        assert_eq!(
            seat(SEATS_OF_SECTION - 1),
            format!("S1-{ROWS_OF_SECTION}-{SEATS_OF_ROW}")
        );
        assert_eq!(seat(SEATS_OF_SECTION), "S2-1-1");
    }
}
