//! Shop tokens: a JWT that opens the shop to a fan whose turn has come.
//!
//! The edge signs it at the claim. The gate checks it on every guarded request, and so does the
//! origin.

use serde::{Deserialize, Serialize};

pub use crate::jose::times::ISSUED_AT_SKEW_SECONDS;
use crate::{
    ids::{EventId, Place, Tag},
    jose::{
        JoseError, SigningKeys, VerifyingKeys,
        times::{self, TimesError},
    },
    timestamp::UnixMillis,
};

/// `typ` of a shop token.
pub const TOKEN_TYPE: &str = "shop+jwt";
/// `aud` of a shop token.
pub const AUDIENCE: &str = "stanchion-origin";

/// Claims of a shop token. A fan who asks again gets the same `jti`, `iat` and `began_ms`; `exp`
/// grows only by the time during which the origin was stopped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShopClaims {
    /// The issuer name of the edge, as configured.
    pub iss: String,
    /// Always [`AUDIENCE`].
    pub aud: String,
    /// The account (`sub` of its account token).
    pub sub: String,
    /// The shopping session.
    pub jti: String,
    /// Issued at, in seconds since 1970: the second in which the session began. It is rounded down,
    /// because a reader refuses a token from the future.
    #[serde(deserialize_with = "times::numeric_date")]
    pub iat: u64,
    /// Not before this second since 1970. Ours have none.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "times::not_before"
    )]
    pub nbf: Option<u64>,
    /// Expires at, in seconds since 1970. The token is invalid from this second on.
    #[serde(deserialize_with = "times::numeric_date")]
    pub exp: u64,
    /// When the session began, in ms since 1970. It is never before the turn, and revocation goes
    /// by it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub began_ms: Option<u64>,
    /// When the session is over at the latest, in ms since 1970. It is the end of the shopping
    /// window that the person's shard counts, so no gate gives a token of the session an `exp` past
    /// it. Stops lengthen the shopping window: a later token of the session may say a later end.
    /// Tokens of earlier versions have none, and are not renewed past their `exp`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ends_ms: Option<u64>,
    /// The one event whose shop it opens.
    pub event: EventId,
    /// The place that had its turn. `None`: there was room, and the session began without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
    /// The person's pseudonym in the event, by which the edge finds who holds the session. Tokens of
    /// earlier versions have none: their sessions last until their ends.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tag: Option<Tag>,
}

/// Why a shop token is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ShopTokenError {
    /// The signature, key, algorithm, issuer, audience or form is wrong.
    #[error("the shop token is not valid")]
    Invalid,
    /// The shopping session is over.
    #[error("the shopping window is over")]
    Expired,
    /// It is for another event.
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

/// Verifies a token and returns the session that it opens at `now`, whatever its event. Where the
/// event is known, check it with [`ShopClaims::opens`].
///
/// # Errors
/// The token is forged, from another issuer, from the future, or expired.
pub fn verify(keys: &VerifyingKeys, issuer: &str, token: &str, now: UnixMillis) -> Result<ShopClaims, ShopTokenError> {
    let claims = verify_signature(keys, token)?;
    claims.check(issuer, now)?;
    Ok(claims)
}

/// Verifies the signature only and returns the claims. They open nothing until
/// [`ShopClaims::check`] has checked issuer and times.
///
/// # Errors
/// [`ShopTokenError::Invalid`].
pub fn verify_signature(keys: &VerifyingKeys, token: &str) -> Result<ShopClaims, ShopTokenError> {
    Ok(keys.verify_claims(TOKEN_TYPE, token)?)
}

impl ShopClaims {
    /// Checks issuer, audience and times of claims whose signature is verified.
    ///
    /// # Errors
    /// The claims are of another issuer, from the future, or expired.
    pub fn check(&self, issuer: &str, now: UnixMillis) -> Result<(), ShopTokenError> {
        if self.iss != issuer || self.aud != AUDIENCE {
            return Err(ShopTokenError::Invalid);
        }
        times::check_times(self.iat, self.nbf, self.exp, now).map_err(|error| match error {
            TimesError::Early => ShopTokenError::Invalid,
            TimesError::Expired => ShopTokenError::Expired,
        })
    }

    /// When the session began. A token that does not say it began at its `iat`.
    #[must_use]
    pub fn began_at(&self) -> UnixMillis {
        UnixMillis(self.began_ms.unwrap_or(self.iat.saturating_mul(1000)))
    }

    /// The last second since 1970 in which a token of the session may end, as far as this token says.
    #[must_use]
    pub fn last_second(&self) -> u64 {
        let ends = self.ends_ms.map(|ends_ms| UnixMillis(ends_ms).floor_seconds());
        ends.unwrap_or(self.exp).max(self.exp)
    }

    /// Checks that the claims are for `event`.
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
