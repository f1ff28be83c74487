//! Which parts of an address are a question to the origin, and how often the origin is asked. A counting origin
//! stands in for the stack's.
//! Breaks: the origin, which it stops.

use std::sync::{Arc, atomic::Ordering};

use stanchion_harness::{Edge, refusal, unique, variable};

use super::counting_origin::{CountingOrigin, in_place_of_the_origin};

/// Of a hundred requests one asks; others if answers are forgotten, or instances begin anew meanwhile.
const A_HANDFUL: usize = 10;
/// On Spin each instance asks once. As many are there as requests were answered at once before, by
/// another test, and new ones follow those that have lived long enough.
const ON_SPIN: usize = 32;

/// One test: the origin is one.
#[tokio::test]
async fn random_parameters_are_no_questions_and_the_origin_is_asked_what_it_knows() {
    in_place_of_the_origin(questions_are_counted).await;
}

async fn questions_are_counted(origin: Arc<CountingOrigin>) {
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
        let most = if variable("STANCHION_STACK_RUNTIME") == "spin" {
            ON_SPIN
        } else {
            A_HANDFUL
        };
        assert!(asked <= most, "{path}: {asked}");
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
