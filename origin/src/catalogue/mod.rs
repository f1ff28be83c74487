//! What is on sale, for everybody to see: search by words and by place, and one event with its sections and prices.

mod area;
mod cached;
mod cursor;
mod detail;
mod search;

pub use detail::{EventState, SectionView, VenueView};
pub use search::{DEFAULT_LIMIT, DEFAULT_RADIUS_KM, MAX_LIMIT, MAX_QUERY_LENGTH, MAX_RADIUS_KM};

use axum::{Router, routing::get};

use crate::state::SharedApp;

/// `GET /api/v1/events` and `GET /api/v1/events/{id}`.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/v1/events", get(search::search))
        .route("/api/v1/events/{event_id}", get(detail::detail))
}
