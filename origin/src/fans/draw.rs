//! `PUT /api/v1/admin/events/{id}/fans/draws/{round}`: some or all of the registered become verified fans.
//!
//! Round k draws from who is registered and not verified after round k-1. A round is drawn once: asking again gives what came
//! out, so a lost answer costs nothing, and nobody draws until the result pleases. The seed is made here, after registration has
//! closed, by the operating system; seed and a digest of the registered go into the audit log. An account's rank is
//!
//! ```text
//! SHA-256("stanchion/fans/v1" || 0x00 || event id || 0x00 || round as u32 LE || seed || account id in ASCII)
//! ```
//!
//! and the lowest ranks are drawn. So everybody registered has the same chance, and whoever has the list can draw again.

use axum::{extract::State, response::IntoResponse};
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::PgConnection;
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};
use time::OffsetDateTime;

use super::{programme::Programme, stand::Phase};
use crate::{
    admin::Change,
    clock,
    database::run_tx,
    http::{Admin, Error, Json, Path},
    state::SharedApp,
};

/// First bytes of what a rank is the hash of.
pub const RANK_DOMAIN: &str = "stanchion/fans/v1";
/// Most rounds of an event.
pub const MAX_ROUNDS: u32 = 100;

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Wish {
    /// How many; all if it is left out.
    count: Option<u32>,
}

#[derive(Serialize)]
struct Drawn {
    event_id: EventId,
    round: u32,
    count: Option<i32>,
    registered: i32,
    registered_digest: String,
    seed: String,
    drawn: i32,
    drawn_at: UnixMillis,
}

#[derive(sqlx::FromRow)]
struct Row {
    wanted: Option<i32>,
    registered: i32,
    registered_digest: Vec<u8>,
    seed: Vec<u8>,
    drawn: i32,
    drawn_at: OffsetDateTime,
}

/// # Errors
/// 404 `event_not_found`; 409 `no_verified_fans`, `no_registration`, `registration_open`, `round_missing`, `drawn_differently`,
/// `fans_full`; 422 `invalid_field`.
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
    let (event, admin) = (&event_id, &admin);
    let row = run_tx(&app.database, "fans.draw", |mut tx| {
        Box::pin(async move {
            let programme = Programme::read_locked(&mut tx, event).await?;
            if let Some(row) = read(&mut tx, event, round).await? {
                return if row.wanted == wanted {
                    Ok(row)
                } else {
                    Err(Error::conflict(
                        "drawn_differently",
                        "This round has been drawn with another count.",
                    ))
                };
            }
            check_may_draw(&mut tx, &programme, event, round).await?;
            let row = draw_round(&mut tx, event, round, wanted).await?;
            programme.promise(&mut tx, event, i64::from(row.drawn)).await?;
            let after = json!({
                "round": round, "count": wanted, "registered": row.registered, "drawn": row.drawn,
                "seed": hex::encode(&row.seed), "registered_digest": hex::encode(&row.registered_digest),
            });
            Change {
                who: admin,
                what: "fans.draw",
                event,
                before: serde_json::Value::Null,
                after,
            }
            .write(&mut tx)
            .await?;
            Ok::<_, Error>(row)
        })
    })
    .await?;
    Ok(Json(Drawn {
        event_id,
        round,
        count: row.wanted,
        registered: row.registered,
        registered_digest: hex::encode(row.registered_digest),
        seed: hex::encode(row.seed),
        drawn: row.drawn,
        drawn_at: clock::from_sql(row.drawn_at),
    }))
}

async fn read(connection: &mut PgConnection, event: &EventId, round: u32) -> Result<Option<Row>, Error> {
    Ok(sqlx::query_as(
        "select wanted, registered, registered_digest, seed, drawn, drawn_at from fan_draws
         where event_id = $1 and round = $2",
    )
    .bind(event.as_str())
    .bind(number(round)?)
    .fetch_optional(connection)
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
    if round > 1 && read(connection, event, round - 1).await?.is_none() {
        return Err(Error::conflict(
            "round_missing",
            "The round before this one has not been drawn.",
        ));
    }
    Ok(())
}

async fn draw_round(
    connection: &mut PgConnection,
    event: &EventId,
    round: u32,
    wanted: Option<i32>,
) -> Result<Row, Error> {
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(Error::internal)?;
    // Waits for those who are registering at this moment; none begins until this has ended.
    sqlx::query("select from fan_programmes where event_id = $1 for update")
        .bind(event.as_str())
        .execute(&mut *connection)
        .await?;
    Ok(sqlx::query_as(include_str!("sql/draw.sql"))
        .bind(event.as_str())
        .bind(number(round)?)
        .bind(wanted)
        .bind(seed.as_slice())
        .bind(rank_prefix(event, round, &seed))
        .fetch_one(connection)
        .await?)
}

/// What comes before the account's id in its rank; see the module.
fn rank_prefix(event: &EventId, round: u32, seed: &[u8; 32]) -> Vec<u8> {
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
