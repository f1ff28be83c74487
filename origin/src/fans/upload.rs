//! `POST /api/v1/admin/events/{id}/fans/invitations`: a list of addresses is invited, all of it or nothing.

use std::collections::HashMap;

use axum::{extract::State, response::IntoResponse};
use serde::Serialize;
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::PgConnection;
use stanchion_shared::identity::EventId;

use super::{
    change::{change, note},
    invitations::{Row, insert},
    list::{List, MAX_LINES_TOLD, Uploaded},
};
use crate::{
    accounts::Email,
    http::{Admin, Error, Json, Path},
    state::SharedApp,
};

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

/// # Errors
/// 404 `event_not_found`; 409 `no_verified_fans`, `drawing`, `fans_full`, `too_many_invitations`; and those of [`Uploaded`].
pub(super) async fn upload(
    admin: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
    Uploaded { list, body }: Uploaded,
) -> Result<impl IntoResponse, Error> {
    let digest = hex::encode(Sha256::digest(&body));
    let (event, admin, list, digest) = (&event_id, &admin, &list, &digest);
    let report = change(&app, "fans.upload", event, &|mut tx, programme| {
        Box::pin(async move {
            let (new, mut report) = sort(list, &known(&mut tx, event, list).await?);
            if new.is_empty() {
                return Ok(report);
            }
            report.without_account = insert(&mut tx, &programme, event, &new).await?;
            let counts = json!({"invited": report.invited, "lines": list.entries.len() + list.repeated.len()});
            let after = json!({"list_sha256": digest, "counts": counts});
            note(&mut tx, admin, "fans.invite_list", event, after).await?;
            Ok(report)
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
