//! `PUT /api/v1/admin/events/{id}/fans/draws/{round}`: some or all of the registered become verified fans.
//!
//! Round k draws from who is registered and not verified after round k-1. A round is drawn once: asking again gives what came
//! out, so a lost answer costs nothing, and nobody draws until the result pleases. A draw begins with one short transaction: the
//! list is pinned by its digest, then the seed is made by the operating system, after registration has closed; both go into
//! the audit log. The rest is [`drawing`](super::drawing): done in this request if it is soon done, and otherwise in the
//! background. An account's rank is
//!
//! ```text
//! SHA-256("stanchion/fans/v1" || 0x00 || event id || 0x00 || round as u32 LE || seed || account id in ASCII)
//! ```
//!
//! and the lowest ranks are drawn. So everybody registered has the same chance, and whoever has the list can draw again.

use std::time::Duration;

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgExecutor};
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};
use time::OffsetDateTime;
use tokio::time::{Instant, sleep, timeout_at};

use super::{
    drawing::{self, LOOKED_AT_ONCE, Step},
    programme::Programme,
    stand::Phase,
};
use crate::{
    admin::Change,
    clock,
    database::{Tx, run_tx},
    http::{Admin, Error, Json, Path},
    state::{App, SharedApp},
};

/// First bytes of what a rank is the hash of.
pub const RANK_DOMAIN: &str = "stanchion/fans/v1";
/// Most rounds of an event.
pub const MAX_ROUNDS: u32 = 100;
/// So long a request works on its draw; then it answers `drawing`, and the background goes on.
pub const ANSWERED_WITHIN: Duration = Duration::from_secs(5);
/// How often a request looks whether somebody else has drawn on.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// How many; all if it is left out.
    count: Option<u32>,
}

/// Whether a draw is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum DrawState {
    /// List and seed are fixed; verified fans are being made.
    Drawing,
    /// It is over.
    Drawn,
}

impl DrawState {
    pub(super) fn of(drawn_at: Option<OffsetDateTime>) -> DrawState {
        match drawn_at {
            None => DrawState::Drawing,
            Some(_) => DrawState::Drawn,
        }
    }
}

#[derive(Serialize)]
struct Answer {
    event_id: EventId,
    round: u32,
    state: DrawState,
    count: Option<i32>,
    registered: i32,
    registered_digest: String,
    seed: String,
    /// So far, or in the end.
    drawn: i32,
    /// Null: it is not over.
    drawn_at: Option<UnixMillis>,
}

#[derive(sqlx::FromRow)]
struct Row {
    wanted: Option<i32>,
    registered: i32,
    registered_digest: Vec<u8>,
    seed: Vec<u8>,
    drawn: i32,
    drawn_at: Option<OffsetDateTime>,
}

/// # Errors
/// 404 `event_not_found`; 409 `no_verified_fans`, `no_registration`, `registration_open`, `round_missing`, `drawn_differently`,
/// `drawing`, `fans_full`; 422 `invalid_field`.
pub(super) async fn draw(
    admin: Admin,
    State(app): State<SharedApp>,
    Path((event_id, round)): Path<(EventId, u32)>,
    Json(wish): Json<Wish>,
) -> Result<impl IntoResponse, Error> {
    if !(1..=MAX_ROUNDS).contains(&round) {
        return Err(Error::invalid(format!("A round must be 1 to {MAX_ROUNDS}.")));
    }
    let wanted = wish.count.map(|count| i32::try_from(count).unwrap_or(i32::MAX));
    if wanted == Some(0) {
        return Err(Error::invalid("count must be at least 1, or be left out for all."));
    }
    begin(&app, &admin, &event_id, round, wanted).await?;
    work(&app, &event_id, number(round)?).await?;
    let row = read(&app.database, &event_id, round)
        .await?
        .ok_or_else(|| Error::internal("a draw is gone"))?;
    let state = DrawState::of(row.drawn_at);
    let status = match state {
        DrawState::Drawing => StatusCode::ACCEPTED,
        DrawState::Drawn => StatusCode::OK,
    };
    let answer = Answer {
        event_id,
        round,
        state,
        count: row.wanted,
        registered: row.registered,
        registered_digest: hex::encode(row.registered_digest),
        seed: hex::encode(row.seed),
        drawn: row.drawn,
        drawn_at: row.drawn_at.map(clock::from_sql),
    };
    Ok((status, Json(answer)))
}

/// Draws until it is over, or [`ANSWERED_WITHIN`] is. The piece that is being done then goes on without the request, also if
/// the client has gone: were it broken off, PostgreSQL would work on under the draw's lock for nothing, and who asks again and
/// again would keep the draw from its end. What fails in it fails again in the background, which logs it.
async fn work(app: &SharedApp, event: &EventId, round: i32) -> Result<(), Error> {
    let until = Instant::now() + ANSWERED_WITHIN;
    while Instant::now() < until {
        let (app, event) = (app.clone(), event.clone());
        let step = tokio::spawn(async move { drawing::step(&app, &event, round).await });
        let Ok(step) = timeout_at(until, step).await else {
            return Ok(());
        };
        match step.map_err(Error::internal)?? {
            Step::Over => return Ok(()),
            Step::Some => {}
            Step::ByAnother => sleep(LOOK_AGAIN).await,
        }
    }
    Ok(())
}

