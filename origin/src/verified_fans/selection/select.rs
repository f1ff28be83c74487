//! An admin's request to select a round: begins it, and works on it for some seconds.

use std::time::Duration;

use sqlx::PgPool;
use stanchion_shared::ids::EventId;
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    super::VerifiedFansError,
    begin::begin,
    round::{MAX_ROUNDS, SelectionRound, column_of},
    work::{self, PieceResult},
};
use crate::error::{InternalError, InvalidField};

/// How long a request works on its round. After that it answers that the selection is under way,
/// and the background goes on.
pub const ANSWERED_WITHIN: Duration = Duration::from_secs(5);
/// How often a request looks whether another worker has finished its piece.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

/// Selects a round, or goes on with it. `count` is how many fans to select; `None` is all. Returns
/// the round as it is then.
///
/// # Errors
/// [`VerifiedFansError::InvalidField`]; those of [`begin`].
pub(in crate::verified_fans) async fn select(
    database: &PgPool,
    admin: &str,
    event: &EventId,
    round: u32,
    count: Option<u32>,
) -> Result<SelectionRound, VerifiedFansError> {
    if !(1..=MAX_ROUNDS).contains(&round) {
        return Err(InvalidField::new(format!("A round must be 1 to {MAX_ROUNDS}.")).into());
    }
    let wanted = count.map(|count| i32::try_from(count).unwrap_or(i32::MAX));
    if wanted == Some(0) {
        return Err(InvalidField::new("count must be at least 1, or be left out for all.").into());
    }
    begin(database, admin, event, round, wanted).await?;
    work_for_some_seconds(database, event, column_of(round)?).await?;
    let selected = SelectionRound::read(database, event, round).await?;
    Ok(selected.ok_or_else(|| InternalError::new("a selection is gone"))?)
}

/// Works on the round until it has ended, or for [`ANSWERED_WITHIN`].
///
/// The last piece goes on without the request, also if the client has gone. If it broke off,
/// PostgreSQL would go on under the round's lock for nothing, and a client that asks again and
/// again would keep the selection from its end. A piece that fails then fails again in the
/// background, which logs it.
async fn work_for_some_seconds(database: &PgPool, event: &EventId, round: i32) -> Result<(), VerifiedFansError> {
    let until = Instant::now() + ANSWERED_WITHIN;
    while Instant::now() < until {
        let (database, event) = (database.clone(), event.clone());
        let piece = tokio::spawn(async move { work::work_one_piece(&database, &event, round).await });
        let Ok(piece) = timeout_at(until, piece).await else {
            return Ok(());
        };
        match piece.map_err(InternalError::new)?? {
            PieceResult::Ended => return Ok(()),
            PieceResult::More => {}
            PieceResult::ByAnother => sleep(LOOK_AGAIN).await,
        }
    }
    Ok(())
}
