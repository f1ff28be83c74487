//! Begins a round: fixes the list, makes the seed, promises the places.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use sqlx::{PgConnection, PgPool};
use stanchion_shared::ids::EventId;

use super::{
    super::{VerifiedFansError, audit_entry::write_audit, fan_status::RegistrationPhase, programme::Programme},
    round::{SelectionRound, column_of},
    work::ACCOUNTS_PER_PIECE,
};
use crate::{
    database::{Tx, run_tx},
    error::InternalError,
};

/// Begins the round, unless it has begun. `wanted` is how many fans to select; `None` is all.
///
/// # Errors
/// [`VerifiedFansError::RoundDiffers`], [`VerifiedFansError::NoRegistration`],
/// [`VerifiedFansError::RegistrationNotEnded`], [`VerifiedFansError::RoundMissing`],
/// [`VerifiedFansError::Full`]; those of an admin's change.
pub(super) async fn begin(
    database: &PgPool,
    admin: &str,
    event: &EventId,
    round: u32,
    wanted: Option<i32>,
) -> Result<(), VerifiedFansError> {
    run_tx(database, "fans.begin_selection", |mut tx| {
        Box::pin(async move {
            let programme = Programme::read_locked_during_selection(&mut tx, event).await?;
            if let Some(begun) = SelectionRound::read(&mut *tx, event, round).await? {
                return if begun.wanted == wanted {
                    Ok(())
                } else {
                    Err(VerifiedFansError::RoundDiffers)
                };
            }
            programme.check_no_selection()?;
            check_may_begin(&mut tx, &programme, event, round).await?;
            begin_in(&mut tx, &programme, admin, (event, round, wanted)).await
        })
    })
    .await
}

async fn check_may_begin(
    connection: &mut PgConnection,
    programme: &Programme,
    event: &EventId,
    round: u32,
) -> Result<(), VerifiedFansError> {
    match programme.window().map(|window| window.phase()) {
        None => return Err(VerifiedFansError::NoRegistration),
        // A fan who registers later must have the same chance.
        Some(RegistrationPhase::Announced | RegistrationPhase::Open) => {
            return Err(VerifiedFansError::RegistrationNotEnded);
        }
        Some(RegistrationPhase::Closed) => {}
    }
    if round > 1
        && SelectionRound::read(&mut *connection, event, round - 1)
            .await?
            .is_none()
    {
        return Err(VerifiedFansError::RoundMissing);
    }
    Ok(())
}

async fn begin_in(
    tx: &mut Tx<'_, '_>,
    programme: &Programme,
    admin: &str,
    (event, round, wanted): (&EventId, u32, Option<i32>),
) -> Result<(), VerifiedFansError> {
    // Waits for fans who are registering or redeeming at this moment. None goes on before this
    // transaction has ended.
    sqlx::query("select from fan_programmes where event_id = $1 for update")
        .bind(event.as_str())
        .execute(&mut **tx)
        .await?;
    let (registered, digest) = fix_list(tx, event).await?;
    let promised = wanted.map_or(registered, |wanted| wanted.min(registered));
    programme.promise(tx, event, i64::from(promised)).await?;
    // The list is fixed first: an admin who knew the seed could choose the list.
    let mut seed = [0; 32];
    getrandom::fill(&mut seed).map_err(InternalError::new)?;
    sqlx::query(include_str!("sql/begin.sql"))
        .bind(event.as_str())
        .bind(column_of(round)?)
        .bind(wanted)
        .bind(registered)
        .bind(digest.as_slice())
        .bind(seed.as_slice())
        .bind(admin)
        .bind(promised)
        .execute(&mut **tx)
        .await?;
    let after = json!({
        "round": round, "count": wanted, "registered": registered,
        "seed": hex::encode(seed), "registered_digest": hex::encode(digest),
    });
    write_audit(tx, admin, "fans.begin_draw", event, (Value::Null, after)).await
}

/// The number of accounts to select from, and the SHA-256 of their ids in byte order, joined by
/// line feeds. The list is read page by page, because the text of millions of ids would be larger
/// than PostgreSQL's largest.
async fn fix_list(connection: &mut PgConnection, event: &EventId) -> Result<(i32, [u8; 32]), VerifiedFansError> {
    let (mut digest, mut registered, mut after) = (Sha256::new(), 0_i32, String::new());
    loop {
        let page: Vec<String> = sqlx::query_scalar(include_str!("sql/candidates.sql"))
            .bind(event.as_str())
            .bind(&after)
            .bind(ACCOUNTS_PER_PIECE)
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
