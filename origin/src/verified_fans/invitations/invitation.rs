//! An invitation of an address to the verified fans of an event.

use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};
use stanchion_shared::ids::{Bytes32, EventId};

use super::{
    super::{
        VerifiedFansError, accounts::revoke_in, admin_change::change, audit_entry::write_audit, overview,
        programme::Programme,
    },
    code::{self, CodeSubject},
};
use crate::{accounts::Email, error::InternalError};

/// Most invitations of an event. The export of all is one answer, of some 12 MB then.
pub const MAX_INVITATIONS: usize = 200_000;

/// An invitation as PostgreSQL has it.
#[derive(sqlx::FromRow)]
pub(in crate::verified_fans) struct InvitationRow {
    invitation_id: i64,
    pub(in crate::verified_fans) email: String,
    generation: i32,
    pub(in crate::verified_fans) redeemed_by: Option<String>,
    revoked: bool,
}

impl InvitationRow {
    /// The state, in the API's words.
    pub(in crate::verified_fans) fn state(&self) -> &'static str {
        match (self.revoked, &self.redeemed_by) {
            (true, _) => "revoked",
            (false, Some(_)) => "redeemed",
            (false, None) => "invited",
        }
    }

    /// The code, which must be sent to the invited address and to nobody else.
    pub(in crate::verified_fans) fn code(&self, key: &Bytes32, event: &EventId) -> String {
        let subject = CodeSubject {
            event,
            email: &self.email,
            generation: self.generation,
        };
        code::code(key, self.invitation_id, subject)
    }

    /// Checks that a redeemed invitation is invited again without a change. Its code opens nothing
    /// any more.
    fn check_unchanged(&self, renew: bool) -> Result<(), VerifiedFansError> {
        match (self.revoked, renew) {
            (true, _) => Err(VerifiedFansError::RedeemedThenRevoked),
            (false, true) => Err(VerifiedFansError::RedeemedCode),
            (false, false) => Ok(()),
        }
    }
}

/// Invites addresses that are not invited yet. Returns how many of them have no account.
pub(super) async fn insert(
    connection: &mut PgConnection,
    programme: &Programme,
    event: &EventId,
    emails: &[&str],
) -> Result<usize, VerifiedFansError> {
    let before: i64 = sqlx::query_scalar("select count(*) from fan_invitations where event_id = $1")
        .bind(event.as_str())
        .fetch_one(&mut *connection)
        .await?;
    let room = MAX_INVITATIONS.saturating_sub(usize::try_from(before).unwrap_or(usize::MAX));
    if emails.len() > room {
        return Err(VerifiedFansError::TooManyInvitations { room });
    }
    let more = i64::try_from(emails.len()).map_err(InternalError::new)?;
    programme.promise(connection, event, more).await?;
    let with_account: i64 = sqlx::query_scalar(include_str!("sql/invite.sql"))
        .bind(event.as_str())
        .bind(emails)
        .fetch_one(connection)
        .await?;
    Ok(emails.len() - usize::try_from(with_account).unwrap_or(0))
}

/// Reads all invitations of an event, in the order in which they were made.
///
/// # Errors
/// [`VerifiedFansError::NoProgramme`], PostgreSQL.
pub(in crate::verified_fans) async fn all(
    database: &PgPool,
    event: &EventId,
) -> Result<Vec<InvitationRow>, VerifiedFansError> {
    overview::check_programme(database, event).await?;
    Ok(sqlx::query_as(
        "select invitation_id, email, generation, redeemed_by, revoked_at is not null as revoked
         from fan_invitations where event_id = $1 order by invitation_id",
    )
    .bind(event.as_str())
    .fetch_all(database)
    .await?)
}

