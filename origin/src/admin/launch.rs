//! `POST /api/v1/admin/events/{id}/launch`: seats into inventory, the event to the edge, and only then on sale.
//!
//! Every step can be repeated, so a launch that stopped half-way is finished by launching again; an event that is on sale
//! is loaded and announced once more, which changes nothing that fans see.

use axum::{extract::State, response::IntoResponse};
use serde::Serialize;
use serde_json::json;
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};

use super::{audit::Change, event_not_found};
use crate::{
    database::run_tx,
    http::{Admin, Error, Json, Path},
    inventory, meter,
    state::SharedApp,
};

#[derive(Serialize)]
struct Launched {
    event_id: EventId,
    state: &'static str,
    /// Version of the message to the edge.
    edge_version: u64,
    /// When every edge knows the event.
    effective_at: UnixMillis,
}

pub(super) async fn launch(
    admin: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
) -> Result<impl IntoResponse, Error> {
    inventory::load_event(&app, &event_id).await?;
    let accepted = meter::announce(&app, &event_id).await?;
    let (event, admin) = (&event_id, &admin);
    run_tx(&app.database, "admin.launch", |mut tx| {
        Box::pin(async move {
            // Locked, so that of two launches at once one finds the other's.
            let before: Option<String> = sqlx::query_scalar("select state from events where event_id = $1 for update")
                .bind(event.as_str())
                .fetch_optional(&mut *tx)
                .await?;
            let before = before.ok_or_else(event_not_found)?;
            sqlx::query("update events set state = 'launched' where event_id = $1")
                .bind(event.as_str())
                .execute(&mut *tx)
                .await?;
            sqlx::query("update on_sales set launched_at = coalesce(launched_at, now()) where event_id = $1")
                .bind(event.as_str())
                .execute(&mut *tx)
                .await?;
            let (before, after) = (json!({"state": before}), json!({"state": "launched"}));
            Change {
                who: admin,
                what: "event.launch",
                event,
                before,
                after,
            }
            .write(&mut tx)
            .await?;
            Ok::<_, Error>(())
        })
    })
    .await?;
    Ok(Json(Launched {
        event_id,
        state: "launched",
        edge_version: accepted.version,
        effective_at: accepted.effective_at,
    }))
}
