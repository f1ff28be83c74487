//! The rush's clock. It runs on the machine of the stack, or is kept by NTP.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stanchion_shared::timestamp::UnixMillis;

/// Now.
pub(crate) fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Sleeps until `instant`; returns at once if it is past.
pub(crate) async fn sleep_until(instant: UnixMillis) {
    tokio::time::sleep(Duration::from_millis(instant.since(now()))).await;
}
