//! Fan passes: a JWT in which the origin states that an account is a verified fan of one event.
//!
//! A fan who joins with one is in the tier of verified fans.

use serde::{Deserialize, Serialize};

pub use crate::jose::times::ISSUED_AT_SKEW_SECONDS;
use crate::{
    ids::EventId,
    jose::{
        JoseError, SigningKeys, VerifyingKeys,
        times::{self, TimesError},
    },
    timestamp::UnixMillis,
};

/// `typ` of a fan pass.
pub const TOKEN_TYPE: &str = "fan-pass+jwt";

/// Claims of a fan pass. It is signed with the keys of account tokens, because it belongs to an
/// account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassClaims {
    /// The issuer of the account.
    pub iss: String,
    /// The account (`sub` of its account token).
    pub sub: String,
    /// The one event for which it is valid.
    pub event: EventId,
    /// Issued at, in seconds since 1970.
    #[serde(deserialize_with = "times::numeric_date")]
    pub iat: u64,
    /// Not before this second since 1970.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        deserialize_with = "times::not_before"
    )]
    pub nbf: Option<u64>,
    /// Expires at, in seconds since 1970. The pass is invalid from this second on.
    #[serde(deserialize_with = "times::numeric_date")]
    pub exp: u64,
}

/// Why a fan pass is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PassError {
    /// The signature, key, algorithm, issuer or form is wrong, or it is from the future.
    #[error("the fan pass is not valid")]
    Invalid,
    /// The pass has expired.
    #[error("the fan pass has expired")]
    Expired,
    /// It belongs to another account or another event.
    #[error("the fan pass is for another account or another event")]
    OtherSubject,
}

impl From<JoseError> for PassError {
    fn from(_: JoseError) -> Self {
        PassError::Invalid
    }
}

/// Signs a fan pass.
#[must_use]
pub fn sign(keys: &SigningKeys, claims: &PassClaims) -> String {
    keys.sign_claims(TOKEN_TYPE, claims)
}

/// Checks that `token` makes the account `subject` of `issuer` a verified fan of `event` at `now`,
/// and returns its claims.
///
/// # Errors
/// The pass is forged, from another issuer, expired, or of another account or event.
pub fn verify(
    keys: &VerifyingKeys,
    token: &str,
    (issuer, subject): (&str, &str),
    event: &EventId,
    now: UnixMillis,
) -> Result<PassClaims, PassError> {
    let claims: PassClaims = keys.verify_claims(TOKEN_TYPE, token)?;
    let times = times::check_times(claims.iat, claims.nbf, claims.exp, now);
    if claims.iss != issuer || times == Err(TimesError::Early) {
        return Err(PassError::Invalid);
    }
    if claims.sub != subject || claims.event != *event {
        return Err(PassError::OtherSubject);
    }
    match times {
        Ok(()) => Ok(claims),
        Err(_) => Err(PassError::Expired),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account_token::{self, AccountClaims};

    /// The key pair of RFC 8037, appendix A.
    const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
        "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
    const NOW: u64 = 1_800_000_000;

    fn claims() -> PassClaims {
        PassClaims {
            iss: "issuer".to_owned(),
            sub: "fan".to_owned(),
            event: EventId::parse("show").unwrap(),
            iat: NOW,
            nbf: None,
            exp: NOW + 10,
        }
    }

    fn judge(claims: &PassClaims, now: u64) -> Option<PassError> {
        let keys = SigningKeys::parse(KEYS).unwrap();
        let event = EventId::parse("show").unwrap();
        let token = sign(&keys, claims);
        let now = UnixMillis(now * 1000);
        verify(&keys.verifying().unwrap(), &token, ("issuer", "fan"), &event, now).err()
    }

    #[test]
    fn a_pass_is_good_for_one_account_one_event_and_its_time() {
        assert_eq!(judge(&claims(), NOW), None);
        assert_eq!(judge(&claims(), NOW + 9), None);
        assert_eq!(judge(&claims(), NOW + 10), Some(PassError::Expired));
        assert_eq!(judge(&claims(), NOW - ISSUED_AT_SKEW_SECONDS), None);
        assert_eq!(
            judge(&claims(), NOW - ISSUED_AT_SKEW_SECONDS - 1),
            Some(PassError::Invalid)
        );
        let of = |change: fn(&mut PassClaims)| {
            let mut claims = claims();
            change(&mut claims);
            judge(&claims, NOW)
        };
        assert_eq!(of(|claims| claims.nbf = Some(NOW + 600)), Some(PassError::Invalid));
        assert_eq!(of(|claims| claims.iss.push('x')), Some(PassError::Invalid));
        assert_eq!(of(|claims| claims.sub.push('x')), Some(PassError::OtherSubject));
        assert_eq!(
            of(|claims| claims.event = EventId::parse("other").unwrap()),
            Some(PassError::OtherSubject)
        );
    }

    #[test]
    fn an_account_token_is_not_a_pass() {
        let keys = SigningKeys::parse(KEYS).unwrap();
        let token = account_token::sign(&keys, &AccountClaims::new("issuer", "fan", NOW, NOW + 10));
        let event = EventId::parse("show").unwrap();
        let judged = verify(
            &keys.verifying().unwrap(),
            &token,
            ("issuer", "fan"),
            &event,
            UnixMillis(NOW * 1000),
        );
        assert_eq!(judged, Err(PassError::Invalid));
    }
}
