//! Account tokens: a JWT with which a fan proves an account.
//!
//! Our origin or another configured issuer signs it. Tokens of an OpenID Connect issuer are read by
//! [`crate::oidc`].

use serde::{Deserialize, Serialize};

pub use crate::jose::times::ISSUED_AT_SKEW_SECONDS;
use crate::{
    jose::{
        JoseError, SigningKeys, VerifyingKeys,
        times::{self, TimesError},
    },
    timestamp::UnixMillis,
};

/// `typ` of an account token, as RFC 9068 defines it for OAuth access tokens.
pub const TOKEN_TYPE: &str = "at+jwt";
/// Longest subject in bytes.
pub const MAX_SUBJECT_LENGTH: usize = 128;

/// What an issuer knows of an account. A client cannot say it, so the bot score believes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountRecord {
    /// When the account was made, in seconds since 1970.
    #[serde(deserialize_with = "times::numeric_date")]
    pub since: u64,
    /// Whether it has bought before.
    pub bought: bool,
}

/// Claims of an account token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountClaims {
    /// Issuer, as configured.
    pub iss: String,
    /// The account. It never changes.
    pub sub: String,
    /// Issued at, in seconds since 1970.
    #[serde(deserialize_with = "times::numeric_date")]
    pub iat: u64,
    /// Not before this second since 1970. Ours have none; another issuer's may.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "times::not_before"
    )]
    pub nbf: Option<u64>,
    /// Expires at, in seconds since 1970. The token is invalid from this second on.
    #[serde(deserialize_with = "times::numeric_date")]
    pub exp: u64,
    /// What the issuer knows of the account; `None` if it does not say.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub account: Option<AccountRecord>,
}

/// Why an account token identifies nobody.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AccountError {
    /// The signature, key, algorithm or form is wrong.
    #[error("the account token is not valid")]
    Invalid,
    /// The token has expired.
    #[error("the account token has expired: sign in again")]
    Expired,
}

impl From<JoseError> for AccountError {
    fn from(_: JoseError) -> Self {
        AccountError::Invalid
    }
}

/// Signs an account token.
#[must_use]
pub fn sign(keys: &SigningKeys, claims: &AccountClaims) -> String {
    keys.sign_claims(TOKEN_TYPE, claims)
}

/// Verifies a token and returns the account that it identifies at `now`.
///
/// # Errors
/// The token is forged, from another issuer, from the future, or expired.
pub fn verify(keys: &VerifyingKeys, issuer: &str, token: &str, now: UnixMillis) -> Result<AccountClaims, AccountError> {
    let claims = verify_signature(keys, token)?;
    claims.check(issuer, now)?;
    Ok(claims)
}

/// Verifies the signature only and returns the claims. They identify nobody until
/// [`AccountClaims::check`] has checked issuer and times.
///
/// # Errors
/// [`AccountError::Invalid`].
pub fn verify_signature(keys: &VerifyingKeys, token: &str) -> Result<AccountClaims, AccountError> {
    Ok(keys.verify_claims(TOKEN_TYPE, token)?)
}

impl AccountClaims {
    /// The claims of an account `sub` of the issuer `iss`, from `iat` to `exp`.
    #[must_use]
    pub fn new(iss: &str, sub: &str, iat: u64, exp: u64) -> AccountClaims {
        AccountClaims {
            iss: iss.to_owned(),
            sub: sub.to_owned(),
            iat,
            nbf: None,
            exp,
            account: None,
        }
    }

    /// The same, with what the issuer knows of the account.
    #[must_use]
    pub fn with_record(self, record: AccountRecord) -> AccountClaims {
        AccountClaims {
            account: Some(record),
            ..self
        }
    }

    /// Checks the issuer and the times of claims whose signature is verified.
    ///
    /// # Errors
    /// The claims are of another issuer, from the future, or expired.
    pub fn check(&self, issuer: &str, now: UnixMillis) -> Result<(), AccountError> {
        let subject_fits = (1..=MAX_SUBJECT_LENGTH).contains(&self.sub.len());
        if self.iss != issuer || !subject_fits {
            return Err(AccountError::Invalid);
        }
        times::check_times(self.iat, self.nbf, self.exp, now).map_err(|error| match error {
            TimesError::Early => AccountError::Invalid,
            TimesError::Expired => AccountError::Expired,
        })
    }
}

/// Extracts the token from the value of an `Authorization: Bearer …` header (RFC 6750).
#[must_use]
pub fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}
