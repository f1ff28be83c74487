//! A payment gateway for local use, in a process of its own. It speaks the subset of Stripe's
//! PaymentIntents API that the origin uses, moves no money and keeps everything in memory. Its
//! purpose is to outlive an origin that is killed.
//!
//! # Layout In the order in which a request that changes something meets them: - [`http`] lists the
//! routes, [`auth`] checks the secret key, [`params`] reads the form. - [`execution`] leads it past
//! [`idempotency`] and [`faults`], and sends the [`response`] or loses it ([`connection`]). -
//! [`command`] is the request once it is valid. [`ledger`] holds what commands change: [`intent`],
//! [`refund`]. - [`error`] and [`view`] are Stripe's shapes of what comes back. [`listing`] and
//! [`search`] are the reads. - [`cards`] are Stripe's test payment methods, [`money`] its limits of
//! amounts, [`metadata`] those of metadata.
//!
//! [`gateway`] is what a running gateway holds. [`control`] is not Stripe's: faults on request, and
//! the whole ledger for the check of the invariants.

pub mod auth;
pub mod cards;
pub mod command;
pub mod connection;
pub mod control;
pub mod error;
pub mod execution;
pub mod faults;
pub mod gateway;
pub mod http;
pub mod idempotency;
pub mod ids;
pub mod intent;
pub mod ledger;
pub mod listing;
pub mod metadata;
pub mod money;
mod mutex;
pub mod params;
pub mod refund;
pub mod response;
pub mod search;
pub mod view;

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use tokio::net::TcpListener;

pub use auth::SecretKey;
use connection::{ConnectionHandle, CuttableListener};
pub use gateway::Gateway;

/// Serves `gateway` on `listener` until `stop` completes, then finishes the requests in progress.
///
/// # Errors
/// Those of the listener.
pub fn serve(
    listener: TcpListener,
    gateway: Gateway,
    stop: impl Future<Output = ()> + Send + 'static,
) -> Pin<Box<dyn Future<Output = std::io::Result<()>> + Send>> {
    // Boxed and not generic: so it is compiled with this crate, and not again with each program
    // that serves.
    Box::pin(serve_until(listener, gateway, Box::pin(stop)))
}

async fn serve_until(
    listener: TcpListener,
    gateway: Gateway,
    stop: Pin<Box<dyn Future<Output = ()> + Send>>,
) -> std::io::Result<()> {
    let service = http::router(Arc::new(gateway)).into_make_service_with_connect_info::<ConnectionHandle>();
    axum::serve(CuttableListener::new(listener), service)
        .with_graceful_shutdown(stop)
        .await
}
