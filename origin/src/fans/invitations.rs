//! `…/fans/invitations`: addresses are invited one by one (a list: see `upload`), taken back, and the codes are exported to be
//! sent by mail.

use axum::{extract::State, http::header, response::IntoResponse};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};

use super::{
    accounts::take_off,
    change::{change, note},
    code::{self, Invited},
    pass::PASS_LIFE_MS,
    programme::Programme,
};
use crate::{
    accounts::Email,
    clock,
    http::{Admin, Error, Json, Path, Query},
    state::{App, SharedApp},
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
    generation: i32,
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

    fn code(&self, app: &App, event: &EventId) -> String {
        let of = Invited {
            event,
            email: &self.email,
            generation: self.generation,
        };
        code::code(&app.config.invitation_key, self.invitation_id, of)
    }

    /// One that was redeemed is as it is: its code opens nothing any more.
    fn check_may_stay(&self, renew: bool) -> Result<(), Error> {
        let message = match (self.revoked, renew) {
            (true, _) => "This invitation was redeemed before it was taken back: verify the account instead.",
            (false, true) => "This invitation has been redeemed: take it back, or the account off.",
            (false, false) => return Ok(()),
        };
        Err(Error::conflict("invitation_used", message))
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
    super::view::check(&app.database, &event_id).await?;
    let rows: Vec<Row> = sqlx::query_as(
        "select invitation_id, email, generation, redeemed_by, revoked_at is not null as revoked
         from fan_invitations where event_id = $1 order by invitation_id",
    )
    .bind(event_id.as_str())
    .fetch_all(&app.database)
    .await?;
    let mut csv = csv::Writer::from_writer(Vec::new());
    csv.write_record(["email", "code", "state"]).map_err(Error::internal)?;
    for row in &rows {
        csv.write_record([row.email.as_str(), &row.code(&app, &event_id), row.state()])
            .map_err(Error::internal)?;
    }
    let body = csv.into_inner().map_err(Error::internal)?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    Ok((headers, body))
}

/// How an address is invited.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct How {
    /// The code given so far is worthless from now on, and there is a new one.
    #[serde(default)]
    renew: bool,
}

/// # Errors
/// 404 `event_not_found`; 409 `no_verified_fans`, `drawing`, `fans_full`, `too_many_invitations`, `invitation_used`; 400
/// `malformed_query`; 422 `invalid_field`.
pub(super) async fn invite(
    admin: Admin,
    State(app): State<SharedApp>,
    Path((event_id, email)): Path<(EventId, String)>,
    Query(how): Query<How>,
) -> Result<impl IntoResponse, Error> {
    let email = Email::parse(&email)?;
    let (event, admin, email, renew) = (&event_id, &admin, email.as_str(), how.renew);
    let row = change(&app, "fans.invite", event, &|mut tx, programme| {
        Box::pin(async move {
            match find(&mut tx, event, email).await? {
                Some(row) if row.redeemed_by.is_some() => row.check_may_stay(renew).map(|()| row),
                // Who takes an invitation back does not trust its code: given again, it is another.
                Some(row) if row.revoked || renew => {
                    programme.promise(&mut tx, event, i64::from(row.revoked)).await?;
                    open_anew(&mut tx, row.invitation_id).await?;
                    let what = if row.revoked {
                        "fans.invite"
                    } else {
                        "fans.renew_invitation"
                    };
                    note(&mut tx, admin, what, event, json!({"email": email})).await?;
                    found(&mut tx, event, email).await
                }
                Some(row) => Ok(row),
                None => {
                    insert(&mut tx, &programme, event, &[email]).await?;
                    note(&mut tx, admin, "fans.invite", event, json!({"email": email})).await?;
                    found(&mut tx, event, email).await
                }
            }
        })
    })
    .await?;
    Ok(Json(Invitation {
        code: row.code(&app, &event_id),
        state: row.state(),
        email: row.email,
        event_id,
    }))
}

/// # Errors
/// 404 `event_not_found`, `invitation_not_found`; 409 `no_verified_fans`, `drawing`; 422 `invalid_field`.
pub(super) async fn revoke(
    admin: Admin,
    State(app): State<SharedApp>,
    Path((event_id, email)): Path<(EventId, String)>,
) -> Result<impl IntoResponse, Error> {
    let email = Email::parse(&email)?;
    let (event, admin, email) = (&event_id, &admin, email.as_str());
    let row = change(&app, "fans.take_back", event, &|mut tx, programme| {
        Box::pin(async move {
            let row = find(&mut tx, event, email).await?.ok_or_else(|| {
                Error::not_found("invitation_not_found", "This address is not invited to this event.")
            })?;
            if row.revoked {
                return Ok(row);
            }
            sqlx::query("update fan_invitations set revoked_at = now() where invitation_id = $1")
                .bind(row.invitation_id)
                .execute(&mut *tx)
                .await?;
            let counted = match &row.redeemed_by {
                None => true,
                Some(account) => take_off(&mut tx, event, account).await? == Some(true),
            };
            programme.promise(&mut tx, event, -i64::from(counted)).await?;
            let after = json!({"email": email, "account_id": row.redeemed_by});
            note(&mut tx, admin, "fans.revoke_invitation", event, after).await?;
            Ok(row)
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

async fn found(connection: &mut PgConnection, event: &EventId, email: &str) -> Result<Row, Error> {
    let row = find(connection, event, email).await?;
    row.ok_or_else(|| Error::internal("an invitation is gone"))
}

/// Open, with a code that nobody has had.
async fn open_anew(connection: &mut PgConnection, invitation_id: i64) -> Result<(), Error> {
    sqlx::query("update fan_invitations set revoked_at = null, generation = generation + 1 where invitation_id = $1")
        .bind(invitation_id)
        .execute(connection)
        .await?;
    Ok(())
}
