//! Who changed what, when, from what to what. Written in the transaction of the change; never changed, never deleted.

use axum::{extract::State, response::IntoResponse};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sqlx::PgConnection;
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};
use time::OffsetDateTime;

use crate::{
    clock,
    http::{Admin, Error, Json, Query},
    state::SharedApp,
};

/// Entries of an answer unless `limit` says otherwise.
pub const DEFAULT_AUDIT_LIMIT: u32 = 50;
/// Most entries of an answer.
pub const MAX_AUDIT_LIMIT: u32 = 500;

/// One change.
pub(crate) struct Change<'a> {
    pub(crate) who: &'a Admin,
    /// A machine word such as `event.pause`.
    pub(crate) what: &'static str,
    pub(crate) event: &'a EventId,
    pub(crate) before: Value,
    pub(crate) after: Value,
}

impl Change<'_> {
    pub(crate) async fn write(&self, connection: &mut PgConnection) -> Result<(), sqlx::Error> {
        sqlx::query("insert into audit_log (who, what, event_id, before, after) values ($1, $2, $3, $4, $5)")
            .bind(&self.who.name)
            .bind(self.what)
            .bind(self.event.as_str())
            .bind(&self.before)
            .bind(&self.after)
            .execute(connection)
            .await?;
        Ok(())
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct AuditQuery {
    limit: Option<u32>,
}

#[derive(Serialize)]
struct AuditPage {
    /// Newest first.
    entries: Vec<Entry>,
}

#[derive(Serialize)]
struct Entry {
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

pub(super) async fn list(
    _: Admin,
    State(app): State<SharedApp>,
    Query(query): Query<AuditQuery>,
) -> Result<impl IntoResponse, Error> {
    let limit = query.limit.unwrap_or(DEFAULT_AUDIT_LIMIT);
    if !(1..=MAX_AUDIT_LIMIT).contains(&limit) {
        return Err(Error::invalid(format!("limit must be 1 to {MAX_AUDIT_LIMIT}.")));
    }
    let rows: Vec<EntryRow> = sqlx::query_as(
        "select audit_id, at, who, what, event_id, before, after from audit_log order by audit_id desc limit $1",
    )
    .bind(i64::from(limit))
    .fetch_all(&app.database)
    .await?;
    let shown = |row: EntryRow| Entry {
        audit_id: row.audit_id,
        at: clock::from_sql(row.at),
        who: row.who,
        what: row.what,
        event_id: row.event_id,
        before: row.before.filter(|value| !value.is_null()),
        after: row.after.filter(|value| !value.is_null()),
    };
    Ok(Json(AuditPage {
        entries: rows.into_iter().map(shown).collect(),
    }))
}