/// Begins the round, unless it has been begun.
async fn begin(app: &App, admin: &Admin, event: &EventId, round: u32, wanted: Option<i32>) -> Result<(), Error> {
    run_tx(&app.database, "fans.begin_draw", |mut tx| {
        Box::pin(async move {
            let programme = Programme::read_locked_while_drawing(&mut tx, event).await?;
            if let Some(row) = read(&mut *tx, event, round).await? {
                return if row.wanted == wanted {
                    Ok(())
                } else {
                    Err(Error::conflict(
                        "drawn_differently",
                        "This round has been drawn with another count.",
                    ))
                };
            }
            programme.check_not_drawing()?;
            check_may_draw(&mut tx, &programme, event, round).await?;
            begin_round(&mut tx, &programme, admin, (event, round, wanted)).await
        })
    })
    .await
}

async fn read(database: impl PgExecutor<'_>, event: &EventId, round: u32) -> Result<Option<Row>, Error> {
    Ok(sqlx::query_as(
        "select wanted, registered, registered_digest, seed, drawn, drawn_at from fan_draws
         where event_id = $1 and round = $2",
    )
    .bind(event.as_str())
    .bind(number(round)?)
    .fetch_optional(database)
    .await?)
}

fn number(round: u32) -> Result<i32, Error> {
    i32::try_from(round).map_err(Error::internal)
}

async fn check_may_draw(
    connection: &mut PgConnection,
    programme: &Programme,
    event: &EventId,
    round: u32,
) -> Result<(), Error> {
    match programme.window().map(|window| window.phase()) {
        None => {
            return Err(Error::conflict(
                "no_registration",
                "Fans cannot register for this event.",
            ));
        }
        Some(Phase::Announced | Phase::Open) => {
            return Err(Error::conflict(
                "registration_open",
                "Draw when registration is over: who registers later must have the same chance.",
            ));
        }
        Some(Phase::Closed) => {}
    }
    if round > 1 && read(&mut *connection, event, round - 1).await?.is_none() {
        return Err(Error::conflict(
            "round_missing",
            "The round before this one has not been drawn.",
        ));
    }
    Ok(())
}

async fn begin_round(
    tx: &mut Tx<'_, '_>,
    programme: &Programme,
    admin: &Admin,
    (event, round, wanted): (&EventId, u32, Option<i32>),
) -> Result<(), Error> {
    // Waits for those who are registering or redeeming at this moment; none goes on until this has ended.
    sqlx::query("select from fan_programmes where event_id = $1 for update")
        .bind(event.as_str())
        .execute(&mut **tx)
        .await?;
    let (registered, digest) = pin(tx, event).await?;
    let promised = wanted.map_or(registered, |wanted| wanted.min(registered));
    programme.promise(tx, event, i64::from(promised)).await?;
    // Not before the list is known: whoever knew the seed could choose the list.
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(Error::internal)?;
    sqlx::query(include_str!("sql/begin_draw.sql"))
        .bind(event.as_str())
        .bind(number(round)?)
        .bind(wanted)
        .bind(registered)
        .bind(digest.as_slice())
        .bind(seed.as_slice())
        .bind(&admin.name)
        .bind(promised)
        .execute(&mut **tx)
        .await?;
    let after = json!({
        "round": round, "count": wanted, "registered": registered,
        "seed": hex::encode(seed), "registered_digest": hex::encode(digest),
    });
    let change = Change {
        who: admin,
        what: "fans.begin_draw",
        event,
        before: serde_json::Value::Null,
        after,
    };
    Ok(change.write(tx).await?)
}

/// How many the draw is from, and the SHA-256 of their ids in byte order, joined by line feeds. Page by page: of millions one text
/// would be larger than PostgreSQL's largest.
async fn pin(connection: &mut PgConnection, event: &EventId) -> Result<(i32, [u8; 32]), Error> {
    let (mut digest, mut registered, mut after) = (Sha256::new(), 0_i32, String::new());
    loop {
        let page: Vec<String> = sqlx::query_scalar(include_str!("sql/listed.sql"))
            .bind(event.as_str())
            .bind(&after)
            .bind(LOOKED_AT_ONCE)
            .fetch_all(&mut *connection)
            .await?;
        let Some(last) = page.last() else {
            return Ok((registered, digest.finalize().into()));
        };
        after.clone_from(last);
        for account in &page {
            if registered > 0 {
                digest.update("\n");
            }
            digest.update(account);
            registered += 1;
        }
    }
}
