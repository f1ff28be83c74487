//! Works off a round that has begun, in pieces. Each piece is one transaction under the lock of the
//! round's row. The request that began the round and every origin's loop do pieces, so a crash
//! anywhere only delays the selection.
//!
//! List and seed are fixed, so the result is fixed too. The first piece finds the highest rank that
//! is selected, by one sort. The others go through all accounts in byte order.

use std::time::Duration;

use serde_json::{Value, json};
use sqlx::PgPool;
use stanchion_shared::ids::EventId;
use time::OffsetDateTime;
use tokio::time::sleep;

use super::{
    super::{VerifiedFansError, audit_entry::write_audit},
    round::RANK_DOMAIN,
};
use crate::{
    database::{Tx, run_tx},
    error::InternalError,
};

/// Accounts that one piece goes through: some second of work.
pub const ACCOUNTS_PER_PIECE: i64 = 50_000;
/// How often an origin looks for rounds that have begun and not ended.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The highest possible rank: all accounts are selected.
const HIGHEST_POSSIBLE_RANK: [u8; 32] = [u8::MAX; 32];

/// The result of one piece.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PieceResult {
    /// More pieces are left.
    More,
    /// Another worker is doing a piece.
    ByAnother,
    /// The selection has ended, with this piece or before.
    Ended,
}

#[derive(sqlx::FromRow)]
struct UnfinishedRound {
    wanted: Option<i32>,
    registered: i32,
    registered_digest: Vec<u8>,
    seed: Vec<u8>,
    promised: i32,
    #[sqlx(rename = "drawn")]
    selected: i32,
    highest_rank: Option<Vec<u8>>,
    looked_through: String,
    begun_by: String,
    begun_at: OffsetDateTime,
}

