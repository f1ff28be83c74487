//! The origin's clock. Rules take instants as arguments; handlers and loops read this clock.

use std::time::{SystemTime, UNIX_EPOCH};

use stanchion_shared::timestamp::UnixMillis;
use time::OffsetDateTime;

/// Now, in milliseconds since 1970.
#[must_use]
pub fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// An instant as PostgreSQL takes it (`timestamptz`).
#[must_use]
pub fn to_sql(instant: UnixMillis) -> OffsetDateTime {
    let nanos = i128::from(instant.0.min(UnixMillis::MAX.0)) * 1_000_000;
    OffsetDateTime::from_unix_timestamp_nanos(nanos).unwrap_or(OffsetDateTime::UNIX_EPOCH)
}

/// An instant as PostgreSQL gives it; 1970 for what is before.
#[must_use]
pub fn from_sql(instant: OffsetDateTime) -> UnixMillis {
    UnixMillis(u64::try_from(instant.unix_timestamp_nanos() / 1_000_000).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instant_survives_the_journey_through_postgresql_types() {
        for instant in [UnixMillis(0), UnixMillis(1_795_470_000_123), UnixMillis::MAX] {
            assert_eq!(from_sql(to_sql(instant)), instant);
        }
    }
}
