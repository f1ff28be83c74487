//! Accounts for load tests: thousands at once, because signing up one by one would measure argon2 and nothing else.

use std::io::{self, Write};

use serde::Serialize;
use uuid::Uuid;

use super::{password::Password, token::SignedIn};
use crate::{clock, http::Error, state::App};

/// Most accounts of one run.
pub const MAX_MINTED: usize = 1_000_000;
/// Accounts of one insert.
const BATCH: usize = 5_000;

/// Why no accounts were minted.
#[derive(Debug, thiserror::Error)]
pub enum MintError {
    /// Arguments.
    #[error("--count is 1 to {MAX_MINTED}, --prefix 1 to 32 of a-z, 0-9 and '-'")]
    Arguments,
    /// The one hash failed.
    #[error(transparent)]
    Hash(#[from] Error),
    /// PostgreSQL.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// Standard output.
    #[error(transparent)]
    Output(#[from] io::Error),
}

#[derive(Serialize)]
struct Minted<'a> {
    subject: Uuid,
    email: &'a str,
    token: String,
}

/// Creates `count` accounts and writes a JSON line `{subject, email, token}` for each to `out`. All share one password, random and
/// kept by nobody: the tokens are the only way in. Addresses end in `.invalid` (RFC 2606), so no mail ever goes there.
///
/// # Errors
/// [`MintError`]; what was written exists.
pub async fn mint(app: &App, count: usize, prefix: &str, out: &mut impl Write) -> Result<(), MintError> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !(1..=MAX_MINTED).contains(&count) || !(1..=32).contains(&prefix.len()) || !prefix.bytes().all(allowed) {
        return Err(MintError::Arguments);
    }
    let hash = app
        .passwords
        .hash(Password::unchecked(Uuid::new_v4().to_string()))
        .await?;
    // So that a second run does not collide with the first.
    let run = Uuid::new_v4().simple().to_string();
    let numbers: Vec<usize> = (0..count).collect();
    for batch in numbers.chunks(BATCH) {
        let accounts: Vec<(Uuid, String)> = batch
            .iter()
            .map(|n| (Uuid::now_v7(), format!("{prefix}-{n}-{}@load.invalid", &run[..8])))
            .collect();
        let (ids, emails): (Vec<_>, Vec<_>) = accounts.iter().cloned().unzip();
        sqlx::query(
            "insert into accounts (account_id, email, password_hash)
             select id, email, $3 from unnest($1::uuid[], $2::text[]) as minted (id, email)",
        )
        .bind(&ids)
        .bind(&emails)
        .bind(&hash)
        .execute(&app.database)
        .await?;
        write(app, &accounts, out)?;
    }
    Ok(())
}

fn write(app: &App, accounts: &[(Uuid, String)], out: &mut impl Write) -> io::Result<()> {
    for (subject, email) in accounts {
        let token = SignedIn::issue(&app.config, *subject, clock::now()).access_token;
        let minted = Minted {
            subject: *subject,
            email,
            token,
        };
        serde_json::to_writer(&mut *out, &minted)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
