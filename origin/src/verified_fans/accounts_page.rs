//! The accounts that have registered, are verified or were revoked, page by page.

use serde::{Deserialize, Serialize};
use sqlx::PgPool;
use stanchion_shared::{ids::EventId, timestamp::UnixMillis};
use time::OffsetDateTime;

use super::{VerifiedFansError, overview};
use crate::{clock, error::InvalidField};

/// Accounts of a page unless `limit` says otherwise.
pub const DEFAULT_ACCOUNTS_LISTED: u32 = 100;
/// Most accounts of a page.
pub const MAX_ACCOUNTS_LISTED: u32 = 10_000;

/// Which accounts to list.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AccountsFilter {
    state: Option<ListedState>,
    /// An account's id: the page begins behind it.
    #[serde(default)]
    after: String,
    /// 1 to [`MAX_ACCOUNTS_LISTED`].
    limit: Option<u32>,
}

#[derive(Clone, Copy, Deserialize)]
#[serde(rename_all = "snake_case")]
enum ListedState {
    Registered,
    Verified,
    Revoked,
}

/// A page of accounts.
#[derive(Serialize)]
pub(super) struct AccountsPage {
    accounts: Vec<ListedAccount>,
    /// For `after` of the next page; null if this page is the last.
    next: Option<String>,
}

#[derive(Serialize)]
struct ListedAccount {
    account_id: String,
    /// Null for an account of another issuer.
    email: Option<String>,
    registered_at: Option<UnixMillis>,
    verified_at: Option<UnixMillis>,
    /// `draw`, `admin` or `invitation`.
    verified_by: Option<String>,
    revoked_at: Option<UnixMillis>,
}

#[derive(sqlx::FromRow)]
struct AccountRow {
    account_id: String,
    email: Option<String>,
    registered_at: Option<OffsetDateTime>,
    verified_at: Option<OffsetDateTime>,
    verified_by: Option<String>,
    revoked_at: Option<OffsetDateTime>,
}

impl ListedState {
    fn word(self) -> &'static str {
        match self {
            ListedState::Registered => "registered",
            ListedState::Verified => "verified",
            ListedState::Revoked => "revoked",
        }
    }
}

/// Reads a page of accounts.
///
/// # Errors
/// [`VerifiedFansError::NoProgramme`], [`VerifiedFansError::InvalidField`], PostgreSQL.
pub(super) async fn read(
    database: &PgPool,
    event: &EventId,
    filter: &AccountsFilter,
) -> Result<AccountsPage, VerifiedFansError> {
    let limit = filter.limit.unwrap_or(DEFAULT_ACCOUNTS_LISTED);
    if !(1..=MAX_ACCOUNTS_LISTED).contains(&limit) {
        return Err(InvalidField::new(format!("limit must be 1 to {MAX_ACCOUNTS_LISTED}.")).into());
    }
    overview::check_programme(database, event).await?;
    // One row more than the page has tells whether there is a next page.
    let mut rows: Vec<AccountRow> = sqlx::query_as(include_str!("sql/accounts_page.sql"))
        .bind(event.as_str())
        .bind(filter.state.map(ListedState::word))
        .bind(&filter.after)
        .bind(i64::from(limit) + 1)
        .fetch_all(database)
        .await?;
    let is_last = rows.len() <= limit as usize;
    rows.truncate(limit as usize);
    let next = rows.last().filter(|_| !is_last).map(|row| row.account_id.clone());
    let accounts = rows.into_iter().map(AccountRow::listed).collect();
    Ok(AccountsPage { accounts, next })
}

impl AccountRow {
    fn listed(self) -> ListedAccount {
        ListedAccount {
            account_id: self.account_id,
            email: self.email,
            registered_at: self.registered_at.map(clock::from_sql),
            verified_at: self.verified_at.map(clock::from_sql),
            verified_by: self.verified_by,
            revoked_at: self.revoked_at.map(clock::from_sql),
        }
    }
}