/// Invites an address. `renew` gives it a new code and makes the present one worthless.
///
/// # Errors
/// [`VerifiedFansError::Full`], [`VerifiedFansError::TooManyInvitations`],
/// [`VerifiedFansError::RedeemedThenRevoked`], [`VerifiedFansError::RedeemedCode`]; those of an
/// admin's change.
pub(in crate::verified_fans) async fn invite(
    database: &PgPool,
    admin: &str,
    event: &EventId,
    email: &Email,
    renew: bool,
) -> Result<InvitationRow, VerifiedFansError> {
    let email = email.as_str();
    change(database, "fans.invite", event, &|mut tx, programme| {
        Box::pin(async move {
            match find(&mut tx, event, email).await? {
                Some(row) if row.redeemed_by.is_some() => row.check_unchanged(renew).map(|()| row),
                // An admin revokes an invitation because its code is not trusted: given again, it
                // has another code.
                Some(row) if row.revoked || renew => {
                    programme.promise(&mut tx, event, i64::from(row.revoked)).await?;
                    reopen(&mut tx, row.invitation_id).await?;
                    let what = if row.revoked {
                        "fans.invite"
                    } else {
                        "fans.renew_invitation"
                    };
                    write_audit(&mut tx, admin, what, event, (Value::Null, json!({"email": email}))).await?;
                    find_existing(&mut tx, event, email).await
                }
                Some(row) => Ok(row),
                None => {
                    insert(&mut tx, &programme, event, &[email]).await?;
                    write_audit(
                        &mut tx,
                        admin,
                        "fans.invite",
                        event,
                        (Value::Null, json!({"email": email})),
                    )
                    .await?;
                    find_existing(&mut tx, event, email).await
                }
            }
        })
    })
    .await
}

/// Revokes the invitation of an address, together with the account that has redeemed it. Returns
/// the invitation as it was.
///
/// # Errors
/// [`VerifiedFansError::InvitationNotFound`]; those of an admin's change.
pub(in crate::verified_fans) async fn revoke(
    database: &PgPool,
    admin: &str,
    event: &EventId,
    email: &Email,
) -> Result<InvitationRow, VerifiedFansError> {
    let email = email.as_str();
    change(database, "fans.take_back", event, &|mut tx, programme| {
        Box::pin(async move {
            let row = find(&mut tx, event, email)
                .await?
                .ok_or(VerifiedFansError::InvitationNotFound)?;
            if row.revoked {
                return Ok(row);
            }
            sqlx::query("update fan_invitations set revoked_at = now() where invitation_id = $1")
                .bind(row.invitation_id)
                .execute(&mut *tx)
                .await?;
            let counted = match &row.redeemed_by {
                None => true,
                Some(account) => revoke_in(&mut tx, event, account).await? == Some(true),
            };
            programme.promise(&mut tx, event, -i64::from(counted)).await?;
            let after = json!({"email": email, "account_id": row.redeemed_by});
            write_audit(&mut tx, admin, "fans.revoke_invitation", event, (Value::Null, after)).await?;
            Ok(row)
        })
    })
    .await
}

/// Reads the invitation of an address and locks it until the transaction ends: nobody redeems it
/// meanwhile.
async fn find(
    connection: &mut PgConnection,
    event: &EventId,
    email: &str,
) -> Result<Option<InvitationRow>, VerifiedFansError> {
    Ok(sqlx::query_as(include_str!("sql/lock_by_email.sql"))
        .bind(event.as_str())
        .bind(email)
        .fetch_optional(connection)
        .await?)
}

async fn find_existing(
    connection: &mut PgConnection,
    event: &EventId,
    email: &str,
) -> Result<InvitationRow, VerifiedFansError> {
    let row = find(connection, event, email).await?;
    Ok(row.ok_or_else(|| InternalError::new("an invitation is gone"))?)
}

/// Opens an invitation with a new code.
async fn reopen(connection: &mut PgConnection, invitation_id: i64) -> Result<(), VerifiedFansError> {
    sqlx::query("update fan_invitations set revoked_at = null, generation = generation + 1 where invitation_id = $1")
        .bind(invitation_id)
        .execute(connection)
        .await?;
    Ok(())
}
