//! Answers that need no event: pages, health, keys, and the refusals of each address.

use stanchion_harness::Edge;

use super::{raw::Raw, transcript::Transcript};

pub(crate) async fn ask(edge: &Edge, transcript: &mut Transcript) {
    for path in [
        "/",
        "/e/some-event",
        "/assets/style.css",
        "/assets/event.js",
        "/healthz",
        "/healthz?x=1",
        "/healthz?",
        "/.well-known/jwks.json",
        "/assets/nothing.js",
        "/nothing",
        "/healthz/",
        "/e/UPPER",
        "/api/v1/admin/events",
        "/api/v1/queue/status",
        "/api/v1/queue/status?token=nonsense",
        "/api/v1/queue/status?token=",
        "/api/v1/queue/challenge",
        "/api/v1/queue/challenge?event_id=no-such-event",
        "/api/v1/events/UPPER/queue",
        "/api/v1/events/no-such-event/queue",
        "/api/v1/events/no-such-event/schedule",
        "/api/v1/events/no-such-event/draws/0",
        "/api/v1/events/no-such-event/draws/0/shards/0",
        "/api/v1/events/no-such-event/draws/4294967296",
        "/api/v1/events/no-such-event/draws/-1",
        "/api/v1/events/no-such-event/draws/0/shards/65536",
        "/api/v1/control/events",
        "/api/v1/control/events/no-such-event",
        "/api/v1/control/events/no-such-event/stats",
    ] {
        get(edge, transcript, path).await;
    }
    wrong_methods(edge, transcript).await;
}

pub(crate) async fn get(edge: &Edge, transcript: &mut Transcript, path: &str) {
    let answer = Raw::new("GET", path).send(&edge.url).await;
    transcript.note(&format!("GET {path}"), answer).await;
}

async fn wrong_methods(edge: &Edge, transcript: &mut Transcript) {
    for (method, path) in [
        ("HEAD", "/healthz"),
        ("OPTIONS", "/healthz"),
        ("POST", "/healthz"),
        ("DELETE", "/"),
        ("PATCH", "/api/v1/cart"),
        ("PUT", "/api/v1/queue/status"),
        ("GET", "/api/v1/queue/join"),
        ("GET", "/api/v1/queue/leave"),
        ("POST", "/api/v1/events/some-event/queue"),
        ("DELETE", "/api/v1/control/events/some-event"),
        ("PUT", "/api/v1/control/events"),
        ("DELETE", "/api/v1/checkout"),
        ("GET", "/api/v1/sessions"),
        ("POST", "/nothing"),
    ] {
        let answer = Raw::new(method, path).send(&edge.url).await;
        transcript.note(&format!("{method} {path}"), answer).await;
    }
}
