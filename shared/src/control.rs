//! The signature of what the origin tells the edge: HMAC-SHA-256 over method, path, query, body and
//! time.

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use crate::{ids::Bytes32, timestamp::UnixMillis};

/// Header with the clock of the sender, in milliseconds since 1970.
pub const TIME_HEADER: &str = "stanchion-time";
/// Header with the signature: `v1=` and 64 hex digits.
pub const SIGNATURE_HEADER: &str = "stanchion-signature";
/// How far the two clocks may differ, in milliseconds. It also bounds a replay; the `version` of
/// each put makes a replay harmless.
pub const MAX_AGE_MS: u64 = 30_000;

/// The parts of a request that the signature covers. Line feeds separate them, and none of the
/// first four parts can contain one.
pub struct ControlRequest<'a> {
    /// `GET`, `PUT`, …
    pub method: &'a str,
    /// The path, percent-encoded as sent.
    pub path: &'a str,
    /// The query without `?`, as sent; empty if there is none.
    pub query: &'a str,
    /// The whole body.
    pub body: &'a [u8],
}

/// Why a control request is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum ControlError {
    /// A header is absent or malformed, or the signature does not match.
    #[error("the control signature is missing or wrong")]
    Signature,
    /// The time differs by more than [`MAX_AGE_MS`] from the clock of the edge.
    #[error("the control request is older or newer than 30 seconds: check the clocks")]
    Time,
}

fn mac(key: &Bytes32, request: &ControlRequest<'_>, time: UnixMillis) -> Hmac<Sha256> {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).expect("HMAC takes keys of any length");
    let head = format!(
        "stanchion/control/v1\n{}\n{}\n{}\n{}\n",
        request.method, request.path, request.query, time.0
    );
    mac.update(head.as_bytes());
    mac.update(&Sha256::digest(request.body));
    mac
}

/// Signs a request. Returns the values of the two headers: (time, signature).
#[must_use]
pub fn sign(key: &Bytes32, request: &ControlRequest<'_>, now: UnixMillis) -> (String, String) {
    let signature = mac(key, request, now).finalize().into_bytes();
    (now.0.to_string(), format!("v1={}", hex::encode(signature)))
}

/// Checks what [`sign`] made. The comparison takes the same time wherever the first difference is.
///
/// # Errors
/// [`ControlError`]. The signature is checked before the time, so that a stranger learns nothing
/// about the clock of the edge.
pub fn verify(
    key: &Bytes32,
    request: &ControlRequest<'_>,
    time: &str,
    signature: &str,
    now: UnixMillis,
) -> Result<(), ControlError> {
    let time = UnixMillis(time.parse().map_err(|_| ControlError::Signature)?);
    let given = signature
        .strip_prefix("v1=")
        .and_then(|hex| hex::decode(hex).ok())
        .ok_or(ControlError::Signature)?;
    mac(key, request, time)
        .verify_slice(&given)
        .map_err(|_| ControlError::Signature)?;
    if now.0.abs_diff(time.0) > MAX_AGE_MS {
        Err(ControlError::Time)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    fn request() -> ControlRequest<'static> {
        ControlRequest {
            method: "PUT",
            path: "/api/v1/control/events/e",
            query: "",
            body: b"{}",
        }
    }

    #[test]
    fn every_part_is_covered() {
        let key = Bytes32([1; 32]);
        let (time, signature) = sign(&key, &request(), NOW);
        assert_eq!(verify(&key, &request(), &time, &signature, NOW), Ok(()));
        let altered = [
            ControlRequest {
                method: "GET",
                ..request()
            },
            ControlRequest {
                path: "/api/v1/control/events/f",
                ..request()
            },
            ControlRequest {
                query: "a=b",
                ..request()
            },
            ControlRequest {
                body: b"[]",
                ..request()
            },
        ];
        for other in altered {
            assert_eq!(
                verify(&key, &other, &time, &signature, NOW),
                Err(ControlError::Signature)
            );
        }
        let later = (NOW.0 + 1).to_string();
        assert_eq!(
            verify(&key, &request(), &later, &signature, NOW),
            Err(ControlError::Signature)
        );
        assert_eq!(
            verify(&Bytes32([2; 32]), &request(), &time, &signature, NOW),
            Err(ControlError::Signature)
        );
        assert_eq!(
            verify(&key, &request(), "x", "v1=zz", NOW),
            Err(ControlError::Signature)
        );
    }

    #[test]
    fn thirty_seconds_are_allowed_and_no_more() {
        let key = Bytes32([1; 32]);
        let (time, signature) = sign(&key, &request(), NOW);
        for (now, verdict) in [
            (NOW.plus(MAX_AGE_MS), Ok(())),
            (NOW.minus(MAX_AGE_MS), Ok(())),
            (NOW.plus(MAX_AGE_MS + 1), Err(ControlError::Time)),
            (NOW.minus(MAX_AGE_MS + 1), Err(ControlError::Time)),
        ] {
            assert_eq!(verify(&key, &request(), &time, &signature, now), verdict);
        }
    }
}
