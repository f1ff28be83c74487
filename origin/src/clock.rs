//! The origin's clock. Rules take instants as arguments; only handlers and loops ask this one.

use std::time::{SystemTime, UNIX_EPOCH};

use stanchion_shared::timestamp::UnixMillis;

/// Now, in milliseconds since 1970.
#[must_use]
pub fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