/// Finishes all rounds that have begun, for ever.
pub async fn finish_begun_forever(database: PgPool) {
    loop {
        if let Err(error) = finish_all_begun(&database).await {
            tracing::warn!(%error, "unfinished selections of verified fans cannot be read; it is tried again");
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Finishes all rounds that have begun, the oldest first, except those on which another worker is.
/// A round that fails is logged and tried again next time, so that it keeps no other event from its
/// fans.
///
/// # Errors
/// PostgreSQL cannot say which rounds have begun.
pub async fn finish_all_begun(database: &PgPool) -> Result<(), VerifiedFansError> {
    let begun: Vec<(String, i32)> =
        sqlx::query_as("select event_id, round from fan_draws where drawn_at is null order by begun_at")
            .fetch_all(database)
            .await?;
    for (event, round) in begun {
        if let Err(error) = finish(database, &event, round).await {
            tracing::warn!(%error, event, round, "a selection of verified fans could not go on; it is tried again");
        }
    }
    Ok(())
}

async fn finish(database: &PgPool, event: &str, round: i32) -> Result<(), VerifiedFansError> {
    let event = EventId::parse(event).map_err(InternalError::new)?;
    while work_one_piece(database, &event, round).await? == PieceResult::More {}
    Ok(())
}

/// Does one piece of a round.
pub(super) async fn work_one_piece(
    database: &PgPool,
    event: &EventId,
    round: i32,
) -> Result<PieceResult, VerifiedFansError> {
    run_tx(database, "fans.select", |mut tx| {
        Box::pin(async move {
            let unfinished: Option<UnfinishedRound> = sqlx::query_as(include_str!("sql/lock_unfinished.sql"))
                .bind(event.as_str())
                .bind(round)
                .fetch_optional(&mut *tx)
                .await?;
            match unfinished {
                None => ended_or_by_another(&mut tx, event, round).await,
                Some(unfinished) => unfinished.work(&mut tx, event, round).await,
            }
        })
    })
    .await
}

async fn ended_or_by_another(
    tx: &mut Tx<'_, '_>,
    event: &EventId,
    round: i32,
) -> Result<PieceResult, VerifiedFansError> {
    let is_unfinished: bool = sqlx::query_scalar(
        "select exists (select from fan_draws where event_id = $1 and round = $2 and drawn_at is null)",
    )
    .bind(event.as_str())
    .bind(round)
    .fetch_one(&mut **tx)
    .await?;
    Ok(if is_unfinished {
        PieceResult::ByAnother
    } else {
        PieceResult::Ended
    })
}

impl UnfinishedRound {
    async fn work(self, tx: &mut Tx<'_, '_>, event: &EventId, round: i32) -> Result<PieceResult, VerifiedFansError> {
        let prefix = rank_prefix(event, round, &self.seed);
        let Some(highest_rank) = &self.highest_rank else {
            let highest_rank = self.find_highest_rank(tx, event, &prefix).await?;
            sqlx::query("update fan_draws set highest_rank = $3 where event_id = $1 and round = $2")
                .bind(event.as_str())
                .bind(round)
                .bind(highest_rank)
                .execute(&mut **tx)
                .await?;
            return Ok(PieceResult::More);
        };
        let (looked_at, last): (i64, Option<String>) = sqlx::query_as(include_str!("sql/next_accounts.sql"))
            .bind(event.as_str())
            .bind(&self.looked_through)
            .bind(ACCOUNTS_PER_PIECE)
            .fetch_one(&mut **tx)
            .await?;
        let last = last.unwrap_or_else(|| self.looked_through.clone());
        let changed = sqlx::query(include_str!("sql/verify_selected.sql"))
            .bind(event.as_str())
            .bind(&self.looked_through)
            .bind(&last)
            .bind(prefix)
            .bind(highest_rank)
            .execute(&mut **tx)
            .await?;
        let selected = self.selected + i32::try_from(changed.rows_affected()).map_err(InternalError::new)?;
        let has_ended = looked_at < ACCOUNTS_PER_PIECE;
        sqlx::query(
            "update fan_draws set drawn = $3, looked_through = $4, drawn_at = case when $5 then clock_timestamp() end
             where event_id = $1 and round = $2",
        )
        .bind(event.as_str())
        .bind(round)
        .bind(selected)
        .bind(last)
        .bind(has_ended)
        .execute(&mut **tx)
        .await?;
        if !has_ended {
            return Ok(PieceResult::More);
        }
        self.end(tx, event, round, selected).await?;
        Ok(PieceResult::Ended)
    }

    /// The rank of the last account that is selected. All ranks are selected if as many fans are
    /// wanted as there are. The same holds if somebody has deleted rows, so that fewer are left
    /// than wanted: a selection must come to an end.
    async fn find_highest_rank(
        &self,
        tx: &mut Tx<'_, '_>,
        event: &EventId,
        prefix: &[u8],
    ) -> Result<Vec<u8>, VerifiedFansError> {
        let wanted = match self.wanted {
            Some(wanted) if wanted < self.registered => wanted,
            _ => return Ok(HIGHEST_POSSIBLE_RANK.to_vec()),
        };
        let rank: Option<Vec<u8>> = sqlx::query_scalar(include_str!("sql/highest_rank.sql"))
            .bind(event.as_str())
            .bind(self.begun_at)
            .bind(prefix)
            .bind(i64::from(wanted))
            .fetch_optional(&mut **tx)
            .await?;
        Ok(rank.unwrap_or_else(|| HIGHEST_POSSIBLE_RANK.to_vec()))
    }

    /// Ends the round. Places are given back for fans who redeemed an invitation meanwhile: they
    /// were promised already.
    async fn end(
        &self,
        tx: &mut Tx<'_, '_>,
        event: &EventId,
        round: i32,
        selected: i32,
    ) -> Result<(), VerifiedFansError> {
        sqlx::query("update fan_programmes set promised = promised - $2 where event_id = $1")
            .bind(event.as_str())
            .bind(self.promised - selected)
            .execute(&mut **tx)
            .await?;
        let after = json!({
            "round": round, "count": self.wanted, "registered": self.registered, "drawn": selected,
            "seed": hex::encode(&self.seed), "registered_digest": hex::encode(&self.registered_digest),
        });
        write_audit(tx, &self.begun_by, "fans.draw", event, (Value::Null, after)).await
    }
}

/// The bytes before the account's id in the text whose hash is its rank; see [`super`].
fn rank_prefix(event: &EventId, round: i32, seed: &[u8]) -> Vec<u8> {
    [
        RANK_DOMAIN.as_bytes(),
        &[0],
        event.as_str().as_bytes(),
        &[0],
        &round.to_le_bytes(),
        seed,
    ]
    .concat()
}
