//! An invitation is redeemed by its code: once per invitation, once per account, by whichever account has the code.
//!
//! Not by the account with the invited address: addresses are not confirmed, so a stranger could sign up with it first, and the
//! invited fan could neither sign up nor be let in. Who has the code has read the mail.

use axum::http::StatusCode;
use sqlx::PgConnection;
use stanchion_shared::identity::EventId;

use super::{
    code::{GivenCode, Invited},
    revoked,
};
use crate::{
    database::run_tx,
    http::{Account, Error},
    state::App,
};

#[derive(sqlx::FromRow)]
struct Invitation {
    email: String,
    generation: i32,
    redeemed_by: Option<String>,
    revoked: bool,
}

impl Invitation {
    fn of<'a>(&'a self, event: &'a EventId) -> Invited<'a> {
        Invited {
            event,
            email: &self.email,
            generation: self.generation,
        }
    }
}

/// Makes the account a verified fan. Doing it again changes nothing.
///
/// # Errors
/// 403 `invitation_invalid`, `invitation_revoked`, `fan_revoked`; 409 `invitation_used`, `already_verified`.
pub(super) async fn redeem(app: &App, event: &EventId, account: &Account, code: &str) -> Result<(), Error> {
    let code = GivenCode::parse(code).ok_or_else(invalid)?;
    run_tx(&app.database, "fans.redeem", |mut tx| {
        Box::pin(async move {
            // A draw must not choose whom this makes a verified fan: it would count them twice.
            sqlx::query(include_str!("sql/keep_open.sql"))
                .bind(event.as_str())
                .execute(&mut *tx)
                .await?;
            let found: Option<Invitation> = sqlx::query_as(include_str!("sql/lock_invitation.sql"))
                .bind(event.as_str())
                .bind(code.invitation_id)
                .fetch_optional(&mut *tx)
                .await?;
            let key = &app.config.invitation_key;
            // Whether the number or the rest of it is wrong is nobody's business.
            let invitation = found
                .filter(|invitation| code.is_of(key, invitation.of(event)))
                .ok_or_else(invalid)?;
            match &invitation.redeemed_by {
                Some(subject) if *subject == account.subject => return still_verified(&mut tx, event, account).await,
                Some(_) => {
                    return Err(Error::conflict(
                        "invitation_used",
                        "This invitation has been redeemed by another account.",
                    ));
                }
                None if invitation.revoked => {
                    return Err(refused("invitation_revoked", "This invitation has been taken back."));
                }
                None => {}
            }
            verify(&mut tx, event, account, code.invitation_id).await
        })
    })
    .await
}

fn refused(word: &'static str, message: &'static str) -> Error {
    Error::new(StatusCode::FORBIDDEN, word, message)
}

fn invalid() -> Error {
    refused("invitation_invalid", "This is no invitation code of this event.")
}

/// The answer to the first request may have been lost, or an admin took the fan off since.
async fn still_verified(connection: &mut PgConnection, event: &EventId, account: &Account) -> Result<(), Error> {
    let verified: Option<bool> =
        sqlx::query_scalar("select verified_at is not null from fans where event_id = $1 and account_id = $2")
            .bind(event.as_str())
            .bind(&account.subject)
            .fetch_optional(connection)
            .await?;
    if verified == Some(true) { Ok(()) } else { Err(revoked()) }
}

async fn verify(
    connection: &mut PgConnection,
    event: &EventId,
    account: &Account,
    invitation_id: i64,
) -> Result<(), Error> {
    let verified = sqlx::query(include_str!("sql/verify_invited.sql"))
        .bind(event.as_str())
        .bind(&account.subject)
        .execute(&mut *connection)
        .await?;
    if verified.rows_affected() == 0 {
        // The row is locked by now, so it says why.
        let is_revoked: bool =
            sqlx::query_scalar("select revoked_at is not null from fans where event_id = $1 and account_id = $2")
                .bind(event.as_str())
                .bind(&account.subject)
                .fetch_one(connection)
                .await?;
        return Err(if is_revoked {
            revoked()
        } else {
            Error::conflict(
                "already_verified",
                "You are a verified fan already: the code is still good for somebody else.",
            )
        });
    }
    sqlx::query("update fan_invitations set redeemed_by = $2, redeemed_at = now() where invitation_id = $1")
        .bind(invitation_id)
        .bind(&account.subject)
        .execute(connection)
        .await?;
    Ok(())
}
