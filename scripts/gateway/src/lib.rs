//! A payment gateway for local use, in a process of its own, that speaks the subset of Stripe's PaymentIntents API the
//! origin uses. It moves no money and keeps everything in memory; it outlives an origin that is killed, and that is what
//! it is for.
//!
//! The way of a request that changes something:
//!
//! - [`http`] lists the routes, [`auth`] checks the secret key, [`params`] reads the form;
//! - [`execution`] leads it past [`idempotency`] and [`faults`] and sends or loses the answer ([`connection`]);
//! - [`command`] is the request once it is valid; [`ledger`] holds what commands change: [`intent`], [`refund`];
//! - [`error`] and [`view`] are Stripe's shapes of what comes back; [`listing`] and [`search`] are the reads;
//! - [`cards`] are Stripe's test payment methods, [`money`] its limits of amounts, [`metadata`] those of metadata.
//!
//! [`control`] is not Stripe's: faults on request, and the whole ledger for invariant checks.

pub mod auth;
pub mod cards;
pub mod command;
pub mod connection;
pub mod control;
pub mod error;
pub mod execution;
pub mod faults;
pub mod http;
pub mod idempotency;
pub mod identity;
pub mod intent;
pub mod ledger;
pub mod listing;
pub mod metadata;
pub mod money;
pub mod params;
pub mod refund;
pub mod search;
pub mod view;

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard};

use tokio::net::TcpListener;

pub use auth::SecretKey;
use connection::{Line, Lines};
use faults::Faults;
use idempotency::Keys;
use identity::Identities;
use ledger::Ledger;

/// Everything a running gateway holds. Shared by all requests.
///
/// One mutex each, held for microseconds and never across an await: at the few thousand requests a second one machine
/// makes, finer locks would buy nothing.
#[derive(Debug)]
pub struct Gateway {
    pub(crate) secret_key: SecretKey,
    pub(crate) identities: Identities,
    pub(crate) keys: Arc<Keys>,
    faults: Mutex<Faults>,
    ledger: Mutex<Ledger>,
}

impl Gateway {
    /// An empty gateway that answers to `secret_key`.
    #[must_use]
    pub fn new(secret_key: SecretKey) -> Self {
        Self {
            secret_key,
            identities: Identities::new(),
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

/// A poisoned lock means a bug panicked mid-change; money that may be half booked must not be served.
pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().expect("no holder of this lock panics")
}

/// Serves `gateway` on `listener` until `stop` completes, then finishes the requests in progress.
///
/// # Errors
/// Those of the listener.
pub async fn serve(
    listener: TcpListener,
    gateway: Gateway,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = http::router(Arc::new(gateway)).into_make_service_with_connect_info::<Line>();
    axum::serve(Lines::new(listener), service)
        .with_graceful_shutdown(stop)
        .await
}
