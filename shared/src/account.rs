//! Who is asking: the account token an issuer (our origin, or a configured one) gave to a fan.

use serde::{Deserialize, Serialize};

use crate::{
    jose::{JoseError, SigningKeys, VerifyingKeys},
    timestamp::UnixMillis,
};

/// `typ` of an account token (RFC 9068 calls OAuth access tokens so).
pub const TOKEN_TYPE: &str = "at+jwt";
/// Longest subject in bytes.
pub const MAX_SUBJECT_LENGTH: usize = 128;
/// How far the issuer's clock may run ahead of ours, in seconds.
pub const ISSUED_AT_SKEW_SECONDS: u64 = 60;

/// Claims of an account token.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountClaims {
    /// Issuer, as configured.
    pub iss: String,
    /// The account; stable for its life.
    pub sub: String,
    /// Issued at, seconds since 1970.
    pub iat: u64,
    /// Expires at, seconds since 1970; the token is dead from this second on.
    pub exp: u64,
}

/// Why an account token does not identify anybody.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum AccountError {
    /// Signature, key, algorithm or form.
    #[error("the account token is not valid")]
    Invalid,
    /// It was valid once.
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

/// The account that `token` identifies at `now`.
///
/// # Errors
/// Forged, foreign, from the future, or expired.
pub fn verify(keys: &VerifyingKeys, issuer: &str, token: &str, now: UnixMillis) -> Result<AccountClaims, AccountError> {
    let claims = signed(keys, token)?;
    claims.judge(issuer, now)?;
    Ok(claims)
}

/// The claims of a token that one of `keys` signed. Nobody is identified before [`AccountClaims::judge`].
///
/// # Errors
/// [`AccountError::Invalid`].
pub fn signed(keys: &VerifyingKeys, token: &str) -> Result<AccountClaims, AccountError> {
    Ok(keys.verify_claims(TOKEN_TYPE, token)?)
}

impl AccountClaims {
    /// Whether claims that were signed identify somebody at `now`.
    ///
    /// # Errors
    /// Foreign, from the future, or expired.
    pub fn judge(&self, issuer: &str, now: UnixMillis) -> Result<(), AccountError> {
        let from_future = self.iat > now.floor_seconds() + ISSUED_AT_SKEW_SECONDS;
        let subject_fits = (1..=MAX_SUBJECT_LENGTH).contains(&self.sub.len());
        if self.iss != issuer || from_future || !subject_fits {
            return Err(AccountError::Invalid);
        }
        if now.floor_seconds() >= self.exp {
            return Err(AccountError::Expired);
        }
        Ok(())
    }
}

/// The token of an `Authorization: Bearer …` header value (RFC 6750).
#[must_use]
pub fn bearer(header: &str) -> Option<&str> {
    let (scheme, token) = header.split_once(' ')?;
    scheme
        .eq_ignore_ascii_case("bearer")
        .then(|| token.trim())
        .filter(|token| !token.is_empty())
}
