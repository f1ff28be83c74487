//! A round of an event's selection, as its row has it.

use serde::Serialize;
use sqlx::PgExecutor;
use stanchion_shared::ids::EventId;
use time::OffsetDateTime;

use super::super::VerifiedFansError;
use crate::error::InternalError;

/// First bytes of the text whose hash is a rank.
pub const RANK_DOMAIN: &str = "stanchion/fans/v1";
/// Most rounds of an event.
pub const MAX_ROUNDS: u32 = 100;

/// Whether a selection has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub(in crate::verified_fans) enum SelectionState {
    /// List and seed are fixed; the pieces are being worked off.
    #[serde(rename = "drawing")]
    UnderWay,
    /// All selected fans are verified.
    #[serde(rename = "drawn")]
    Ended,
}

impl SelectionState {
    /// The state of a round that ended at `ended_at`, if it has.
    pub(in crate::verified_fans) fn of(ended_at: Option<OffsetDateTime>) -> SelectionState {
        match ended_at {
            None => SelectionState::UnderWay,
            Some(_) => SelectionState::Ended,
        }
    }
}

/// A round that has begun.
#[derive(sqlx::FromRow)]
pub(in crate::verified_fans) struct SelectionRound {
    /// How many fans were asked for; `None` is all.
    pub(in crate::verified_fans) wanted: Option<i32>,
    /// How many registered fans the round selects from.
    pub(in crate::verified_fans) registered: i32,
    /// SHA-256 of their ids in byte order, joined by line feeds.
    pub(in crate::verified_fans) registered_digest: Vec<u8>,
    /// 32 random bytes.
    pub(in crate::verified_fans) seed: Vec<u8>,
    /// Fans selected until now.
    #[sqlx(rename = "drawn")]
    pub(in crate::verified_fans) selected: i32,
    /// `None` while the selection is under way.
    #[sqlx(rename = "drawn_at")]
    pub(in crate::verified_fans) ended_at: Option<OffsetDateTime>,
}

impl SelectionRound {
    /// Reads a round; `None` if it has not begun.
    pub(super) async fn read(
        database: impl PgExecutor<'_>,
        event: &EventId,
        round: u32,
    ) -> Result<Option<SelectionRound>, VerifiedFansError> {
        Ok(sqlx::query_as(
            "select wanted, registered, registered_digest, seed, drawn, drawn_at from fan_draws
             where event_id = $1 and round = $2",
        )
        .bind(event.as_str())
        .bind(column_of(round)?)
        .fetch_optional(database)
        .await?)
    }
}

/// A round as the column's type.
pub(super) fn column_of(round: u32) -> Result<i32, InternalError> {
    i32::try_from(round).map_err(InternalError::new)
}
