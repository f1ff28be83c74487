//! The running origin: the HTTP server and the loops beside it, until the process is asked to stop.

use std::{future::Future, io, pin::Pin, time::Duration};

use axum::serve::ListenerExt;
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet, time::sleep};

use crate::{checkout, inventory, keys, reputation, routes, state::SharedApp, verified_fans};

/// How long requests may finish after the process was asked to stop.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(25);

/// Serves until `shutdown` completes, then lets running requests finish for [`SHUTDOWN_GRACE`] and
/// stops the loops.
///
/// # Errors
/// The listener fails, or a loop ends: a restart is better than an origin that sells and does not
/// meter.
pub fn serve(
    app: SharedApp,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> Pin<Box<dyn Future<Output = io::Result<()>> + Send>> {
    // Boxed and not generic: so all of it is compiled with this crate, and not again with each
    // program that serves.
    Box::pin(serve_until(app, listener, Box::pin(shutdown)))
}

async fn serve_until(
    app: SharedApp,
    listener: TcpListener,
    shutdown: Pin<Box<dyn Future<Output = ()> + Send>>,
) -> io::Result<()> {
    // Dropping the set stops the loops. Each of them may be stopped anywhere.
    let mut loops = JoinSet::new();
    loops.spawn(keys::keep_fresh(app.edge_keys.clone()));
    loops.spawn(app.meter().run());
    loops.spawn(reputation::keep_fresh(
        app.config.reputation_file.clone(),
        app.reputation.clone(),
    ));
    loops.spawn(inventory::expired_locks::remove_forever(app.inventory.clone()));
    loops.spawn(verified_fans::selection::finish_begun_forever(app.database.clone()));
    loops.spawn(checkout::recovery::recover_forever(app.checkout()));

    let (stopping, stop) = oneshot::channel();
    let server = axum::serve(
        listener.tap_io(|stream| drop(stream.set_nodelay(true))),
        routes::router(app),
    )
    .with_graceful_shutdown(async move {
        shutdown.await;
        let _ = stopping.send(());
    });
    tokio::select! {
        result = async { server.await } => result,
        () = grace_over(stop) => Ok(()),
        Some(ended) = loops.join_next() => {
            tracing::error!(?ended, "a loop beside the server has ended");
            Err(io::Error::other("a loop beside the server has ended"))
        }
    }
}

async fn grace_over(stop: oneshot::Receiver<()>) {
    // The sender is dropped without a message only together with the server.
    if stop.await.is_ok() {
        sleep(SHUTDOWN_GRACE).await;
        tracing::warn!("some requests did not finish in time");
    } else {
        std::future::pending().await
    }
}
