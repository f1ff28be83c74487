//! `POST /api/v1/admin/events/{id}/pause` and `/resume`. A pause stops admission: places are kept, and
//! whoever's turn has come goes on.

use axum::{extract::State, response::IntoResponse};
use serde::Serialize;
use serde_json::json;
use stanchion_shared::{identity::EventId, schedule::Rate, timestamp::UnixMillis};

use super::{audit::Change, check_launched, event_not_found};
use crate::{
    database::run_tx,
    edge,
    http::{Admin, Error, Json, Path},
    meter::OnSale,
    state::SharedApp,
};

#[derive(Serialize)]
struct Switched {
    event_id: EventId,
    paused: bool,
    /// When it takes effect at every edge; null if the meter has to tell the edge, which it tries every second.
    effective_at: Option<UnixMillis>,
}

pub(super) async fn pause(
    admin: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
) -> Result<impl IntoResponse, Error> {
    let row = switch(&app, &admin, &event_id, true).await?;
    // A pause does not wait for the meter. It is safe without it: the version was taken together with the change.
    let put = row.put_release(Rate::ZERO, row.sold_out);
    let effective_at = match edge::put_release(&app, &event_id, &put).await {
        Ok(accepted) => Some(accepted.effective_at),
        Err(error) => {
            tracing::warn!(%event_id, %error, "the edge was not told of a pause; the meter goes on trying");
            None
        }
    };
    Ok(Json(Switched {
        event_id,
        paused: true,
        effective_at,
    }))
}

pub(super) async fn resume(
    admin: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
) -> Result<impl IntoResponse, Error> {
    switch(&app, &admin, &event_id, false).await?;
    // How fast to go on is the meter's to say.
    Ok(Json(Switched {
        event_id,
        paused: false,
        effective_at: None,
    }))
}

async fn switch(app: &SharedApp, admin: &Admin, event: &EventId, paused: bool) -> Result<OnSale, Error> {
    run_tx(&app.database, "admin.switch", |mut tx| {
        Box::pin(async move {
            check_launched(&mut tx, event).await?;
            let before = OnSale::read_locked(&mut *tx, event)
                .await?
                .ok_or_else(event_not_found)?
                .paused;
            let row = OnSale::set_paused(&mut *tx, event, paused)
                .await?
                .ok_or_else(event_not_found)?;
            let what = if paused { "event.pause" } else { "event.resume" };
            let (before, after) = (json!({"paused": before}), json!({"paused": paused}));
            Change {
                who: admin,
                what,
                event,
                before,
                after,
            }
            .write(&mut tx)
            .await?;
            Ok::<_, Error>(row)
        })
    })
    .await
}
