//! Accounts for load tests, thousands at once: signing up one by one would measure argon2 and
//! nothing else.

use std::io::{self, Write};

use serde::Serialize;
use uuid::Uuid;

use super::{
    Accounts, AccountsError,
    password::Password,
    token::{SignedIn, new_account},
};
use crate::{clock, config::Config};

/// Most accounts of one run.
pub const MAX_LOAD_TEST_ACCOUNTS: usize = 1_000_000;
/// Accounts of one insert.
const BATCH: usize = 5_000;

/// Why no accounts were created.
#[derive(Debug, thiserror::Error)]
pub enum LoadTestAccountsError {
    /// An argument is outside of its limits.
    #[error("--count is 1 to {MAX_LOAD_TEST_ACCOUNTS}, --prefix 1 to 32 of a-z, 0-9 and '-'")]
    Arguments,
    /// The password could not be hashed.
    #[error(transparent)]
    Hash(#[from] AccountsError),
    /// PostgreSQL.
    #[error(transparent)]
    Database(#[from] sqlx::Error),
    /// The lines could not be written.
    #[error(transparent)]
    Output(#[from] io::Error),
}

#[derive(Serialize)]
struct LoadTestAccount<'a> {
    subject: Uuid,
    email: &'a str,
    token: String,
}

/// Creates `count` accounts and writes a JSON line `{subject, email, token}` for each to `out`. All
/// share one random password that is not kept: the tokens are the only way in. Addresses end in
/// `.invalid` (RFC 2606), so no mail ever goes there.
///
/// # Errors
/// [`LoadTestAccountsError`]. Accounts that were written to `out` exist.
pub async fn create_load_test_accounts(
    accounts: &Accounts,
    config: &Config,
    count: usize,
    prefix: &str,
    out: &mut impl Write,
) -> Result<(), LoadTestAccountsError> {
    let allowed = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    if !(1..=MAX_LOAD_TEST_ACCOUNTS).contains(&count)
        || !(1..=32).contains(&prefix.len())
        || !prefix.bytes().all(allowed)
    {
        return Err(LoadTestAccountsError::Arguments);
    }
    let hash = accounts
        .passwords
        .hash(Password::unchecked(Uuid::new_v4().to_string()))
        .await?;
    // Its own for each run, so that a second run does not collide with the first.
    let run = Uuid::new_v4().simple().to_string();
    let numbers: Vec<usize> = (0..count).collect();
    for batch in numbers.chunks(BATCH) {
        let created: Vec<(Uuid, String)> = batch
            .iter()
            .map(|n| (Uuid::now_v7(), format!("{prefix}-{n}-{}@load.invalid", &run[..8])))
            .collect();
        let (ids, emails): (Vec<_>, Vec<_>) = created.iter().cloned().unzip();
        sqlx::query(
            "insert into accounts (account_id, email, password_hash)
             select id, email, $3 from unnest($1::uuid[], $2::text[]) as new (id, email)",
        )
        .bind(&ids)
        .bind(&emails)
        .bind(&hash)
        .execute(&accounts.database)
        .await?;
        write(config, &created, out)?;
    }
    Ok(())
}

fn write(config: &Config, accounts: &[(Uuid, String)], out: &mut impl Write) -> io::Result<()> {
    let now = clock::now();
    for (subject, email) in accounts {
        let token = SignedIn::issue(config, *subject, new_account(now), now).access_token;
        let line = LoadTestAccount {
            subject: *subject,
            email,
            token,
        };
        serde_json::to_writer(&mut *out, &line)?;
        out.write_all(b"\n")?;
    }
    out.flush()
}
