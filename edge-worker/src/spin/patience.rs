//! Waiting for something outside, but not for ever.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};

/// The answer, or `None` if it took longer than `patience`; it is not waited for any more then.
pub(super) async fn within<T>(patience: Duration, asked: impl Future<Output = T>) -> Option<T> {
    match select(pin!(asked), pin!(spin_sdk::time::sleep(patience))).await {
        Either::Left((answered, _)) => Some(answered),
        Either::Right(((), _)) => None,
    }
}
