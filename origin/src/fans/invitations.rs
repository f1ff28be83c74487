//! `…/fans/invitations`: addresses are invited, one by one or by a list, and the codes are exported to be sent by mail.

use std::collections::HashMap;

use axum::{extract::State, http::header, response::IntoResponse};
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};

use super::{
    accounts::take_off,
    code,
    list::{List, MAX_LINES_TOLD, Uploaded},
    pass::PASS_LIFE_MS,
    programme::Programme,
};
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

/// What became of a list. Every line is in one of the counts.
#[derive(Clone, Debug, Serialize)]
struct Report {
    /// Addresses that were not invited before, and are now.
    invited: usize,
    /// How many of those have no account yet. Their codes are good for the account that they will make.
    without_account: usize,
    /// Lines with an address of an earlier line.
    repeated: usize,
    /// Invited before, the code not redeemed.
    already_invited: usize,
    /// Invited before, the code redeemed.
    redeemed: usize,
    /// Taken back before; a list does not give it again.
    revoked: usize,
    /// The first of the lines that changed nothing.
    unchanged: Vec<Unchanged>,
}

#[derive(Clone, Debug, Serialize)]
struct Unchanged {
    line: u64,
    email: String,
    why: &'static str,
}

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
struct Row {
    invitation_id: i64,
    email: String,
    redeemed_by: Option<String>,
    revoked: bool,
}

impl Row {
    fn state(&self) -> &'static str {
        match (self.revoked, &self.redeemed_by) {
            (true, _) => "revoked",
            (false, Some(_)) => "redeemed",
            (false, None) => "invited",
        }
    }
}

/// # Errors
/// 404 `event_not_found`; 409 `no_verified_fans`, `fans_full`, `too_many_invitations`; and those of [`Uploaded`].
pub(super) async fn upload(
    admin: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
    Uploaded { list, body }: Uploaded,
) -> Result<impl IntoResponse, Error> {
    let digest = hex::encode(Sha256::digest(&body));
    let (event, admin, list, digest) = (&event_id, &admin, &list, &digest);
    let report = run_tx(&app.database, "fans.upload", |mut tx| {
        Box::pin(async move {
            let programme = Programme::read_locked(&mut tx, event).await?;
            let (new, mut report) = sort(list, &known(&mut tx, event, list).await?);
            if new.is_empty() {
                return Ok(report);
            }
            report.without_account = insert(&mut tx, &programme, event, &new).await?;
            let counts = json!({"invited": report.invited, "lines": list.entries.len() + list.repeated.len()});
            let after = json!({"list_sha256": digest, "counts": counts});
            note(&mut tx, admin, "fans.invite_list", event, after).await?;
            Ok::<_, Error>(report)
        })
    })
    .await?;
    Ok(Json(report))
}

/// What is known of the list's addresses: states by address.
async fn known(
    connection: &mut PgConnection,
    event: &EventId,
    list: &List,
) -> Result<HashMap<String, &'static str>, Error> {
    let emails: Vec<&str> = list.entries.iter().map(|(_, email)| email.as_str()).collect();
    let rows: Vec<Row> = sqlx::query_as(include_str!("sql/invitations_of.sql"))
        .bind(event.as_str())
        .bind(emails)
        .fetch_all(connection)
        .await?;
    let known = rows.into_iter().map(|row| (row.email.clone(), row.state()));
    Ok(known.collect())
}

/// The addresses to invite, and the report without what only the database knows.
fn sort<'a>(list: &'a List, known: &HashMap<String, &'static str>) -> (Vec<&'a str>, Report) {
    let mut new = Vec::new();
    let mut unchanged: Vec<(u64, &Email, &'static str)> = Vec::new();
    for (line, email) in &list.entries {
        match known.get(email.as_str()) {
            Some(state) => unchanged.push((*line, email, state)),
            None => new.push(email.as_str()),
        }
    }
    let counted = |state| unchanged.iter().filter(|(.., why)| *why == state).count();
    let (already_invited, redeemed, revoked) = (counted("invited"), counted("redeemed"), counted("revoked"));
    unchanged.extend(list.repeated.iter().map(|(line, email)| (*line, email, "repeated")));
    unchanged.sort_unstable_by_key(|(line, ..)| *line);
    let told = unchanged.into_iter().take(MAX_LINES_TOLD);
    let report = Report {
        invited: new.len(),
        without_account: 0,
        repeated: list.repeated.len(),
        already_invited,
        redeemed,
        revoked,
        unchanged: told
            .map(|(line, email, why)| Unchanged {
                line,
                email: email.as_str().to_owned(),
                why,
            })
            .collect(),
    };
    (new, report)
}

/// Invites addresses that are not; how many of them have no account.
async fn insert(
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

async fn note(
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
