//! A draw that was begun is worked off in pieces, each one transaction under the lock of the draw's row: by the request that
//! began it, and by every origin's loop, so that a crash anywhere only delays it.
//!
//! List and seed are fixed, so what comes out is, too. First the rank is looked for up to which accounts are drawn (one sort),
//! then all accounts are gone through in byte order.

use std::time::Duration;

use serde_json::json;
use stanchion_shared::identity::EventId;
use tokio::time::sleep;

use super::draw::RANK_DOMAIN;
use crate::{
    admin::Change,
    database::{Tx, run_tx},
    http::{Admin, Error},
    state::{App, SharedApp},
};

/// So many accounts are looked at in one transaction: a second or so of work.
pub const LOOKED_AT_ONCE: i64 = 50_000;
/// How often an origin looks for draws that somebody began and nobody finished.
const LOOK_EVERY: Duration = Duration::from_secs(1);
/// The highest rank there can be.
const EVERYBODY: [u8; 32] = [u8::MAX; 32];

/// What one piece of work came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There is more to do.
    Some,
    /// Somebody else is at it.
    ByAnother,
    /// It is over, now or before.
    Over,
}

#[derive(sqlx::FromRow)]
struct Begun {
    wanted: Option<i32>,
    registered: i32,
    registered_digest: Vec<u8>,
    seed: Vec<u8>,
    promised: i32,
    drawn: i32,
    highest_rank: Option<Vec<u8>>,
    looked_through: String,
    begun_by: String,
    begun_at: time::OffsetDateTime,
}

/// Finishes what was begun, for ever.
pub async fn draw_forever(app: SharedApp) {
    loop {
        if let Err(error) = draw_unfinished(&app).await {
            tracing::warn!(%error, "unfinished draws of verified fans could not be looked for; it is tried again");
        }
        sleep(LOOK_EVERY).await;
    }
}

/// Works off all draws that were begun, the oldest first, but for those that another is at. One that fails is logged and left
/// for the next time: it keeps no other event from its fans.
///
/// # Errors
/// PostgreSQL does not say which draws were begun.
pub async fn draw_unfinished(app: &App) -> Result<(), Error> {
    let begun: Vec<(String, i32)> =
        sqlx::query_as("select event_id, round from fan_draws where drawn_at is null order by begun_at")
            .fetch_all(&app.database)
            .await?;
    for (event, round) in begun {
        if let Err(error) = finish(app, &event, round).await {
            tracing::warn!(%error, event, round, "a draw of verified fans could not be continued; it is tried again");
        }
    }
    Ok(())
}

async fn finish(app: &App, event: &str, round: i32) -> Result<(), Error> {
    let event = EventId::parse(event).map_err(Error::internal)?;
    while step(app, &event, round).await? == Step::Some {}
    Ok(())
}

/// Does one piece of a draw.
pub(super) async fn step(app: &App, event: &EventId, round: i32) -> Result<Step, Error> {
    run_tx(&app.database, "fans.draw", |mut tx| {
        Box::pin(async move {
            let begun: Option<Begun> = sqlx::query_as(
                "select wanted, registered, registered_digest, seed, promised, drawn, highest_rank, looked_through, begun_by, begun_at
                 from fan_draws where event_id = $1 and round = $2 and drawn_at is null for update skip locked",
            )
            .bind(event.as_str())
            .bind(round)
            .fetch_optional(&mut *tx)
            .await?;
            match begun {
                None => over_or_by_another(&mut tx, event, round).await,
                Some(begun) => begun.go_on(&mut tx, event, round).await,
            }
        })
    })
    .await
}

async fn over_or_by_another(tx: &mut Tx<'_, '_>, event: &EventId, round: i32) -> Result<Step, Error> {
    let unfinished: bool = sqlx::query_scalar(
        "select exists (select from fan_draws where event_id = $1 and round = $2 and drawn_at is null)",
    )
    .bind(event.as_str())
    .bind(round)
    .fetch_one(&mut **tx)
    .await?;
    Ok(if unfinished { Step::ByAnother } else { Step::Over })
}

