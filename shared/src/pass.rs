//! Fan passes: the origin's word that an account is a verified fan of one event. Whoever joins with one is in tier 0.

use serde::{Deserialize, Serialize};

use crate::{
    identity::EventId,
    jose::{JoseError, SigningKeys, VerifyingKeys},
    timestamp::UnixMillis,
};

/// `typ` of a fan pass.
pub const TOKEN_TYPE: &str = "fan-pass+jwt";
/// How far the issuer's clock may run ahead of ours, in seconds.
pub const ISSUED_AT_SKEW_SECONDS: u64 = 60;

/// Claims of a fan pass. It is signed by the keys that sign account tokens: it belongs to an account.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PassClaims {
    /// Issuer of the account.
    pub iss: String,
    /// The account (`sub` of its account token).
    pub sub: String,
    /// The event, no other.
    pub event: EventId,
    /// Seconds since 1970.
    pub iat: u64,
    /// Seconds since 1970; dead from this second on.
    pub exp: u64,
}

/// Why a pass puts nobody in tier 0.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PassError {
    /// Signature, key, algorithm, issuer or form, or from the future.
    #[error("the fan pass is not valid")]
    Invalid,
    /// It was valid once.
    #[error("the fan pass has expired")]
    Expired,
    /// It is somebody else's, or another event's.
    #[error("the fan pass is for another account or another event")]
    OtherSubject,
}

impl From<JoseError> for PassError {
    fn from(_: JoseError) -> Self {
        PassError::Invalid
    }
}

/// Signs a pass.
#[must_use]
pub fn sign(keys: &SigningKeys, claims: &PassClaims) -> String {
    keys.sign_claims(TOKEN_TYPE, claims)
}

/// Whether `token` makes the account `subject` of `issuer` a verified fan of `event` at `now`.
///
/// # Errors
/// Forged, foreign, expired, somebody else's or another event's.
pub fn verify(
    keys: &VerifyingKeys,
    token: &str,
    (issuer, subject): (&str, &str),
    event: &EventId,
    now: UnixMillis,
) -> Result<PassClaims, PassError> {
    let claims: PassClaims = keys.verify_claims(TOKEN_TYPE, token)?;
    let seconds = now.floor_seconds();
    if claims.iss != issuer || claims.iat > seconds + ISSUED_AT_SKEW_SECONDS {
        return Err(PassError::Invalid);
    }
    if claims.sub != subject || claims.event != *event {
        return Err(PassError::OtherSubject);
    }
    if seconds >= claims.exp {
        return Err(PassError::Expired);
    }
    Ok(claims)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{account, account::AccountClaims};

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
        let token = account::sign(
            &keys,
            &AccountClaims {
                iss: "issuer".to_owned(),
                sub: "fan".to_owned(),
                iat: NOW,
                exp: NOW + 10,
            },
        );
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
