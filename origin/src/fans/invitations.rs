//! `…/fans/invitations`: addresses are invited one by one (a list: see `upload`), taken back, and the codes are exported to be
//! sent by mail.

use axum::{extract::State, http::header, response::IntoResponse};
use serde::Serialize;
use serde_json::{Value, json};
use sqlx::PgConnection;
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};

use super::{accounts::take_off, code, pass::PASS_LIFE_MS, programme::Programme};
use crate::{
    accounts::Email,
    admin::Change,
    clock,
    database::run_tx,
    http::{Admin, Error, Json, Path},
    state::SharedApp,
};

/// Most invitations of an event: an export of all is one answer, of some 12 MB then.
pub const MAX_INVITATIONS: usize = 200_000;

#[derive(Serialize)]
struct Invitation {
    event_id: EventId,
    email: String,
    state: &'static str,
    /// To be sent to the address, and to nobody else.
    code: String,
}

#[derive(Serialize)]
struct TakenBack {
    event_id: EventId,
    email: String,
    state: &'static str,
    /// Who had redeemed it, and was taken off with it.
    account_id: Option<String>,
    /// From then on no pass is good that was given before.
    passes_end_at: UnixMillis,
}

#[derive(sqlx::FromRow)]
pub(super) struct Row {
    invitation_id: i64,
    pub(super) email: String,
    redeemed_by: Option<String>,
    revoked: bool,
}

impl Row {
    /// As told to admins.
    pub(super) fn state(&self) -> &'static str {
        match (self.revoked, &self.redeemed_by) {
            (true, _) => "revoked",
            (false, Some(_)) => "redeemed",
            (false, None) => "invited",
        }
    }
}

/// Invites addresses that are not; how many of them have no account.
pub(super) async fn insert(
    connection: &mut PgConnection,
    programme: &Programme,
    event: &EventId,
    emails: &[&str],
) -> Result<usize, Error> {
    let before: i64 = sqlx::query_scalar("select count(*) from fan_invitations where event_id = $1")
        .bind(event.as_str())
        .fetch_one(&mut *connection)
        .await?;
    let room = MAX_INVITATIONS.saturating_sub(usize::try_from(before).unwrap_or(usize::MAX));
    if emails.len() > room {
        let message = format!("An event has {MAX_INVITATIONS} invitations at the most; there is room for {room} more.");
        return Err(Error::conflict("too_many_invitations", message).with("room", room));
    }
    let more = i64::try_from(emails.len()).map_err(Error::internal)?;
    programme.promise(connection, event, more).await?;
    let with_account: i64 = sqlx::query_scalar(include_str!("sql/invite.sql"))
        .bind(event.as_str())
        .bind(emails)
        .fetch_one(connection)
        .await?;
    Ok(emails.len() - usize::try_from(with_account).unwrap_or(0))
}

/// All invitations as CSV: `email,code,state`, in the order in which they came.
///
/// # Errors
/// 404 `no_verified_fans`.
pub(super) async fn export(
    _: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
) -> Result<impl IntoResponse, Error> {
    super::programme::check(&app.database, &event_id).await?;
    let rows: Vec<Row> = sqlx::query_as(
        "select invitation_id, email, redeemed_by, revoked_at is not null as revoked
         from fan_invitations where event_id = $1 order by invitation_id",
    )
    .bind(event_id.as_str())
    .fetch_all(&app.database)
    .await?;
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["email", "code", "state"]).map_err(Error::internal)?;
    for row in &rows {
        let code = code::code(&app.config.invitation_key, &event_id, row.invitation_id, &row.email);
        csv.write_record([row.email.as_str(), &code, row.state()])
            .map_err(Error::internal)?;
    }
    let body = csv.into_inner().map_err(Error::internal)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, body))
}

