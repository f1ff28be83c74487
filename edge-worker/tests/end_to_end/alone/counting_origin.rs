//! An origin that counts what reaches it, in place of the stack's.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use stanchion_harness::{part, variable};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::{JoinHandle, LocalSet, spawn_local},
};

/// The requests that have reached the origin.
#[derive(Default)]
pub(crate) struct CountingOrigin {
    pub(crate) count: AtomicUsize,
    pub(crate) targets: Mutex<Vec<String>>,
}

/// Runs `judge` while a counting origin listens where the stack's did. Whatever comes of it, the stack
/// has its own origin again.
pub(crate) async fn in_place_of_the_origin<F>(judge: impl FnOnce(Arc<CountingOrigin>) -> F)
where
    F: Future<Output = ()> + 'static,
{
    part("stop", "origin").await;
    let (origin, listening) = listen().await;
    // A task of its own, so that a failed assertion ends it and not this function.
    let local = LocalSet::new();
    let judged = local.run_until(async { spawn_local(judge(origin)).await }).await;
    listening.abort();
    let _ = listening.await;
    part("start", "origin").await;
    judged.unwrap();
}

/// Listens until the task is aborted.
async fn listen() -> (Arc<CountingOrigin>, JoinHandle<()>) {
    let address = variable("STANCHION_ORIGIN_URL").replace("http://", "");
    let listener = TcpListener::bind(address).await.unwrap();
    let origin = Arc::new(CountingOrigin::default());
    let counting = Arc::clone(&origin);
    let listening = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut head = [0; 4096];
            let length = stream.read(&mut head).await.unwrap_or(0);
            let head = String::from_utf8_lossy(&head[..length]).into_owned();
            let Some(target) = head.split(' ').nth(1) else {
                continue;
            };
            // The edge itself asks the origin for its table of addresses.
            if !target.starts_with("/api/v1/edge/") {
                counting.count.fetch_add(1, Ordering::Relaxed);
                counting.targets.lock().unwrap().push(target.to_owned());
            }
            let answer = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncache-control: public, max-age=5\r\n\
                          etag: \"one\"\r\ncontent-length: 2\r\nconnection: close\r\n\r\n{}";
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    (origin, listening)
}
