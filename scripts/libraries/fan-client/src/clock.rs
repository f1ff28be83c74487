//! This machine's clock. The stack runs on the same machine, or both are kept by NTP.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use stanchion_shared::timestamp::UnixMillis;

/// Now.
pub fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    UnixMillis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}

/// Sleeps until `instant`; returns at once if it is past.
pub async fn sleep_until(instant: UnixMillis) {
    tokio::time::sleep(Duration::from_millis(instant.since(now()))).await;
}
