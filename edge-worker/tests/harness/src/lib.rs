//! What the end-to-end tests stand on: a running edge, reached over HTTP only, and the keys to act as origin and as fans.
//!
//! Nothing in here knows which runtime answers. `scripts/stack/run -- cargo test …` sets the variables.

mod answers;
pub mod beacon;
mod control;
mod event;
mod fans;
mod part;
mod public;

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use stanchion_shared::{ids::Bytes32, jose::SigningKeys, schedule::EFFECT_DELAY_MS, timestamp::UnixMillis};

pub use answers::{read, refusal};
pub use event::{Event, release};
pub use fans::Fan;
pub use part::part;

/// A variable that `scripts/stack/run` sets.
///
/// # Panics
/// It is not set: a suite that cannot reach its edge must fail, not pass.
#[must_use]
pub fn variable(name: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run this inside scripts/stack/run -- …"))
}

/// This machine's clock, which the edge under test shares.
#[must_use]
pub fn now() -> UnixMillis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).expect("after 1970");
    UnixMillis(since.as_millis() as u64)
}

/// A name that no other test, and no earlier run against the same edge, uses.
pub fn unique(prefix: &str) -> String {
    static COUNTER: AtomicU64 = AtomicU64::new(0);
    format!(
        "{prefix}-{}-{}-{}",
        now().0,
        std::process::id(),
        COUNTER.fetch_add(1, Ordering::Relaxed)
    )
}

/// Waits until every instance of the edge knows what one has told: each has its own snapshot, and none goes on with an
/// older one for longer than this.
pub async fn until_effective() {
    tokio::time::sleep(Duration::from_millis(EFFECT_DELAY_MS + 100)).await;
}

/// The running edge.
pub struct Edge {
    /// Without a slash at the end.
    pub url: String,
    /// Every request has a connection of its own: workerd closes one that is idle for five seconds, also if the next request is
    /// on it already and the edge had no time to look.
    pub http: reqwest::Client,
    control_key: Bytes32,
    account_keys: SigningKeys,
    account_issuer: String,
}

impl Default for Edge {
    fn default() -> Self {
        Edge::new()
    }
}

impl Edge {
    /// The edge of the stack around this test.
    #[must_use]
    pub fn new() -> Edge {
        Edge {
            url: variable("STANCHION_EDGE_URL"),
            http: reqwest::Client::builder()
                .timeout(Duration::from_secs(20))
                .pool_max_idle_per_host(0)
                .build()
                .unwrap(),
            control_key: Bytes32::parse(&variable("STANCHION_CONTROL_KEY")).unwrap(),
            account_keys: SigningKeys::parse(&variable("STANCHION_ACCOUNT_SIGNING_KEYS")).unwrap(),
            account_issuer: variable("STANCHION_ACCOUNT_ISSUER"),
        }
    }
}
