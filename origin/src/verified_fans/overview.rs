//! What an admin sees of an event's verified fans.

use serde::Serialize;
use sqlx::{PgExecutor, PgPool};
use stanchion_shared::{ids::EventId, timestamp::UnixMillis};
use time::OffsetDateTime;

use super::{
    VerifiedFansError,
    counts::{FanCounts, counts},
    programme::ProgrammeSettings,
    selection::SelectionState,
};
use crate::clock;

/// The answer of `GET /api/v1/admin/events/{id}/fans`.
#[derive(Serialize)]
pub(super) struct Overview {
    event_id: EventId,
    #[serde(flatten)]
    settings: ProgrammeSettings,
    #[serde(flatten)]
    counts: FanCounts,
    /// The selections, the oldest first.
    #[serde(rename = "draws")]
    selections: Vec<SelectionOverview>,
}

#[derive(Serialize)]
struct SelectionOverview {
    round: i32,
    registered: i32,
    state: SelectionState,
    /// Fans selected until now.
    #[serde(rename = "drawn")]
    selected: i32,
    /// Null: the selection has not ended.
    #[serde(rename = "drawn_at")]
    ended_at: Option<UnixMillis>,
}

/// Checks that the event has a programme.
///
/// # Errors
/// [`VerifiedFansError::NoProgramme`], also if there is no such event; PostgreSQL.
pub(super) async fn check_programme(database: impl PgExecutor<'_>, event: &EventId) -> Result<(), VerifiedFansError> {
    let offered: bool = sqlx::query_scalar("select exists (select from fan_programmes where event_id = $1)")
        .bind(event.as_str())
        .fetch_one(database)
        .await?;
    if offered {
        Ok(())
    } else {
        Err(VerifiedFansError::NoProgramme)
    }
}

/// Reads the overview of an event.
///
/// # Errors
/// [`VerifiedFansError::NoProgramme`], PostgreSQL.
pub(super) async fn read(database: &PgPool, event: &EventId) -> Result<Overview, VerifiedFansError> {
    type SettingsRow = (Option<OffsetDateTime>, Option<OffsetDateTime>, Option<i32>);
    let settings: Option<SettingsRow> = sqlx::query_as(
        "select registration_opens_at, registration_closes_at, most_fans from fan_programmes where event_id = $1",
    )
    .bind(event.as_str())
    .fetch_optional(database)
    .await?;
    let (opens_at, closes_at, most_fans) = settings.ok_or(VerifiedFansError::NoProgramme)?;
    let selections: Vec<(i32, i32, i32, Option<OffsetDateTime>)> =
        sqlx::query_as("select round, registered, drawn, drawn_at from fan_draws where event_id = $1 order by round")
            .bind(event.as_str())
            .fetch_all(database)
            .await?;
    let counts = counts(database, event).await?.ok_or(VerifiedFansError::NoProgramme)?;
    Ok(Overview {
        event_id: event.clone(),
        settings: ProgrammeSettings::of(opens_at, closes_at, most_fans),
        counts,
        selections: selections
            .into_iter()
            .map(|(round, registered, selected, ended_at)| SelectionOverview {
                round,
                registered,
                state: SelectionState::of(ended_at),
                selected,
                ended_at: ended_at.map(clock::from_sql),
            })
            .collect(),
    })
}
