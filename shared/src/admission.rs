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

/// The session `token` opens at `now`, whatever its event; use [`ShopClaims::for_event`] where the event is known.
///
/// # Errors
/// Forged, foreign, from the future, or expired.
pub fn verify(keys: &VerifyingKeys, issuer: &str, token: &str, now: UnixMillis) -> Result<ShopClaims, ShopTokenError> {
    let claims: ShopClaims = keys.verify_claims(TOKEN_TYPE, token)?;
    let from_future = claims.iat > now.floor_seconds() + ISSUED_AT_SKEW_SECONDS;
    if claims.iss != issuer || claims.aud != AUDIENCE || from_future {
        return Err(ShopTokenError::Invalid);
    }
    if now.floor_seconds() >= claims.exp {
        Err(ShopTokenError::Expired)
    } else {
        Ok(claims)
    }
}

impl ShopClaims {
    /// These claims, if they open `event`.
    ///
    /// # Errors
    /// [`ShopTokenError::OtherEvent`].
    pub fn for_event(self, event: &EventId) -> Result<ShopClaims, ShopTokenError> {
        if self.event == *event {
            Ok(self)
        } else {
            Err(ShopTokenError::OtherEvent)
        }
    }
}
