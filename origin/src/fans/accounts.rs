//! `PUT` and `DELETE /api/v1/admin/events/{id}/fans/accounts/{account}`: an admin's word makes an account a verified fan, or
//! takes it off. What was taken off only this gives back.
//!
//! No edge is asked: a pass that is out lives for [`PASS_LIFE_MS`](super::PASS_LIFE_MS) at the most, and whoever has joined
//! with one keeps the number in the first tier.

use axum::{extract::State, response::IntoResponse};
use serde::Serialize;
use serde_json::json;
use sqlx::PgConnection;
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};
use uuid::Uuid;

use super::{
    change::{change, note},
    pass::PASS_LIFE_MS,
};
use crate::{
    clock,
    http::{Admin, Error, Json, Path},
    state::{App, SharedApp},
};

#[derive(Serialize)]
struct Verified {
    event_id: EventId,
    account_id: Uuid,
    state: &'static str,
}

#[derive(Serialize)]
struct Revoked {
    event_id: EventId,
    account_id: Uuid,
    state: &'static str,
    /// From then on no pass is good that was given before.
    passes_end_at: UnixMillis,
}

/// # Errors
/// 404 `event_not_found`, `account_not_found`; 409 `no_verified_fans`, `drawing`, `fans_full`.
pub(super) async fn verify(
    admin: Admin,
    State(app): State<SharedApp>,
    Path((event_id, account_id)): Path<(EventId, Uuid)>,
) -> Result<impl IntoResponse, Error> {
    let (event, admin, account) = (&event_id, &admin, &account_id.to_string());
    change(&app, "fans.verify", event, &|mut tx, programme| {
        Box::pin(async move {
            check_account(&mut tx, account_id).await?;
            let changed = sqlx::query(include_str!("sql/verify_account.sql"))
                .bind(event.as_str())
                .bind(account)
                .execute(&mut *tx)
                .await?;
            if changed.rows_affected() == 0 {
                return Ok(());
            }
            programme.promise(&mut tx, event, 1).await?;
            let after = json!({"account_id": account, "verified": true});
            note(&mut tx, admin, "fans.verify_account", event, after).await?;
            Ok(())
        })
    })
    .await?;
    Ok(Json(Verified {
        event_id,
        account_id,
        state: "verified",
    }))
}

/// # Errors
/// 404 `event_not_found`, `account_not_found`; 409 `no_verified_fans`, `drawing`.
pub(super) async fn revoke(
    admin: Admin,
    State(app): State<SharedApp>,
    Path((event_id, account_id)): Path<(EventId, Uuid)>,
) -> Result<impl IntoResponse, Error> {
    revoke_account(&app, &admin, &event_id, account_id).await?;
    Ok(Json(Revoked {
        event_id,
        account_id,
        state: "revoked",
        passes_end_at: clock::now().plus(PASS_LIFE_MS),
    }))
}

async fn revoke_account(app: &App, admin: &Admin, event: &EventId, account_id: Uuid) -> Result<(), Error> {
    let account = &account_id.to_string();
    change(app, "fans.revoke", event, &|mut tx, programme| {
        Box::pin(async move {
            check_account(&mut tx, account_id).await?;
            let Some(was_verified) = take_off(&mut tx, event, account).await? else {
                return Ok(());
            };
            programme.promise(&mut tx, event, -i64::from(was_verified)).await?;
            let after = json!({"account_id": account, "verified": false, "was_verified": was_verified});
            note(&mut tx, admin, "fans.revoke_account", event, after).await?;
            Ok(())
        })
    })
    .await
}

/// Whether the account was verified until now; none if it was revoked before. The caller corrects what is promised.
pub(super) async fn take_off(
    connection: &mut PgConnection,
    event: &EventId,
    account: &str,
) -> Result<Option<bool>, Error> {
    // There must be a row to lock, or a code redeemed at this moment would not be seen.
    sqlx::query("insert into fans (event_id, account_id) values ($1, $2) on conflict do nothing")
        .bind(event.as_str())
        .bind(account)
        .execute(&mut *connection)
        .await?;
    let (was_verified, was_revoked): (bool, bool) = sqlx::query_as(include_str!("sql/lock_fan.sql"))
        .bind(event.as_str())
        .bind(account)
        .fetch_one(&mut *connection)
        .await?;
    if was_revoked {
        return Ok(None);
    }
    sqlx::query(include_str!("sql/revoke_account.sql"))
        .bind(event.as_str())
        .bind(account)
        .execute(connection)
        .await?;
    Ok(Some(was_verified))
}

/// A slip in an id would verify nobody, without a word.
async fn check_account(connection: &mut PgConnection, account_id: Uuid) -> Result<(), Error> {
    let found: bool = sqlx::query_scalar("select exists (select from accounts where account_id = $1)")
        .bind(account_id)
        .fetch_one(connection)
        .await?;
    if found {
        Ok(())
    } else {
        Err(Error::not_found("account_not_found", "There is no such account."))
    }
}
