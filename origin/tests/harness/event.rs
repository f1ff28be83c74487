//! An event to create.

use serde_json::{Value, json};
use stanchion_origin::clock;
use stanchion_shared::timestamp::UnixMillis;
use uuid::Uuid;

/// Bearer of the admin API on the origin.
pub(crate) const ADMIN_TOKEN: &str = "an-admin-token-for-tests-only-0123456789";

/// An id nobody else uses.
pub(crate) fn event_id() -> String {
    format!("event-{}", Uuid::new_v4().simple())
}

const DAY_MS: u64 = 24 * 3_600_000;

/// An instant so many whole days from now: the later, the more.
pub(crate) fn in_days(days: u64) -> UnixMillis {
    let today = clock::now().0 / DAY_MS * DAY_MS;
    UnixMillis(today + days * DAY_MS)
}

/// Two sections, A with two rows of five and B with one row of ten, on sale since yesterday.
pub(crate) fn small_event() -> Value {
    json!({
        "event_id": event_id(),
        "name": "The Small Concert",
        "starts_at": in_days(30),
        "on_sale_time": in_days(0).minus(DAY_MS),
        "currency": "EUR",
        "venue": {"name": "Waldbühne", "city": "Berlin", "latitude": 52.5159, "longitude": 13.2396},
        "sections": [
            {"code": "A", "name": "Stalls", "price": "49.50", "fee": "4.95",
             "rows": [{"label": "1", "seats": 5}, {"label": "2", "seats": 5}]},
            {"code": "B", "name": "Balcony", "price": "29", "fee": "2.90", "rows": [{"label": "1", "seats": 10}]},
        ],
        "limits": {"most_per_second": 100, "most_shoppers": 400, "lock_ms": 2000},
    })
}
