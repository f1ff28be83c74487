//! An account redeems the code of an invitation: an invitation is redeemed once, and an account
//! redeems one.
//!
//! Any account may redeem a code, whatever its address. Addresses are not confirmed: if the account
//! needed the invited address, a stranger could sign up with it first and shut the invited fan out.
//! A fan who has the code has read the mail.

use sqlx::{PgConnection, PgPool};
use stanchion_shared::ids::{Bytes32, EventId};

use super::{
    super::VerifiedFansError,
    code::{CodeSubject, GivenCode},
};
use crate::database::run_tx;

#[derive(sqlx::FromRow)]
struct RedeemableRow {
    email: String,
    generation: i32,
    redeemed_by: Option<String>,
    revoked: bool,
}

impl RedeemableRow {
    fn subject<'a>(&'a self, event: &'a EventId) -> CodeSubject<'a> {
        CodeSubject {
            event,
            email: &self.email,
            generation: self.generation,
        }
    }
}

/// Makes the account a verified fan. It may be repeated.
///
/// # Errors
/// [`VerifiedFansError::CodeInvalid`], [`VerifiedFansError::InvitationRevoked`],
/// [`VerifiedFansError::Revoked`], [`VerifiedFansError::RedeemedByOther`],
/// [`VerifiedFansError::AlreadyVerified`], PostgreSQL.
pub(in crate::verified_fans) async fn redeem(
    database: &PgPool,
    key: &Bytes32,
    event: &EventId,
    account_id: &str,
    code: &str,
) -> Result<(), VerifiedFansError> {
    let code = GivenCode::parse(code).ok_or(VerifiedFansError::CodeInvalid)?;
    run_tx(database, "fans.redeem", |mut tx| {
        Box::pin(async move {
            // A selection must not choose the account while it redeems: it would be counted twice.
            sqlx::query(include_str!("../sql/hold_off_selection.sql"))
                .bind(event.as_str())
                .execute(&mut *tx)
                .await?;
            let found: Option<RedeemableRow> = sqlx::query_as(include_str!("sql/lock_by_id.sql"))
                .bind(event.as_str())
                .bind(code.invitation_id)
                .fetch_optional(&mut *tx)
                .await?;
            // The answer does not tell a wrong number from a wrong MAC.
            let invitation = found
                .filter(|invitation| code.is_of(key, invitation.subject(event)))
                .ok_or(VerifiedFansError::CodeInvalid)?;
            match &invitation.redeemed_by {
                Some(redeemer) if redeemer == account_id => {
                    return check_still_verified(&mut tx, event, account_id).await;
                }
                Some(_) => return Err(VerifiedFansError::RedeemedByOther),
                None if invitation.revoked => return Err(VerifiedFansError::InvitationRevoked),
                None => {}
            }
            verify(&mut tx, event, account_id, code.invitation_id).await
        })
    })
    .await
}

/// The account has redeemed this code before: the answer may have been lost, or an admin has
/// revoked the account since.
async fn check_still_verified(
    connection: &mut PgConnection,
    event: &EventId,
    account_id: &str,
) -> Result<(), VerifiedFansError> {
    let verified: Option<bool> =
        sqlx::query_scalar("select verified_at is not null from fans where event_id = $1 and account_id = $2")
            .bind(event.as_str())
            .bind(account_id)
            .fetch_optional(connection)
            .await?;
    if verified == Some(true) {
        Ok(())
    } else {
        Err(VerifiedFansError::Revoked)
    }
}

async fn verify(
    connection: &mut PgConnection,
    event: &EventId,
    account_id: &str,
    invitation_id: i64,
) -> Result<(), VerifiedFansError> {
    let verified = sqlx::query(include_str!("sql/verify_redeemer.sql"))
        .bind(event.as_str())
        .bind(account_id)
        .execute(&mut *connection)
        .await?;
    if verified.rows_affected() == 0 {
        // The statement has locked the row, so the row now tells the reason.
        let is_revoked: bool =
            sqlx::query_scalar("select revoked_at is not null from fans where event_id = $1 and account_id = $2")
                .bind(event.as_str())
                .bind(account_id)
                .fetch_one(connection)
                .await?;
        return Err(if is_revoked {
            VerifiedFansError::Revoked
        } else {
            VerifiedFansError::AlreadyVerified
        });
    }
    sqlx::query("update fan_invitations set redeemed_by = $2, redeemed_at = now() where invitation_id = $1")
        .bind(invitation_id)
        .bind(account_id)
        .execute(connection)
        .await?;
    Ok(())
}
