//! `GET /api/v1/admin/events/{id}/fans/accounts`: who has registered, is verified, was taken off; page by page.

use axum::{extract::State, response::IntoResponse};
use serde::{Deserialize, Serialize};
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};
use time::OffsetDateTime;

use super::{personal, view};
use crate::{
    clock,
    http::{Admin, Error, Path, Query},
    state::SharedApp,
};

/// Accounts of a page unless `limit` says otherwise.
pub const DEFAULT_ACCOUNTS_LISTED: u32 = 100;
/// Most accounts of a page.
pub const MAX_ACCOUNTS_LISTED: u32 = 10_000;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Filter {
    state: Option<Listed>,
    /// An account's id: the page begins behind it.
    #[serde(default)]
    after: String,
    limit: Option<u32>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Listed {
    Registered,
    Verified,
    Revoked,
}

#[derive(Serialize)]
struct Page {
    accounts: Vec<Entry>,
    /// For `after` of the next page; null if this is the last.
    next: Option<String>,
}

#[derive(Serialize)]
struct Entry {
    account_id: String,
    /// Null: the account is another issuer's.
    email: Option<String>,
    registered_at: Option<UnixMillis>,
    verified_at: Option<UnixMillis>,
    /// `draw`, `admin` or `invitation`.
    verified_by: Option<String>,
    revoked_at: Option<UnixMillis>,
}

#[derive(sqlx::FromRow)]
struct Row {
    account_id: String,
    email: Option<String>,
    registered_at: Option<OffsetDateTime>,
    verified_at: Option<OffsetDateTime>,
    verified_by: Option<String>,
    revoked_at: Option<OffsetDateTime>,
}

impl Listed {
    fn word(self) -> &'static str {
        match self {
            Listed::Registered => "registered",
            Listed::Verified => "verified",
            Listed::Revoked => "revoked",
        }
    }
}

/// # Errors
/// 404 `no_verified_fans`; 400 `malformed_query`; 422 `invalid_field`.
pub(super) async fn list(
    _: Admin,
    State(app): State<SharedApp>,
    Path(event_id): Path<EventId>,
    Query(filter): Query<Filter>,
) -> Result<impl IntoResponse, Error> {
    let limit = filter.limit.unwrap_or(DEFAULT_ACCOUNTS_LISTED);
    if !(1..=MAX_ACCOUNTS_LISTED).contains(&limit) {
        return Err(Error::invalid(format!("limit must be 1 to {MAX_ACCOUNTS_LISTED}.")));
    }
    view::check(&app.database, &event_id).await?;
    // One more than is told says whether there is a next page.
    let mut rows: Vec<Row> = sqlx::query_as(include_str!("sql/accounts.sql"))
        .bind(event_id.as_str())
        .bind(filter.state.map(Listed::word))
        .bind(&filter.after)
        .bind(i64::from(limit) + 1)
        .fetch_all(&app.database)
        .await?;
    let is_last = rows.len() <= limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| !is_last).map(|row| row.account_id.clone());
    let accounts = rows.into_iter().map(entry).collect();
    Ok(personal(Page { accounts, next }))
}

fn entry(row: Row) -> Entry {
    Entry {
        account_id: row.account_id,
        email: row.email,
        registered_at: row.registered_at.map(clock::from_sql),
        verified_at: row.verified_at.map(clock::from_sql),
        verified_by: row.verified_by,
        revoked_at: row.revoked_at.map(clock::from_sql),
    }
}
