//! What instances near this one share: in the data centre's cache on Cloudflare, in the key-value
//! store of the machine on Spin. It may forget anything at any time.
//!
//! Everything is as JSON, and of an event in one epoch of its coordinator.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use stanchion_shared::timestamp::UnixMillis;

use crate::platform::Platform;

/// What never changes is kept for so long, in seconds.
pub(super) const FOR_LONG: u32 = 86_400;

/// A value, and when its reader asked for it.
#[derive(Serialize, Deserialize)]
pub(super) struct Dated<T> {
    pub(super) asked_at: UnixMillis,
    pub(super) value: T,
}

/// A value that this instance or another one kept.
pub(super) async fn recall<P: Platform, T: DeserializeOwned>(platform: &P, key: &str) -> Option<T> {
    let json = platform.recall(key).await?;
    // Another version of the edge may have kept something else under this key.
    serde_json::from_slice(&json).ok()
}

/// Keeps a value for others, for so many seconds at most.
pub(super) async fn keep<P: Platform, T: Serialize>(platform: &P, key: &str, value: &T, seconds: u32) {
    let json = serde_json::to_vec(value).expect("what is kept serialises");
    platform.keep(key, json, seconds).await;
}
