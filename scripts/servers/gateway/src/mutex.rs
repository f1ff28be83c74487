//! Locks of the gateway.

use std::sync::{Mutex, MutexGuard};

/// A poisoned lock means a bug panicked mid-change; money that may be half booked must not be served.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock panics")
}
