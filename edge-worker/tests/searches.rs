//! What of an address is a question to the origin, and how often the origin is asked it. An origin of the test's own stands
//! where the stack's was, and counts.

use std::sync::{
    Arc, Mutex,
    atomic::{AtomicUsize, Ordering},
};

use stanchion_stage::{Edge, part, refusal, unique, variable};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
    task::JoinHandle,
};

/// What has reached the origin.
#[derive(Default)]
struct Origin {
    count: AtomicUsize,
    targets: Mutex<Vec<String>>,
}

/// Listens where the stack's origin did, until the task is aborted.
async fn counting_origin() -> (Arc<Origin>, JoinHandle<()>) {
    let address = variable("STANCHION_ORIGIN_URL").replace("http://", "");
    let (origin, listener) = (Arc::new(Origin::default()), TcpListener::bind(address).await.unwrap());
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
            // The edge looks up other things of the origin's besides.
            if target.starts_with("/api/v1/events") {
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

/// Of a hundred requests one asks; others if answers are forgotten, or instances begin anew meanwhile.
const A_HANDFUL: usize = 10;

/// One test: the origin is one.
#[tokio::test]
async fn random_parameters_are_no_questions_and_the_origin_is_asked_what_it_knows() {
    part("stop", "origin").await;
    let (origin, listening) = counting_origin().await;
    let judged = tokio::spawn(questions_are_counted(origin)).await;
    // Whatever came of it: other tests need the stack's own origin.
    listening.abort();
    let _ = listening.await;
    part("start", "origin").await;
    judged.unwrap();
}

async fn questions_are_counted(origin: Arc<Origin>) {
    let edge = Edge::new();
    let words = unique("words");
    let event = format!("/api/v1/events/{}", unique("event"));
    let (search, named) = (
        format!("/api/v1/events?q={words}"),
        format!("/api/v1/events?utm_source={words}&%71={words}"),
    );
    for (path, sign) in [(search, '&'), (named, '&'), (event, '?')] {
        let before = origin.count.load(Ordering::Relaxed);
        for number in 0..100 {
            let answer = edge.get(&format!("{path}{sign}{}={number}", unique("x"))).await;
            assert_eq!(answer.status().as_u16(), 200, "{path}");
        }
        let asked = origin.count.load(Ordering::Relaxed) - before;
        assert!(asked <= A_HANDFUL, "{path}: {asked}");
    }
    let targets = origin.targets.lock().unwrap().clone();
    assert!(
        targets.contains(&format!("/api/v1/events?q={}", words.replace('-', "%2D"))),
        "{targets:?}"
    );
    assert!(
        !targets
            .iter()
            .any(|target| target.contains("utm") || target.contains("x-")),
        "{targets:?}"
    );

    let before = origin.count.load(Ordering::Relaxed);
    for (query, expected) in [
        (format!("q={}", "x".repeat(201)), (422, "invalid_field")),
        ("q=a&q=b".to_owned(), (400, "malformed_query")),
        ("q=%ff".to_owned(), (400, "malformed_query")),
    ] {
        let (status, word) = refusal(edge.get(&format!("/api/v1/events?{query}")).await).await;
        assert_eq!((status, word.as_str()), expected, "{query:.20}");
    }
    assert_eq!(origin.count.load(Ordering::Relaxed), before);
    let longest = edge.get(&format!("/api/v1/events?q={}", "x".repeat(200))).await;
    assert_eq!(longest.status().as_u16(), 200);
}
