//! An origin with a payment gateway, and fans in the shop.

use reqwest::Method;
use serde_json::{Value, json};
use stanchion_origin::state::App;
use stanchion_shared::shop_token::ShopClaims;
use uuid::Uuid;

use super::{Answer, TestGateway, TestOrigin, keys, send};

/// A fan in the shop.
#[derive(Clone)]
pub(crate) struct Fan {
    pub(crate) subject: String,
    pub(crate) bearer: String,
    pub(crate) shop_token: String,
    pub(crate) claims: ShopClaims,
}

impl Fan {
    /// A fan whose shopping session ends in `seconds`.
    pub(crate) fn for_seconds(event: &str, seconds: i64) -> Fan {
        Fan::again(&Uuid::new_v4().to_string(), event, seconds)
    }

    /// Another session of the same account.
    pub(crate) fn again(subject: &str, event: &str, seconds: i64) -> Fan {
        let (shop_token, claims) = keys::shop_token(subject, event, seconds);
        Fan {
            subject: subject.to_owned(),
            bearer: keys::account_token(subject),
            shop_token,
            claims,
        }
    }

    pub(crate) fn new(event: &str) -> Fan {
        Fan::for_seconds(event, 600)
    }
}

impl TestOrigin {
    /// An origin that pays at a gateway of its own.
    pub(crate) async fn with_gateway() -> (TestOrigin, TestGateway) {
        TestOrigin::with_gateway_and(|_| ()).await
    }

    /// As [`TestOrigin::with_gateway`]; `change` changes the app before it is served.
    pub(crate) async fn with_gateway_and(change: impl FnOnce(&mut App)) -> (TestOrigin, TestGateway) {
        let gateway = TestGateway::start().await;
        let payments = gateway.payments();
        let origin = TestOrigin::prepared(&[("STANCHION_STRIPE_URL", &gateway.url)], |app| {
            app.payments = payments.into();
            change(app);
        })
        .await;
        (origin, gateway)
    }

    /// A request with the fan's shop token.
    pub(crate) fn shop(&self, fan: &Fan, method: Method, path: &str) -> reqwest::RequestBuilder {
        self.request(method, path).header("Shop-Token", &fan.shop_token)
    }

    /// `POST /api/v1/cart/seats`.
    pub(crate) async fn lock(&self, fan: &Fan, seats: &[&str]) -> Answer {
        let body = json!({"event_id": fan.claims.event, "seat_ids": seats});
        send(self.shop(fan, Method::POST, "/api/v1/cart/seats").json(&body)).await
    }

    /// `DELETE /api/v1/cart/seats`.
    pub(crate) async fn unlock(&self, fan: &Fan, seats: &[&str]) -> Answer {
        let body = json!({"event_id": fan.claims.event, "seat_ids": seats});
        send(self.shop(fan, Method::DELETE, "/api/v1/cart/seats").json(&body)).await
    }

    /// `GET /api/v1/cart`.
    pub(crate) async fn cart(&self, fan: &Fan) -> Value {
        send(self.shop(fan, Method::GET, "/api/v1/cart")).await.ok()
    }

    /// `POST /api/v1/checkout` of the fan's cart.
    pub(crate) async fn checkout(&self, fan: &Fan, key: &str, card: &str) -> Answer {
        let cart_id = stanchion_origin::cart::cart_id(&fan.claims);
        let body = json!({"cart_id": cart_id, "payment": {"method": "card", "token": card}});
        send(
            self.shop(fan, Method::POST, "/api/v1/checkout")
                .header("Idempotency-Key", key)
                .json(&body),
        )
        .await
    }

    /// `GET /api/v1/orders…` with the fan's account token.
    pub(crate) async fn orders(&self, fan: &Fan, rest: &str) -> Answer {
        send(
            self.request(Method::GET, &format!("/api/v1/orders{rest}"))
                .bearer_auth(&fan.bearer),
        )
        .await
    }

    /// A section as fans see it, read afresh.
    pub(crate) async fn seats(&self, fan: &Fan, section: &str) -> Value {
        tokio::time::sleep(stanchion_origin::inventory::availability::FRESH_FOR).await;
        let path = format!("/api/v1/events/{}/seats?section={section}", fan.claims.event);
        send(self.shop(fan, Method::GET, &path)).await.ok()
    }

    /// The status of one seat as fans see it.
    pub(crate) async fn seat(&self, fan: &Fan, seat: &str) -> String {
        let section = seat.split('-').next().unwrap();
        let answer = self.seats(fan, section).await;
        let seats = answer["seats"].as_array().unwrap();
        let found = seats
            .iter()
            .find(|view| view["seat_id"] == seat)
            .unwrap_or_else(|| panic!("no seat {seat}"));
        found["status"].as_str().unwrap().to_owned()
    }

    /// Forgets a section, as a Redis without its files would have.
    pub(crate) async fn wipe_section(&self, event: &str, section: &str) {
        let keys = ["meta", "held", "due"].map(|what| format!("stanchion:{{{event}:{section}}}:{what}"));
        redis::cmd("DEL")
            .arg(&keys)
            .query_async::<()>(&mut self.app.redis.clone())
            .await
            .unwrap();
    }

    /// All orders that have ended are settled once more, as by an origin that was told to long ago and comes late.
    pub(crate) async fn settle_again(&self) {
        let late = "update orders set settled = false, lease_until = now() - interval '1 second'
                    where status in ('confirmed', 'failed')";
        sqlx::query(late).execute(&self.app.database).await.unwrap();
        assert!(
            stanchion_origin::checkout::recovery::recover(&self.app.checkout())
                .await
                .unwrap()
                > 0
        );
    }

    /// All leases are over, as if time had passed; then recovery has its look.
    pub(crate) async fn recover(&self) {
        sqlx::query("update orders set lease_until = now() - interval '1 second'")
            .execute(&self.app.database)
            .await
            .unwrap();
        stanchion_origin::checkout::recovery::recover(&self.app.checkout())
            .await
            .unwrap();
    }
}
