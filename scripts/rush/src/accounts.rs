//! Who the fans are: minted accounts from a file, and a few that sign up and in over HTTP.

use std::{fs::File, io::BufRead, io::BufReader, path::Path};

use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use crate::{
    client::{Ask, Client, Trouble},
    latency::Kind,
};

/// Somebody with an account token.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct Account {
    /// `sub` of the token.
    pub(crate) subject: String,
    /// Whom an invitation is sent to.
    pub(crate) email: String,
    /// Bearer token.
    pub(crate) token: String,
}

/// Why the accounts cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountsError {
    #[error("the accounts file cannot be read: {0}")]
    File(#[from] std::io::Error),
    #[error("line {line} of the accounts file is not {{\"subject\", \"email\", \"token\"}}: {error}")]
    Line { line: usize, error: serde_json::Error },
    #[error("the accounts file has {found} accounts, and {wanted} are needed: one per fan, at least three")]
    TooFew { found: usize, wanted: usize },
}

/// The first `wanted` accounts of a file of JSON lines.
pub(crate) fn read(path: &Path, wanted: usize) -> Result<Vec<Account>, AccountsError> {
    let mut accounts = Vec::with_capacity(wanted);
    for (index, line) in BufReader::new(File::open(path)?).lines().take(wanted).enumerate() {
        let line = line?;
        let account = serde_json::from_str(&line).map_err(|error| AccountsError::Line { line: index + 1, error })?;
        accounts.push(account);
    }
    if accounts.len() < wanted {
        let found = accounts.len();
        return Err(AccountsError::TooFew { found, wanted });
    }
    Ok(accounts)
}

#[derive(Serialize)]
struct Credentials<'a> {
    email: &'a str,
    password: &'a str,
}

#[derive(Deserialize)]
struct SignedIn {
    account_id: String,
    access_token: String,
}

/// Signs up, then signs in with the same password: two requests, two argon2 hashes at the origin.
pub(crate) async fn sign_up_and_in(client: &Client, name: &str) -> Result<Account, Trouble> {
    let email = format!("rush-{name}@load.invalid");
    let credentials = Credentials {
        email: &email,
        // Kept by nobody: the account is for this run.
        password: &format!("{name}-{name}"),
    };
    let sign_up = Ask::new(Kind::SignUp, Method::POST, "/api/v1/accounts").json(&credentials);
    let answer = client.send(&sign_up).await?;
    // An answer that was lost on the way: the account is there, which is all that is wanted.
    if !(answer.status.is_success() || answer.status == StatusCode::CONFLICT) {
        return Err(answer.unexpected());
    }
    let sign_in = Ask::new(Kind::SignIn, Method::POST, "/api/v1/sessions").json(&credentials);
    let signed_in: SignedIn = client.send(&sign_in).await?.success()?;
    Ok(Account {
        subject: signed_in.account_id,
        email,
        token: signed_in.access_token,
    })
}
