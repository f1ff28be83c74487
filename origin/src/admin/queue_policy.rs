//! `PUT /api/v1/admin/events/{id}/queue`: how the queue treats people, as one whole. What is left out has its default.

use axum::{extract::State, response::IntoResponse};
use serde::Serialize;
use stanchion_shared::{identity::EventId, policy::QueuePolicy, timestamp::UnixMillis};

use super::{audit::Change, event_not_found};
use crate::{
    database::run_tx,
    http::{Admin, Error, Json, Path},
    meter::{self, OnSale},
    state::SharedApp,
};

#[derive(Serialize)]
struct PolicySet {
    event_id: EventId,
    queue: QueuePolicy,
    /// When every edge follows it; null while the event is a draft.
    effective_at: Option<UnixMillis>,
}

pub(super) async fn set(
    admin: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
    Json(queue): Json<QueuePolicy>,
) -> Result<impl IntoResponse, Error> {
    check(&queue)?;
    let (event, admin, wish) = (&event_id, &admin, &queue);
    let launched = run_tx(&app.database, "admin.set_queue", |mut tx| {
        Box::pin(async move {
            let before = OnSale::read_locked(&mut *tx, event)
                .await?
                .ok_or_else(event_not_found)?
                .put_event()
                .policy;
            let launched: bool = sqlx::query_scalar("select state = 'launched' from events where event_id = $1")
                .bind(event.as_str())
                .fetch_one(&mut *tx)
                .await?;
            if let Some(sentence) = wish.fixed_by(&before).filter(|_| launched) {
                return Err(Error::conflict("fixed", sentence));
            }
            OnSale::set_policy(&mut *tx, event, wish).await?;
            Change {
                who: admin,
                what: "event.queue",
                event,
                before: serde_json::to_value(&before).map_err(Error::internal)?,
                after: serde_json::to_value(wish).map_err(Error::internal)?,
            }
            .write(&mut tx)
            .await?;
            Ok::<_, Error>(launched)
        })
    })
    .await?;
    let effective_at = match launched {
        true => Some(meter::announce(&app, &event_id).await?.effective_at),
        false => None,
    };
    Ok(Json(PolicySet {
        event_id,
        queue,
        effective_at,
    }))
}

/// # Errors
/// 422 `invalid_field`; the sentence names the field and its limits.
pub(super) fn check(queue: &QueuePolicy) -> Result<(), Error> {
    // The edge would take no word of the meter any more: neither a pause nor that all is sold would reach it.
    if queue.release.is_some() {
        return Err(Error::invalid(
            "queue.release is for sites without an origin of ours: here the event's limits say how fast fans are admitted.",
        ));
    }
    queue
        .check()
        .map_err(|sentence| Error::invalid(format!("queue.{sentence}.")))
}
