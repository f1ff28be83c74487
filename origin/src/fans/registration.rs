//! `GET` and `POST /api/v1/events/{id}/registration`: a fan wants to be a verified one. With an invitation's code they are at once.

use axum::{extract::State as Shared, response::IntoResponse};
use serde::Deserialize;
use stanchion_shared::identity::EventId;

use super::{
    personal, redeem, revoked,
    stand::{Phase, Standing, State},
};
use crate::{
    database::run_tx,
    http::{Account, Error, Json, Path},
    state::{App, SharedApp},
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Register {
    invitation_code: Option<String>,
}

pub(super) async fn show(
    Shared(app): Shared<SharedApp>,
    account: Account,
    Path(event_id): Path<EventId>,
) -> Result<impl IntoResponse, Error> {
    let standing = Standing::read(&app.database, &event_id, &account.subject).await?;
    Ok(personal(standing))
}

pub(super) async fn register(
    Shared(app): Shared<SharedApp>,
    account: Account,
    Path(event_id): Path<EventId>,
    Json(wish): Json<Register>,
) -> Result<impl IntoResponse, Error> {
    // Also says that there is such an event.
    let standing = Standing::read(&app.database, &event_id, &account.subject).await?;
    match &wish.invitation_code {
        Some(code) => redeem::redeem(&app, &event_id, &account, code).await?,
        None => without_code(&app, &event_id, &account, &standing).await?,
    }
    let standing = Standing::read(&app.database, &event_id, &account.subject).await?;
    Ok(personal(standing))
}

/// # Errors
/// 403 `fan_revoked`; 409 `no_registration`, `registration_not_open`, `registration_closed`.
async fn without_code(app: &App, event: &EventId, account: &Account, standing: &Standing) -> Result<(), Error> {
    match standing.state {
        State::Revoked => return Err(revoked()),
        State::Verified => return Ok(()),
        State::Registered | State::Invited | State::None if standing.registered => return Ok(()),
        State::Registered | State::Invited | State::None => {}
    }
    let registered = run_tx(&app.database, "fans.register", |mut tx| {
        Box::pin(async move {
            sqlx::query(include_str!("sql/keep_open.sql"))
                .bind(event.as_str())
                .execute(&mut *tx)
                .await?;
            let done = sqlx::query(include_str!("sql/register.sql"))
                .bind(event.as_str())
                .bind(&account.subject)
                .execute(&mut *tx)
                .await?;
            Ok::<_, Error>(done.rows_affected() > 0)
        })
    })
    .await?;
    if registered {
        return Ok(());
    }
    why_not(&Standing::read(&app.database, event, &account.subject).await?)
}

/// Nothing was written: this account is registered by another request, or it cannot be.
fn why_not(standing: &Standing) -> Result<(), Error> {
    let phase = standing.registration.map(|window| window.phase());
    match (standing.state, phase) {
        (State::Revoked, _) => Err(revoked()),
        (State::Verified, _) => Ok(()),
        (_, _) if standing.registered => Ok(()),
        (_, None) => Err(Error::conflict(
            "no_registration",
            "Fans cannot register for this event.",
        )),
        (_, Some(Phase::Announced)) => Err(Error::conflict(
            "registration_not_open",
            "Registration for this event has not begun.",
        )),
        (_, Some(Phase::Open | Phase::Closed)) => Err(Error::conflict(
            "registration_closed",
            "Registration for this event is over.",
        )),
    }
}
