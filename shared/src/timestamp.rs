//! Instants of the protocol: whole milliseconds since 1970 UTC, written as RFC 3339.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use time::{OffsetDateTime, format_description::well_known::Rfc3339, macros::format_description};

/// An instant in milliseconds since 1970-01-01T00:00:00Z. In JSON it is an RFC 3339 string in UTC
/// with milliseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnixMillis(pub u64);

impl UnixMillis {
    /// The last instant that RFC 3339 can express, 9999-12-31T23:59:59.999Z. Later input is
    /// refused.
    pub const MAX: UnixMillis = UnixMillis(253_402_300_799_999);

    /// This instant plus `millis`. The result stays at the largest value instead of wrapping.
    #[must_use]
    pub fn plus(self, millis: u64) -> UnixMillis {
        UnixMillis(self.0.saturating_add(millis))
    }

    /// This instant minus `millis`. The result stays at 1970 instead of wrapping.
    #[must_use]
    pub fn minus(self, millis: u64) -> UnixMillis {
        UnixMillis(self.0.saturating_sub(millis))
    }

    /// Milliseconds from `earlier` to this instant; 0 if `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: UnixMillis) -> u64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Whole seconds, rounded down. The times of a JWT are made by it: `exp`, so that a token is
    /// never valid longer than meant, and `iat`, so that a token is never from the future.
    #[must_use]
    pub fn floor_seconds(self) -> u64 {
        self.0 / 1000
    }

    /// The text of a `Date` header: IMF-fixdate of RFC 9110, section 5.6.7, seconds rounded down.
    #[must_use]
    pub fn http_date(self) -> String {
        let format =
            format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
        let seconds = i64::try_from(self.min(Self::MAX).floor_seconds()).expect("MAX is below 2^63");
        let instant = OffsetDateTime::from_unix_timestamp(seconds).expect("MAX is a date of `time`");
        instant.format(format).expect("it has all parts of a date")
    }

    /// Parses an RFC 3339 date-time in any offset. Fractions beyond milliseconds are cut off.
    ///
    /// # Errors
    /// The text is not RFC 3339, before 1970, or after [`UnixMillis::MAX`].
    pub fn parse(text: &str) -> Result<UnixMillis, TimestampError> {
        let parsed = OffsetDateTime::parse(text, &Rfc3339).map_err(|_| TimestampError)?;
        let millis = u64::try_from(parsed.unix_timestamp_nanos() / 1_000_000).map_err(|_| TimestampError)?;
        if parsed.unix_timestamp() < 0 || millis > Self::MAX.0 {
            Err(TimestampError)
        } else {
            Ok(UnixMillis(millis))
        }
    }
}

/// The text is not an RFC 3339 date-time between 1970 and 9999.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an RFC 3339 date-time between 1970 and 9999")]
pub struct TimestampError;

impl std::fmt::Display for UnixMillis {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let format = format_description!("[year]-[month]-[day]T[hour]:[minute]:[second].[subsecond digits:3]Z");
        let nanos = i128::from(self.0.min(Self::MAX.0)) * 1_000_000;
        let instant = OffsetDateTime::from_unix_timestamp_nanos(nanos).map_err(|_| std::fmt::Error)?;
        f.write_str(&instant.format(format).map_err(|_| std::fmt::Error)?)
    }
}

impl Serialize for UnixMillis {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for UnixMillis {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        UnixMillis::parse(&text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_is_written_in_utc_with_milliseconds() {
        assert_eq!(UnixMillis(1_795_470_000_123).to_string(), "2026-11-23T21:40:00.123Z");
        assert_eq!(UnixMillis::MAX.to_string(), "9999-12-31T23:59:59.999Z");
    }

    #[test]
    fn the_date_of_an_answer_is_written_as_http_has_it() {
        // The example of RFC 9110, section 5.6.7.
        assert_eq!(UnixMillis(784_111_777_999).http_date(), "Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(UnixMillis(0).http_date(), "Thu, 01 Jan 1970 00:00:00 GMT");
        assert_eq!(UnixMillis(u64::MAX).http_date(), "Fri, 31 Dec 9999 23:59:59 GMT");
    }

    #[test]
    fn an_instant_is_read_in_any_offset() {
        assert_eq!(
            UnixMillis::parse("2026-11-23T22:40:00.123456+01:00"),
            Ok(UnixMillis(1_795_470_000_123))
        );
        assert_eq!(UnixMillis::parse("9999-12-31T23:59:59.999Z"), Ok(UnixMillis::MAX));
    }

    #[test]
    fn what_is_no_instant_of_ours_is_refused() {
        for text in [
            "",
            "2026-11-23",
            "2026-11-23 21:40:00",
            "1969-12-31T23:59:59.999Z",
            "2026-13-01T00:00:00Z",
        ] {
            assert_eq!(UnixMillis::parse(text), Err(TimestampError), "{text}");
        }
    }
}
