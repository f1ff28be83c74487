//! Waiting until an answer depends on nothing but what was asked before.

use std::time::Duration;

use stanchion_harness::{Edge, Event, now};
use stanchion_shared::{schedule::EFFECT_DELAY_MS, wire::QueueAnswer};

const PATIENCE_MS: u64 = 30_000;
const EVERY: Duration = Duration::from_millis(100);

/// Waits until the queue is as wanted, and then until nobody at the edge knows an older one.
pub(crate) async fn until(edge: &Edge, event: &Event, wanted: impl Fn(&QueueAnswer) -> bool) {
    let deadline = now().plus(PATIENCE_MS);
    loop {
        let queue = edge.queue(&event.id).await;
        if wanted(&queue) {
            break;
        }
        assert!(now() < deadline, "the queue is still {queue:?}");
        tokio::time::sleep(EVERY).await;
    }
    // By now the put is in force, and every snapshot without it is too old to be used.
    tokio::time::sleep(Duration::from_millis(EFFECT_DELAY_MS + 300)).await;
}
