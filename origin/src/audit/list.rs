//! Reads the audit log.

use serde::Serialize;
use serde_json::Value;
use sqlx::PgPool;
use stanchion_shared::timestamp::UnixMillis;
use time::OffsetDateTime;

use crate::{clock, error::InvalidField};

/// Entries of an answer unless `limit` says otherwise.
pub const DEFAULT_AUDIT_LIMIT: u32 = 50;
/// Most entries of an answer.
pub const MAX_AUDIT_LIMIT: u32 = 500;

/// How many entries to read: 1 to [`MAX_AUDIT_LIMIT`].
#[derive(Clone, Copy)]
pub(super) struct AuditLimit(u32);

impl AuditLimit {
    /// # Errors
    /// The sentence names the limits.
    pub(super) fn new(limit: Option<u32>) -> Result<AuditLimit, InvalidField> {
        let limit = limit.unwrap_or(DEFAULT_AUDIT_LIMIT);
        if (1..=MAX_AUDIT_LIMIT).contains(&limit) {
            Ok(AuditLimit(limit))
        } else {
            Err(InvalidField::new(format!("limit must be 1 to {MAX_AUDIT_LIMIT}.")))
        }
    }
}

/// An entry as an admin sees it.
#[derive(Serialize)]
pub(super) struct ListedEntry {
    audit_id: i64,
    at: UnixMillis,
    who: String,
    what: String,
    event_id: Option<String>,
    before: Option<Value>,
    after: Option<Value>,
}

#[derive(sqlx::FromRow)]
struct EntryRow {
    audit_id: i64,
    at: OffsetDateTime,
    who: String,
    what: String,
    event_id: Option<String>,
    before: Option<Value>,
    after: Option<Value>,
}

/// The newest entries, the newest first.
pub(super) async fn newest(database: &PgPool, AuditLimit(limit): AuditLimit) -> Result<Vec<ListedEntry>, sqlx::Error> {
    let rows: Vec<EntryRow> = sqlx::query_as(
        "select audit_id, at, who, what, event_id, before, after from audit_log order by audit_id desc limit $1",
    )
    .bind(i64::from(limit))
    .fetch_all(database)
    .await?;
    let listed = |row: EntryRow| ListedEntry {
        audit_id: row.audit_id,
        at: clock::from_sql(row.at),
        who: row.who,
        what: row.what,
        event_id: row.event_id,
        before: row.before.filter(|value| !value.is_null()),
        after: row.after.filter(|value| !value.is_null()),
    };
    Ok(rows.into_iter().map(listed).collect())
}
