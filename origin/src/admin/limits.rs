//! `PUT /api/v1/admin/events/{id}/limits`: how fast and how many. The meter follows within a second.

use axum::{extract::State, response::IntoResponse};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use stanchion_shared::{identity::EventId, meter::MeterLimits, schedule::Rate};

use super::{audit::Change, event_not_found, new_event::check_most_shoppers};
use crate::{
    database::run_tx,
    http::{Admin, Error, Json, Path},
    meter::OnSale,
    state::SharedApp,
};

/// What is left out stays as it is.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SetLimits {
    most_per_second: Option<Rate>,
    most_shoppers: Option<u32>,
}

#[derive(Serialize)]
struct LimitsSet {
    event_id: EventId,
    most_per_second: Rate,
    most_shoppers: u32,
}

fn shown(limits: &MeterLimits) -> Value {
    json!({"most_per_second": limits.most_per_second, "most_shoppers": limits.most_shoppers})
}

pub(super) async fn set(
    admin: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
    Json(wish): Json<SetLimits>,
) -> Result<impl IntoResponse, Error> {
    if wish.most_per_second.is_none() && wish.most_shoppers.is_none() {
        return Err(Error::invalid("most_per_second or most_shoppers must be given."));
    }
    wish.most_shoppers.map_or(Ok(()), check_most_shoppers)?;
    let (event, admin, wish) = (&event_id, &admin, &wish);
    let limits = run_tx(&app.database, "admin.set_limits", |mut tx| {
        Box::pin(async move {
            let before = OnSale::read_locked(&mut *tx, event)
                .await?
                .ok_or_else(event_not_found)?
                .limits();
            let row = OnSale::set_limits(&mut *tx, event, wish.most_per_second, wish.most_shoppers).await?;
            let limits = row.ok_or_else(event_not_found)?.limits();
            let (before, after) = (shown(&before), shown(&limits));
            Change {
                who: admin,
                what: "event.limits",
                event,
                before,
                after,
            }
            .write(&mut tx)
            .await?;
            Ok::<_, Error>(limits)
        })
    })
    .await?;
    let MeterLimits {
        most_per_second,
        most_shoppers,
    } = limits;
    Ok(Json(LimitsSet {
        event_id,
        most_per_second,
        most_shoppers,
    }))
}