impl Begun {
    async fn go_on(self, tx: &mut Tx<'_, '_>, event: &EventId, round: i32) -> Result<Step, Error> {
        let prefix = rank_prefix(event, round, &self.seed);
        let Some(highest_rank) = &self.highest_rank else {
            let highest_rank = self.look_for_highest_rank(tx, event, &prefix).await?;
            sqlx::query("update fan_draws set highest_rank = $3 where event_id = $1 and round = $2")
                .bind(event.as_str())
                .bind(round)
                .bind(highest_rank)
                .execute(&mut **tx)
                .await?;
            return Ok(Step::Some);
        };
        let (looked_at, last): (i64, Option<String>) = sqlx::query_as(include_str!("sql/next_accounts.sql"))
            .bind(event.as_str())
            .bind(&self.looked_through)
            .bind(LOOKED_AT_ONCE)
            .fetch_one(&mut **tx)
            .await?;
        let last = last.unwrap_or_else(|| self.looked_through.clone());
        let changed = sqlx::query(include_str!("sql/draw_some.sql"))
            .bind(event.as_str())
            .bind(&self.looked_through)
            .bind(&last)
            .bind(prefix)
            .bind(highest_rank)
            .execute(&mut **tx)
            .await?;
        let drawn = self.drawn + i32::try_from(changed.rows_affected()).map_err(Error::internal)?;
        let is_over = looked_at < LOOKED_AT_ONCE;
        sqlx::query(
            "update fan_draws set drawn = $3, looked_through = $4, drawn_at = case when $5 then clock_timestamp() end
             where event_id = $1 and round = $2",
        )
        .bind(event.as_str())
        .bind(round)
        .bind(drawn)
        .bind(last)
        .bind(is_over)
        .execute(&mut **tx)
        .await?;
        if !is_over {
            return Ok(Step::Some);
        }
        self.end(tx, event, round, drawn).await?;
        Ok(Step::Over)
    }

    /// All ranks are drawn if as many are wanted as there are; or more than there are, should the list have been cut short in
    /// the database: a draw must come to an end.
    async fn look_for_highest_rank(
        &self,
        tx: &mut Tx<'_, '_>,
        event: &EventId,
        prefix: &[u8],
    ) -> Result<Vec<u8>, Error> {
        let wanted = match self.wanted {
            Some(wanted) if wanted < self.registered => wanted,
            _ => return Ok(EVERYBODY.to_vec()),
        };
        let rank: Option<Vec<u8>> = sqlx::query_scalar(include_str!("sql/highest_rank.sql"))
            .bind(event.as_str())
            .bind(self.begun_at)
            .bind(prefix)
            .bind(i64::from(wanted))
            .fetch_optional(&mut **tx)
            .await?;
        Ok(rank.unwrap_or_else(|| EVERYBODY.to_vec()))
    }

    /// Gives back what was promised to those who redeemed an invitation meanwhile, which was promised already.
    async fn end(&self, tx: &mut Tx<'_, '_>, event: &EventId, round: i32, drawn: i32) -> Result<(), Error> {
        sqlx::query("update fan_programmes set promised = promised - $2 where event_id = $1")
            .bind(event.as_str())
            .bind(self.promised - drawn)
            .execute(&mut **tx)
            .await?;
        let who = Admin {
            name: self.begun_by.clone(),
        };
        let after = json!({
            "round": round, "count": self.wanted, "registered": self.registered, "drawn": drawn,
            "seed": hex::encode(&self.seed), "registered_digest": hex::encode(&self.registered_digest),
        });
        let change = Change {
            who: &who,
            what: "fans.draw",
            event,
            before: serde_json::Value::Null,
            after,
        };
        Ok(change.write(tx).await?)
    }
}

/// What comes before the account's id in its rank; see [`draw`](super::draw).
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
