//! What a running gateway holds.

use std::sync::{Arc, Mutex, MutexGuard};

use crate::auth::SecretKey;
use crate::faults::Faults;
use crate::idempotency::IdempotencyKeys;
use crate::ids::Serials;
use crate::ledger::Ledger;
use crate::mutex::lock;

/// Everything a running gateway holds. Shared by all requests.
///
/// One mutex each, held for microseconds and never across an await: at the few thousand requests a second one machine
/// makes, finer locks would buy nothing.
#[derive(Debug)]
pub struct Gateway {
    pub(crate) secret_key: SecretKey,
    pub(crate) serials: Serials,
    pub(crate) keys: Arc<IdempotencyKeys>,
    faults: Mutex<Faults>,
    ledger: Mutex<Ledger>,
}

impl Gateway {
    /// An empty gateway that answers to `secret_key`.
    #[must_use]
    pub fn new(secret_key: SecretKey) -> Self {
        Self {
            secret_key,
            serials: Serials::new(),
            keys: Arc::default(),
            faults: Mutex::default(),
            ledger: Mutex::default(),
        }
    }

    pub(crate) fn ledger(&self) -> MutexGuard<'_, Ledger> {
        lock(&self.ledger)
    }

    pub(crate) fn faults(&self) -> MutexGuard<'_, Faults> {
        lock(&self.faults)
    }
}
