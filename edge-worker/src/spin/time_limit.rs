//! Waiting for an answer from outside, with a limit.

use std::{pin::pin, time::Duration};

use futures_util::future::{Either, select};

/// The answer, or `None` if it took longer than `time_limit`; the wait is over then.
pub(super) async fn within<T>(time_limit: Duration, answer: impl Future<Output = T>) -> Option<T> {
    match select(pin!(answer), pin!(spin_sdk::time::sleep(time_limit))).await {
        Either::Left((answer, _)) => Some(answer),
        Either::Right(((), _)) => None,
    }
}
