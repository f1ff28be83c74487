//! What admins do: create an event, launch it, set its limits, pause and resume it, watch it, and see who did what.
//!
//! Never reachable through the edge. Every change is written to the audit log in the transaction that makes it.

mod audit;
mod create;
mod event_view;
mod launch;
mod limits;
mod new_event;
mod on_off;
mod queue_life;
mod queue_policy;
mod stats;

pub(crate) use audit::Change;
pub use audit::{DEFAULT_AUDIT_LIMIT, MAX_AUDIT_LIMIT};
pub use create::MAX_EVENT_BODY_BYTES;
pub use new_event::{
    CURRENCIES, DEFAULT_PER_PERSON, LOCK_MS, MAX_MOST_SHOPPERS, MAX_NAME_LENGTH, MAX_PER_PERSON, MAX_ROWS, MAX_SEATS,
    MAX_SEATS_OF_ROW, MAX_SECTIONS,
};

use axum::{
    Router,
    routing::{get, post, put},
};
use stanchion_shared::identity::EventId;

use crate::{edge::EdgeError, http::Error, meter::TickError, state::SharedApp};

/// All of `/api/v1/admin`.
pub fn router() -> Router<SharedApp> {
    let routes = Router::new()
        .route("/events", post(create::create))
        .route("/events/{event_id}", get(event_view::show))
        .route("/events/{event_id}/launch", post(launch::launch))
        .route("/events/{event_id}/limits", put(limits::set))
        .route("/events/{event_id}/queue", put(queue_policy::set))
        .route("/events/{event_id}/pause", post(on_off::pause))
        .route("/events/{event_id}/resume", post(on_off::resume))
        .route("/events/{event_id}/stats", get(stats::stats))
        .route("/audit", get(audit::list));
    Router::new().nest("/api/v1/admin", routes)
}

pub(crate) fn event_not_found() -> Error {
    Error::not_found("event_not_found", "There is no such event.")
}

/// 409 unless the event is on sale. Whatever an admin does to a draft besides launching it would be lost.
async fn check_launched(connection: &mut sqlx::PgConnection, event: &EventId) -> Result<(), Error> {
    let state: Option<String> = sqlx::query_scalar("select state from events where event_id = $1")
        .bind(event.as_str())
        .fetch_optional(connection)
        .await?;
    match state.as_deref() {
        None => Err(event_not_found()),
        Some("launched") => Ok(()),
        Some(_) => Err(Error::conflict(
            "event_not_launched",
            "This event has not been launched yet.",
        )),
    }
}

impl From<EdgeError> for Error {
    fn from(error: EdgeError) -> Error {
        match error {
            EdgeError::Refused { ref body, .. } => {
                Error::conflict("edge_refused", format!("The edge refuses: {}", body.message))
                    .with("edge_error", body.error.clone())
            }
            error => {
                tracing::warn!(%error, "an admin's request did not reach the edge");
                Error::unavailable(
                    "edge_unreachable",
                    "The edge does not answer; repeat this when it does.",
                )
            }
        }
    }
}

impl From<TickError> for Error {
    fn from(error: TickError) -> Error {
        match error {
            TickError::Edge(error) => error.into(),
            TickError::Inventory(error) => error,
            TickError::Redis(error) => error.into(),
            TickError::Database(error) => error.into(),
            TickError::Gone => event_not_found(),
        }
    }
}
