//! Every address of the origin with its handler, at one glance. A handler stands in its feature's
//! `http.rs`.

use axum::{
    Router,
    http::StatusCode,
    routing::{get, post, put},
};

use crate::{
    accounts, admin, audit, cart, catalogue, checkout,
    http::{ErrorResponse, middleware},
    inventory, orders, reputation,
    state::SharedApp,
    tickets,
    verified_fans::http as verified_fans,
};

/// The whole list. Which of these addresses the edge passes on, and with which token, stands in
/// `edge-worker/src/app/shop_guard.rs`.
pub fn router(app: SharedApp) -> Router {
    let routes = Router::new()
        // Anybody.
        .route("/api/v1/accounts", post(accounts::http::sign_up))
        .route("/api/v1/sessions", post(accounts::http::sign_in))
        .route("/api/v1/events", get(catalogue::http::search_events))
        .route("/api/v1/events/{event_id}", get(catalogue::http::show_event))
        // With a shop token.
        .route("/api/v1/events/{event_id}/seats", get(inventory::http::seats))
        .route("/api/v1/cart", get(cart::http::read).delete(cart::http::empty))
        .route(
            "/api/v1/cart/seats",
            post(cart::http::add_seats).delete(cart::http::remove_seats),
        )
        .route("/api/v1/checkout", post(checkout::http::checkout))
        // With an account token.
        .route("/api/v1/orders", get(orders::http::list_or_find))
        .route("/api/v1/orders/{order_id}", get(orders::http::show))
        .route(
            "/api/v1/events/{event_id}/registration",
            get(verified_fans::fans::show_registration).post(verified_fans::fans::register),
        )
        .route("/api/v1/events/{event_id}/pass", get(verified_fans::fans::fan_pass))
        // With an account token, or a signed address.
        .route("/api/v1/tickets/{ticket_id}/qr.svg", get(tickets::http::qr_svg))
        // With the admin token.
        .route("/api/v1/admin/events", post(admin::http::create_event))
        .route("/api/v1/admin/events/{event_id}", get(admin::http::show_event))
        .route(
            "/api/v1/admin/events/{event_id}/launch",
            post(admin::http::launch_event),
        )
        .route("/api/v1/admin/events/{event_id}/limits", put(admin::http::set_limits))
        .route("/api/v1/admin/events/{event_id}/queue", put(admin::http::set_policy))
        .route("/api/v1/admin/events/{event_id}/pause", post(admin::http::pause_event))
        .route(
            "/api/v1/admin/events/{event_id}/resume",
            post(admin::http::resume_event),
        )
        .route("/api/v1/admin/events/{event_id}/stats", get(admin::http::show_stats))
        .route("/api/v1/admin/audit", get(audit::http::list))
        .route(
            "/api/v1/admin/events/{event_id}/fans",
            put(verified_fans::programme::set).get(verified_fans::programme::show),
        )
        .route(
            "/api/v1/admin/events/{event_id}/fans/accounts",
            get(verified_fans::accounts::list),
        )
        .route(
            "/api/v1/admin/events/{event_id}/fans/accounts/{account_id}",
            put(verified_fans::accounts::verify).delete(verified_fans::accounts::revoke),
        )
        .route(
            "/api/v1/admin/events/{event_id}/fans/draws/{round}",
            put(verified_fans::selection::select),
        )
        .route(
            "/api/v1/admin/events/{event_id}/fans/invitations",
            post(verified_fans::invitations::upload).get(verified_fans::invitations::export),
        )
        .route(
            "/api/v1/admin/events/{event_id}/fans/invitations/{email}",
            put(verified_fans::invitations::invite).delete(verified_fans::invitations::revoke),
        )
        // With the edge's signature.
        .route("/api/v1/edge/reputation", get(reputation::http::table))
        .fallback(not_found)
        .method_not_allowed_fallback(method_not_allowed);
    // Outside of the limits: a busy process is alive.
    middleware::wrap(routes, &app)
        .route("/healthz", get(healthz))
        .with_state(app)
}

/// Says that the process answers. Whether its counterparts do shows in the answers that need them.
async fn healthz() -> &'static str {
    "ok"
}

async fn not_found() -> ErrorResponse {
    ErrorResponse::not_found("not_found", "There is nothing at this path.")
}

async fn method_not_allowed() -> ErrorResponse {
    ErrorResponse::new(
        StatusCode::METHOD_NOT_ALLOWED,
        "method_not_allowed",
        "This path does not take this method.",
    )
}
