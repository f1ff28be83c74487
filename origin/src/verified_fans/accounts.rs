//! An admin verifies an account, or revokes it. Only an admin can verify a revoked account again.
//!
//! The edge is not told of a revocation. A fan pass lives at most for
//! [`PASS_LIFE_MS`](super::PASS_LIFE_MS), and a fan who has joined with one keeps the number in the
//! tier of verified fans.

use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};
use stanchion_shared::ids::EventId;
use uuid::Uuid;

use super::{VerifiedFansError, admin_change::change, audit_entry::write_audit};

/// Makes an account a verified fan.
///
/// # Errors
/// [`VerifiedFansError::AccountNotFound`], [`VerifiedFansError::Full`]; those of an admin's change.
pub(super) async fn verify(
    database: &PgPool,
    admin: &str,
    event: &EventId,
    account_id: Uuid,
) -> Result<(), VerifiedFansError> {
    let account = &account_id.to_string();
    change(database, "fans.verify", event, &|mut tx, programme| {
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
            write_audit(&mut tx, admin, "fans.verify_account", event, (Value::Null, after)).await
        })
    })
    .await
}

/// Revokes an account: it is no verified fan, and does not become one unless an admin verifies it.
///
/// # Errors
/// [`VerifiedFansError::AccountNotFound`]; those of an admin's change.
pub(super) async fn revoke(
    database: &PgPool,
    admin: &str,
    event: &EventId,
    account_id: Uuid,
) -> Result<(), VerifiedFansError> {
    let account = &account_id.to_string();
    change(database, "fans.revoke", event, &|mut tx, programme| {
        Box::pin(async move {
            check_account(&mut tx, account_id).await?;
            let Some(was_verified) = revoke_in(&mut tx, event, account).await? else {
                return Ok(());
            };
            programme.promise(&mut tx, event, -i64::from(was_verified)).await?;
            let after = json!({"account_id": account, "verified": false, "was_verified": was_verified});
            write_audit(&mut tx, admin, "fans.revoke_account", event, (Value::Null, after)).await
        })
    })
    .await
}

/// Revokes an account within a transaction. Returns whether the account was verified until now,
/// `None` if it was revoked before. The caller corrects what is promised.
pub(super) async fn revoke_in(
    connection: &mut PgConnection,
    event: &EventId,
    account: &str,
) -> Result<Option<bool>, VerifiedFansError> {
    // The row must be there to be locked. Otherwise a code that is redeemed at this moment would
    // not be seen.
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

/// Without this check a mistyped id would verify nobody and still succeed.
async fn check_account(connection: &mut PgConnection, account_id: Uuid) -> Result<(), VerifiedFansError> {
    let found: bool = sqlx::query_scalar("select exists (select from accounts where account_id = $1)")
        .bind(account_id)
        .fetch_one(connection)
        .await?;
    if found {
        Ok(())
    } else {
        Err(VerifiedFansError::AccountNotFound)
    }
}
