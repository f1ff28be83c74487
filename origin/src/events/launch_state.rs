//! Whether an event is a draft or launched.

use sqlx::{PgConnection, PgExecutor};
use stanchion_shared::ids::EventId;

/// Whether the event is launched; `None` if there is no such event.
pub(crate) async fn is_launched(database: impl PgExecutor<'_>, event: &EventId) -> Result<Option<bool>, sqlx::Error> {
    sqlx::query_scalar("select state = 'launched' from events where event_id = $1")
        .bind(event.as_str())
        .fetch_optional(database)
        .await
}

/// Reads the state, `draft` or `launched`, and locks it until the transaction ends. `None`: there
/// is no such event.
pub(crate) async fn lock_state(connection: &mut PgConnection, event: &EventId) -> Result<Option<String>, sqlx::Error> {
    sqlx::query_scalar("select state from events where event_id = $1 for update")
        .bind(event.as_str())
        .fetch_optional(connection)
        .await
}

/// Launches an event. A second launch keeps the instant of the first.
pub(crate) async fn launch(connection: &mut PgConnection, event: &EventId) -> Result<(), sqlx::Error> {
    sqlx::query("update events set state = 'launched' where event_id = $1")
        .bind(event.as_str())
        .execute(&mut *connection)
        .await?;
    sqlx::query("update on_sales set launched_at = coalesce(launched_at, now()) where event_id = $1")
        .bind(event.as_str())
        .execute(connection)
        .await?;
    Ok(())
}

/// Launched events that started less than `hours_after_start` hours ago, or have not started.
pub(crate) async fn metered_events(
    database: impl PgExecutor<'_>,
    hours_after_start: i32,
) -> Result<Vec<EventId>, sqlx::Error> {
    let ids: Vec<String> = sqlx::query_scalar(
        "select event_id from events where state = 'launched' and starts_at > now() - make_interval(hours => $1)",
    )
    .bind(hours_after_start)
    .fetch_all(database)
    .await?;
    Ok(ids.iter().filter_map(|id| EventId::parse(id).ok()).collect())
}
