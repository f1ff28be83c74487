//! The fans' accounts: most are minted beforehand and read from a file, a few are made over HTTP.

use std::{fs::File, io::BufRead, io::BufReader, path::Path};

use reqwest::{Method, StatusCode};
use serde::{Deserialize, Serialize};

use stanchion_fan_client::{FanClient, FanError, FanRequest, RequestKind};

/// An account and its token.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct FanAccount {
    /// `sub` of the token.
    pub(crate) subject: String,
    /// The address that an invitation is sent to.
    pub(crate) email: String,
    /// Bearer token.
    pub(crate) token: String,
}

/// Why the accounts cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AccountsFileError {
    #[error("the accounts file cannot be read: {0}")]
    File(#[from] std::io::Error),
    #[error("line {line} of the accounts file is not {{\"subject\", \"email\", \"token\"}}: {error}")]
    DrawnLine { line: usize, error: serde_json::Error },
    #[error("the accounts file has {found} accounts, and {wanted} are needed: one per fan, at least three")]
    TooFew { found: usize, wanted: usize },
}

/// The first `wanted` accounts of a file of JSON lines.
pub(crate) fn read(path: &Path, wanted: usize) -> Result<Vec<FanAccount>, AccountsFileError> {
    let mut accounts = Vec::with_capacity(wanted);
    for (index, line) in BufReader::new(File::open(path)?).lines().take(wanted).enumerate() {
        let line = line?;
        let account =
            serde_json::from_str(&line).map_err(|error| AccountsFileError::DrawnLine { line: index + 1, error })?;
        accounts.push(account);
    }
    if accounts.len() < wanted {
        let found = accounts.len();
        return Err(AccountsFileError::TooFew { found, wanted });
    }
    Ok(accounts)
}

#[derive(Serialize)]
struct Credentials<'a> {
    email: &'a str,
    password: &'a str,
}

#[derive(Deserialize)]
struct SignInAnswer {
    account_id: String,
    access_token: String,
}

/// Signs up, then signs in with the same password: two requests, two argon2 hashes at the origin.
pub(crate) async fn sign_up_and_in(client: &FanClient, name: &str) -> Result<FanAccount, FanError> {
    // The name has the event's id, and the part before the @ may have 64 bytes.
    let email = format!("{name}@load.invalid");
    let credentials = Credentials {
        email: &email,
        // The password is not kept, because the account is for this run only.
        password: &format!("{name}-{name}"),
    };
    let sign_up = FanRequest::new(RequestKind::SignUp, Method::POST, "/api/v1/accounts").json(&credentials);
    let answer = client.send(&sign_up).await?;
    // A conflict means that an earlier answer was lost on its way. The account exists, which is what is wanted.
    if !(answer.status.is_success() || answer.status == StatusCode::CONFLICT) {
        return Err(answer.unexpected());
    }
    let sign_in = FanRequest::new(RequestKind::SignIn, Method::POST, "/api/v1/sessions").json(&credentials);
    let signed_in: SignInAnswer = client.send(&sign_in).await?.success()?;
    Ok(FanAccount {
        subject: signed_in.account_id,
        email,
        token: signed_in.access_token,
    })
}
