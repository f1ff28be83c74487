//! A fan registers for the next selection, or becomes a verified fan at once with the code of an
//! invitation.

use sqlx::PgPool;
use stanchion_shared::ids::{Bytes32, EventId};

use super::{
    VerifiedFansError,
    fan_status::{FanState, FanStatus, RegistrationPhase},
    invitations,
};
use crate::database::run_tx;

/// Registers an account, or redeems `code` for it. Returns the account's status afterwards.
///
/// # Errors
/// [`VerifiedFansError::EventNotFound`]; those of [`register_without_code`] or of
/// [`invitations::redeem`].
pub(super) async fn register(
    database: &PgPool,
    invitation_key: &Bytes32,
    event: &EventId,
    account_id: &str,
    code: Option<&str>,
) -> Result<FanStatus, VerifiedFansError> {
    // This read also checks that there is such an event.
    let status = FanStatus::read(database, event, account_id).await?;
    match code {
        Some(code) => invitations::redeem(database, invitation_key, event, account_id, code).await?,
        None => register_without_code(database, event, account_id, &status).await?,
    }
    FanStatus::read(database, event, account_id).await
}

/// # Errors
/// [`VerifiedFansError::Revoked`], [`VerifiedFansError::NoRegistration`],
/// [`VerifiedFansError::RegistrationNotOpen`], [`VerifiedFansError::RegistrationClosed`],
/// PostgreSQL.
async fn register_without_code(
    database: &PgPool,
    event: &EventId,
    account_id: &str,
    status: &FanStatus,
) -> Result<(), VerifiedFansError> {
    match status.state {
        FanState::Revoked => return Err(VerifiedFansError::Revoked),
        FanState::Verified => return Ok(()),
        FanState::Registered | FanState::Invited | FanState::None if status.registered => return Ok(()),
        FanState::Registered | FanState::Invited | FanState::None => {}
    }
    let registered = run_tx(database, "fans.register", |mut tx| {
        Box::pin(async move {
            sqlx::query(include_str!("sql/hold_off_selection.sql"))
                .bind(event.as_str())
                .execute(&mut *tx)
                .await?;
            let done = sqlx::query(include_str!("sql/register.sql"))
                .bind(event.as_str())
                .bind(account_id)
                .execute(&mut *tx)
                .await?;
            Ok::<_, VerifiedFansError>(done.rows_affected() > 0)
        })
    })
    .await?;
    if registered {
        return Ok(());
    }
    reason_for_no_registration(&FanStatus::read(database, event, account_id).await?)
}

/// Nothing was written: another request has registered the account, or it cannot be registered.
fn reason_for_no_registration(status: &FanStatus) -> Result<(), VerifiedFansError> {
    let phase = status.registration.map(|window| window.phase());
    match (status.state, phase) {
        (FanState::Revoked, _) => Err(VerifiedFansError::Revoked),
        (FanState::Verified, _) => Ok(()),
        (_, _) if status.registered => Ok(()),
        (_, None) => Err(VerifiedFansError::NoRegistration),
        (_, Some(RegistrationPhase::Announced)) => Err(VerifiedFansError::RegistrationNotOpen),
        (_, Some(RegistrationPhase::Open | RegistrationPhase::Closed)) => Err(VerifiedFansError::RegistrationClosed),
    }
}