/// # Errors
/// 404 `event_not_found`; 409 `no_verified_fans`, `fans_full`, `too_many_invitations`, `invitation_used`; 422 `invalid_field`.
pub(super) async fn invite(
    admin: Admin,
    State(app): State<SharedApp>,
    Path((event_id, email)): Path<(EventId, String)>,
) -> Result<impl IntoResponse, Error> {
    let email = Email::parse(&email)?;
    let (event, admin, email) = (&event_id, &admin, email.as_str());
    let row = run_tx(&app.database, "fans.invite", |mut tx| {
        Box::pin(async move {
            let programme = Programme::read_locked(&mut tx, event).await?;
            match find(&mut tx, event, email).await? {
                Some(row) if row.revoked && row.redeemed_by.is_some() => {
                    return Err(Error::conflict(
                        "invitation_used",
                        "This invitation was redeemed before it was taken back: verify the account instead.",
                    ));
                }
                Some(row) if row.revoked => {
                    programme.promise(&mut tx, event, 1).await?;
                    set_revoked(&mut tx, row.invitation_id, false).await?;
                }
                Some(row) => return Ok(row),
                None => {
                    insert(&mut tx, &programme, event, &[email]).await?;
                }
            }
            note(&mut tx, admin, "fans.invite", event, json!({"email": email})).await?;
            find(&mut tx, event, email)
                .await?
                .ok_or_else(|| Error::internal("an invitation is gone"))
        })
    })
    .await?;
    Ok(Json(Invitation {
        code: code::code(&app.config.invitation_key, &event_id, row.invitation_id, &row.email),
        state: row.state(),
        email: row.email,
        event_id,
    }))
}

/// # Errors
/// 404 `event_not_found`, `invitation_not_found`; 409 `no_verified_fans`; 422 `invalid_field`.
pub(super) async fn revoke(
    admin: Admin,
    State(app): State<SharedApp>,
    Path((event_id, email)): Path<(EventId, String)>,
) -> Result<impl IntoResponse, Error> {
    let email = Email::parse(&email)?;
    let (event, admin, email) = (&event_id, &admin, email.as_str());
    let row = run_tx(&app.database, "fans.take_back", |mut tx| {
        Box::pin(async move {
            let programme = Programme::read_locked(&mut tx, event).await?;
            let row = find(&mut tx, event, email).await?.ok_or_else(|| {
                Error::not_found("invitation_not_found", "This address is not invited to this event.")
            })?;
            if row.revoked {
                return Ok(row);
            }
            set_revoked(&mut tx, row.invitation_id, true).await?;
            let counted = match &row.redeemed_by {
                None => true,
                Some(account) => take_off(&mut tx, event, account).await? == Some(true),
            };
            programme.promise(&mut tx, event, -i64::from(counted)).await?;
            let after = json!({"email": email, "account_id": row.redeemed_by});
            note(&mut tx, admin, "fans.revoke_invitation", event, after).await?;
            Ok::<_, Error>(row)
        })
    })
    .await?;
    Ok(Json(TakenBack {
        event_id,
        email: row.email,
        state: "revoked",
        account_id: row.redeemed_by,
        passes_end_at: clock::now().plus(PASS_LIFE_MS),
    }))
}

/// Locked until the transaction ends: nobody redeems it meanwhile.
async fn find(connection: &mut PgConnection, event: &EventId, email: &str) -> Result<Option<Row>, Error> {
    Ok(sqlx::query_as(include_str!("sql/lock_invitation_of.sql"))
        .bind(event.as_str())
        .bind(email)
        .fetch_optional(connection)
        .await?)
}

async fn set_revoked(connection: &mut PgConnection, invitation_id: i64, revoked: bool) -> Result<(), Error> {
    sqlx::query("update fan_invitations set revoked_at = case when $2 then now() end where invitation_id = $1")
        .bind(invitation_id)
        .bind(revoked)
        .execute(connection)
        .await?;
    Ok(())
}

pub(super) async fn note(
    connection: &mut PgConnection,
    admin: &Admin,
    what: &'static str,
    event: &EventId,
    after: Value,
) -> Result<(), Error> {
    let change = Change {
        who: admin,
        what,
        event,
        before: Value::Null,
        after,
    };
    Ok(change.write(connection).await?)
}
