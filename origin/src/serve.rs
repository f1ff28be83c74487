//! The running origin: the HTTP server and the loops beside it, until somebody asks it to stop.

use std::{future::Future, io, time::Duration};

use axum::serve::ListenerExt;
use tokio::{net::TcpListener, sync::oneshot, task::JoinSet, time::sleep};

use crate::{checkout, fans, http, inventory, keys, meter, reputation, state::SharedApp};

/// How long requests may finish after the process was asked to stop.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(25);

/// Serves until `shutdown` completes, then lets running requests finish for [`SHUTDOWN_GRACE`] and stops the loops.
///
/// # Errors
/// The listener fails, or a loop ends: better a restart than an origin that sells and does not meter.
pub async fn serve(
    app: SharedApp,
    listener: TcpListener,
    shutdown: impl Future<Output = ()> + Send + 'static,
) -> io::Result<()> {
    // Dropping the set stops the loops: each of them survives being stopped anywhere.
    let mut loops = JoinSet::new();
    loops.spawn(keys::keep_fresh(app.clone()));
    loops.spawn(meter::run(app.clone()));
    loops.spawn(reputation::keep_fresh(app.clone()));
    loops.spawn(inventory::sweep::sweep_forever(app.clone()));
    loops.spawn(fans::draw_forever(app.clone()));
    loops.spawn(checkout::recover_forever(app.clone()));

    let (stopping, stop) = oneshot::channel();
    let server = axum::serve(
        listener.tap_io(|stream| drop(stream.set_nodelay(true))),
        http::router(app),
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
    // The sender is dropped without a word only together with the server.
    if stop.await.is_ok() {
        sleep(SHUTDOWN_GRACE).await;
        tracing::warn!("some requests did not finish in time");
    } else {
        std::future::pending().await
    }
}
