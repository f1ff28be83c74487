//! An admin invites a list of addresses: all of it or nothing.

use std::collections::HashMap;

use serde::Serialize;
use serde_json::{Value, json};
use sqlx::{PgConnection, PgPool};
use stanchion_shared::ids::EventId;

use super::{
    super::{VerifiedFansError, admin_change::change, audit_entry::write_audit},
    invitation::{InvitationRow, insert},
    list::{AddressList, MAX_LINES_TOLD},
};
use crate::accounts::Email;

/// What became of a list. Every line is in one of the counts.
#[derive(Clone, Debug, Serialize)]
pub(in crate::verified_fans) struct UploadReport {
    /// Addresses that were not invited before, and are now.
    invited: usize,
    /// Those of them that have no account yet. Their codes are for the accounts that they will
    /// make.
    without_account: usize,
    /// Lines with an address of an earlier line.
    repeated: usize,
    /// Addresses that were invited before, whose code is not redeemed.
    already_invited: usize,
    /// Addresses that were invited before, whose code is redeemed.
    redeemed: usize,
    /// Addresses whose invitation was revoked. A list does not give it again.
    revoked: usize,
    /// The first of the lines that changed nothing, at most [`MAX_LINES_TOLD`].
    unchanged: Vec<UnchangedLine>,
}

#[derive(Clone, Debug, Serialize)]
struct UnchangedLine {
    line: u64,
    email: String,
    why: &'static str,
}

/// Invites the addresses of a list. `digest` is the SHA-256 of the list as it was sent, for the
/// audit log.
///
/// # Errors
/// [`VerifiedFansError::Full`], [`VerifiedFansError::TooManyInvitations`]; those of an admin's
/// change.
pub(in crate::verified_fans) async fn upload(
    database: &PgPool,
    admin: &str,
    event: &EventId,
    list: &AddressList,
    digest: &str,
) -> Result<UploadReport, VerifiedFansError> {
    change(database, "fans.upload", event, &|mut tx, programme| {
        Box::pin(async move {
            let (new, mut report) = sort(list, &known_states(&mut tx, event, list).await?);
            if new.is_empty() {
                return Ok(report);
            }
            report.without_account = insert(&mut tx, &programme, event, &new).await?;
            let counts = json!({"invited": report.invited, "lines": list.entries.len() + list.repeated.len()});
            let after = json!({"list_sha256": digest, "counts": counts});
            write_audit(&mut tx, admin, "fans.invite_list", event, (Value::Null, after)).await?;
            Ok(report)
        })
    })
    .await
}

/// The states of the list's addresses that were invited before, by address.
async fn known_states(
    connection: &mut PgConnection,
    event: &EventId,
    list: &AddressList,
) -> Result<HashMap<String, &'static str>, VerifiedFansError> {
    let emails: Vec<&str> = list.entries.iter().map(|(_, email)| email.as_str()).collect();
    let rows: Vec<InvitationRow> = sqlx::query_as(include_str!("sql/find.sql"))
        .bind(event.as_str())
        .bind(emails)
        .fetch_all(connection)
        .await?;
    let states = rows.into_iter().map(|row| (row.email.clone(), row.state()));
    Ok(states.collect())
}

/// The addresses to invite, and the report without the number that only the database knows.
fn sort<'a>(list: &'a AddressList, known: &HashMap<String, &'static str>) -> (Vec<&'a str>, UploadReport) {
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
    let report = UploadReport {
        invited: new.len(),
        without_account: 0,
        repeated: list.repeated.len(),
        already_invited,
        redeemed,
        revoked,
        unchanged: told
            .map(|(line, email, why)| UnchangedLine {
                line,
                email: email.as_str().to_owned(),
                why,
            })
            .collect(),
    };
    (new, report)
}
