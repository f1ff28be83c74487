//! Shop tokens: what the edge gives a fan whose turn has come, and the origin checks on every gated request.

use serde::{Deserialize, Serialize};

use crate::{
    identity::{EventId, Place},
    jose::{JoseError, SigningKeys, VerifyingKeys},
    timestamp::UnixMillis,
};

/// `typ` of a shop token.
pub const TOKEN_TYPE: &str = "shop+jwt";
/// `aud` of a shop token.
pub const AUDIENCE: &str = "stanchion-origin";
/// How far the edge's clock may run ahead of the reader's, in seconds. On `exp` nothing is allowed.
pub const ISSUED_AT_SKEW_SECONDS: u64 = 60;

/// Claims of a shop token. Asking again gives the same `jti` and `iat`; `exp` grows only by the time the origin was stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopClaims {
    /// The edge's issuer name, as configured.
    pub iss: String,
    /// Always [`AUDIENCE`].
    pub aud: String,
    /// The account (`sub` of its account token).
    pub sub: String,
    /// One shopping session.
    pub jti: String,
    /// Seconds since 1970, rounded up: never before the turn.
    pub iat: u64,
    /// Seconds since 1970; dead from this second on.
    pub exp: u64,
    /// The event this token opens, no other.
    pub event: EventId,
    /// The place whose turn it was.
    pub place: Place,
}

/// Why a shop token opens nothing.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ShopTokenError {
    /// Signature, key, algorithm, issuer, audience or form.
    #[error("the shop token is not valid")]
    Invalid,
    /// The shopping window is over.
    #[error("the shopping window is over")]
    Expired,
    /// It opens another event.
    #[error("the shop token is for another event")]
    OtherEvent,
}

impl From<JoseError> for ShopTokenError {
    fn from(_: JoseError) -> Self {
        ShopTokenError::Invalid
    }
}

/// Signs a shop token.
#[must_use]
pub fn sign(keys: &SigningKeys, claims: &ShopClaims) -> String {
    keys.sign_claims(TOKEN_TYPE, claims)
}

/// The session `token` opens at `now`, whatever its event; use [`ShopClaims::opens`] where the event is known.
///
/// # Errors
/// Forged, foreign, from the future, or expired.
pub fn verify(keys: &VerifyingKeys, issuer: &str, token: &str, now: UnixMillis) -> Result<ShopClaims, ShopTokenError> {
    let claims = signed(keys, token)?;
    claims.judge(issuer, now)?;
    Ok(claims)
}

/// The claims of a token that one of `keys` signed. Nothing is opened before [`ShopClaims::judge`].
///
/// # Errors
/// [`ShopTokenError::Invalid`].
pub fn signed(keys: &VerifyingKeys, token: &str) -> Result<ShopClaims, ShopTokenError> {
    Ok(keys.verify_claims(TOKEN_TYPE, token)?)
}

impl ShopClaims {
    /// Whether claims that were signed open a session at `now`.
    ///
    /// # Errors
    /// Foreign, from the future, or expired.
    pub fn judge(&self, issuer: &str, now: UnixMillis) -> Result<(), ShopTokenError> {
        let from_future = self.iat > now.floor_seconds() + ISSUED_AT_SKEW_SECONDS;
        if self.iss != issuer || self.aud != AUDIENCE || from_future {
            return Err(ShopTokenError::Invalid);
        }
        if now.floor_seconds() >= self.exp {
            return Err(ShopTokenError::Expired);
        }
        Ok(())
    }

    /// Whether they open `event`.
    ///
    /// # Errors
    /// [`ShopTokenError::OtherEvent`].
    pub fn opens(&self, event: &EventId) -> Result<(), ShopTokenError> {
        if self.event == *event {
            Ok(())
        } else {
            Err(ShopTokenError::OtherEvent)
        }
    }
}
