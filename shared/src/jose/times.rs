//! The times of a token (RFC 7519, section 4.1): how they are read, and when a token holds.

use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Number;

use crate::timestamp::UnixMillis;

/// How far the clock of an issuer may run ahead of the reader, in seconds. It is allowed at `iat`
/// and `nbf`. `exp` is checked without any allowance.
pub const ISSUED_AT_SKEW_SECONDS: u64 = 60;

/// Why a token does not hold at an instant.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
pub enum TimesError {
    /// It is from the future, or holds only later.
    #[error("the token does not hold yet")]
    Early,
    /// It has expired.
    #[error("the token has expired")]
    Expired,
}

/// Checks the times of a token, in seconds since 1970.
///
/// # Errors
/// [`TimesError`].
pub fn check_times(iat: u64, nbf: Option<u64>, exp: u64, now: UnixMillis) -> Result<(), TimesError> {
    let seconds = now.floor_seconds();
    let latest = seconds.saturating_add(ISSUED_AT_SKEW_SECONDS);
    if iat > latest || nbf.is_some_and(|nbf| nbf > latest) {
        return Err(TimesError::Early);
    }
    if seconds >= exp {
        return Err(TimesError::Expired);
    }
    Ok(())
}

/// Reads a NumericDate (RFC 7519, section 2) as whole seconds, rounded down. It may have a fraction
/// or an exponent.
///
/// # Errors
/// It is no number, or before 1970.
pub fn numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    seconds(&Number::deserialize(deserializer)?, f64::floor).ok_or_else(|| D::Error::custom("not a time since 1970"))
}

/// As [`numeric_date`], for a member that may be missing. It is rounded up, because `nbf` is the
/// earliest instant.
///
/// # Errors
/// As [`numeric_date`].
pub fn not_before<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<u64>, D::Error> {
    seconds(&Number::deserialize(deserializer)?, f64::ceil)
        .map(Some)
        .ok_or_else(|| D::Error::custom("not a time since 1970"))
}

fn seconds(number: &Number, round: fn(f64) -> f64) -> Option<u64> {
    // A number too large for u64 becomes the largest one: a token without an end.
    let rounded = || {
        number
            .as_f64()
            .filter(|seconds| *seconds >= 0.0)
            .map(|seconds| round(seconds) as u64)
    };
    number.as_u64().or_else(rounded)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Times {
        #[serde(deserialize_with = "numeric_date")]
        exp: u64,
        #[serde(default, deserialize_with = "not_before")]
        nbf: Option<u64>,
    }

    #[test]
    fn a_numeric_date_may_have_a_fraction_or_an_exponent() {
        let read = |text: &str| serde_json::from_str::<Times>(&format!(r#"{{"exp":{text},"nbf":{text}}}"#)).ok();
        for (text, down, up) in [
            ("0", 0, 0),
            ("1800000000", 1_800_000_000, 1_800_000_000),
            ("1800000000.0", 1_800_000_000, 1_800_000_000),
            ("1800000000.999", 1_800_000_000, 1_800_000_001),
            ("1.9e9", 1_900_000_000, 1_900_000_000),
            ("18446744073709551615", u64::MAX, u64::MAX),
            ("1e300", u64::MAX, u64::MAX),
        ] {
            let times = read(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!((times.exp, times.nbf), (down, Some(up)), "{text}");
        }
        for text in ["-1", "-0.5", "\"1800000000\"", "null", "true", "[]", "NaN", "1e999"] {
            assert!(read(text).is_none(), "{text}");
        }
        assert_eq!(serde_json::from_str::<Times>(r#"{"exp":1}"#).unwrap().nbf, None);
    }

    #[test]
    fn a_token_holds_from_its_begin_to_its_end_and_only_the_begin_has_an_allowance() {
        let at = |seconds: u64| UnixMillis(seconds * 1000 + 999);
        let judged = |nbf, now| check_times(1_000, nbf, 2_000, at(now));
        assert_eq!(judged(None, 1_000 - ISSUED_AT_SKEW_SECONDS), Ok(()));
        assert_eq!(judged(None, 999 - ISSUED_AT_SKEW_SECONDS), Err(TimesError::Early));
        assert_eq!(judged(Some(1_600), 1_600 - ISSUED_AT_SKEW_SECONDS), Ok(()));
        assert_eq!(
            judged(Some(1_600), 1_599 - ISSUED_AT_SKEW_SECONDS),
            Err(TimesError::Early)
        );
        assert_eq!(judged(None, 1_999), Ok(()));
        assert_eq!(judged(None, 2_000), Err(TimesError::Expired));
        assert_eq!(check_times(0, None, u64::MAX, UnixMillis(u64::MAX)), Ok(()));
    }
}
