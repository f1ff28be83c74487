//! Every route of the origin at one glance, and what surrounds each request.

mod client_address;
mod error;
mod extract;
mod surround;

pub use client_address::{CLIENT_ADDRESS_HEADER, ClientAddress};
pub use error::Error;
pub use extract::*;
pub use surround::{Arrived, MAX_IN_FLIGHT, REQUEST_TIMEOUT};

use axum::{Router, http::StatusCode, routing::get};

use crate::{
    accounts, admin, cart, catalogue, checkout, fans, inventory, orders, reputation, state::SharedApp, tickets,
};

/// All routes. Each feature owns its paths; this is the whole list.
pub fn router(app: SharedApp) -> Router {
    let routes = Router::new()
        .merge(accounts::router())
        .merge(catalogue::router())
        .merge(fans::router())
        .merge(admin::router())
        .merge(inventory::router())
        .merge(cart::router())
        .merge(checkout::router())
        .merge(orders::router())
        .merge(tickets::router())
        .merge(reputation::router())
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed);
    // Outside of the limits: a busy process is not a dead one.
    surround::surround(routes, &app)
        .route("/healthz", get(healthz))
        .with_state(app)
}

/// The process answers; whether its counterparts do shows in the answers that need them.
async fn healthz() -> &'static str {
    "ok"
}

async fn not_found() -> Error {
    Error::not_found("not_found", "There is nothing at this path.")
}

async fn method_not_allowed() -> Error {
    Error::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This path does not take this method.",
    )
}
