//! How many requests were sent, and which of them again.

use std::{
    collections::BTreeMap,
    sync::{
        Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

/// Shared by all clients of a crowd.
#[derive(Debug, Default)]
pub struct RequestCounts {
    sent: AtomicU64,
    retries: Mutex<BTreeMap<String, u64>>,
}

impl RequestCounts {
    /// One more request was sent, every attempt counted.
    pub fn count_sent(&self) {
        self.sent.fetch_add(1, Ordering::Relaxed);
    }

    /// A request is sent again, because of `why`; the fan saw nothing but a delay.
    pub fn count_retry(&self, why: String) {
        *self.retries.lock().expect("no holder panics").entry(why).or_default() += 1;
    }

    /// Requests sent so far.
    pub fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// Retries by reason.
    pub fn retries(&self) -> BTreeMap<String, u64> {
        self.retries.lock().expect("no holder panics").clone()
    }
}
