//! Verified fans: who is in the first tier of an event's draws. A fan registers in a window, an admin draws some or all of the
//! registered, names accounts, or invites addresses; whoever is verified gets a pass, which the edge takes at the join.
//!
//! An event has verified fans only once an admin has given it a [`programme`]. Addresses are not confirmed at sign-up, so an
//! address alone proves nothing: an invitation is redeemed by its [`code`]. Admins' changes are written to the audit log in
//! the transaction that makes them, and all of them can be repeated.

mod accounts;
mod accounts_list;
mod change;
pub mod code;
mod counts;
mod draw;
mod drawing;
mod invitations;
mod list;
mod pass;
mod programme;
mod redeem;
mod registration;
mod stand;
mod upload;
mod view;

pub use accounts_list::{DEFAULT_ACCOUNTS_LISTED, MAX_ACCOUNTS_LISTED};
pub use counts::{Counts, counts};
pub use draw::{ANSWERED_WITHIN, MAX_ROUNDS, RANK_DOMAIN};
pub use drawing::{LOOKED_AT_ONCE, draw_forever, draw_unfinished};
pub use invitations::MAX_INVITATIONS;
pub use list::{MAX_LINES_TOLD, MAX_LIST_BYTES, MAX_LIST_LINES};
pub use pass::PASS_LIFE_MS;
pub use programme::MAX_MOST_FANS;

use axum::{
    Router,
    http::header,
    response::IntoResponse,
    routing::{get, post, put},
};
use serde::Serialize;

use crate::{
    http::{Error, Json},
    state::SharedApp,
};

/// What fans do, and below `/api/v1/admin` what admins do.
pub fn router() -> Router<SharedApp> {
    let admin = Router::new()
        .route("/", put(programme::set).get(view::show))
        .route("/accounts", get(accounts_list::list))
        .route("/accounts/{account_id}", put(accounts::verify).delete(accounts::revoke))
        .route("/draws/{round}", put(draw::draw))
        .route("/invitations", post(upload::upload).get(invitations::export))
        .route(
            "/invitations/{email}",
            put(invitations::invite).delete(invitations::revoke),
        );
    Router::new()
        .route(
            "/api/v1/events/{event_id}/registration",
            get(registration::show).post(registration::register),
        )
        .route("/api/v1/events/{event_id}/pass", get(pass::give))
        .nest("/api/v1/admin/events/{event_id}/fans", admin)
}

/// An answer about one person, which no cache on the way may keep.
fn personal(answer: impl Serialize) -> impl IntoResponse {
    ([(header::CACHE_CONTROL, "no-store")], Json(answer))
}

fn revoked() -> Error {
    Error::new(
        axum::http::StatusCode::FORBIDDEN,
        "fan_revoked",
        "The organiser has taken this account off the verified fans of this event. You can join the queue like everybody.",
    )
}
