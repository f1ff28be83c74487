//! The control API: what the origin is answered, and what it is refused.

use reqwest::Method;
use serde_json::{Value, json};
use stanchion_harness::{Edge, Event, now, release};
use stanchion_shared::{
    ids::{EventId, ShardCount},
    schedule::LEASE_MS,
    wire::{PutEvent, PutRelease},
};

use super::{raw::Raw, surface::get, transcript::Transcript};

/// An event of this run whose versions count from 1, so that they can be written down.
pub(crate) fn event(transcript: &Transcript, name: &str, on_sale_in_ms: u64) -> Event {
    let mut event = Event::on_sale_in(on_sale_in_ms);
    event.id = EventId::parse(&format!("{}-{name}", transcript.run())).unwrap();
    event.put.version = 1;
    event
}

/// Puts the event's next version.
pub(crate) async fn put(edge: &Edge, transcript: &mut Transcript, asked: &str, event: &mut Event) {
    event.put.version += 1;
    transcript.note(asked, edge.put_event(event).await).await;
}

/// Puts a release with the event's next version.
pub(crate) async fn put_release(
    edge: &Edge,
    transcript: &mut Transcript,
    asked: &str,
    event: &mut Event,
    release: PutRelease,
) {
    event.put.version += 1;
    let release = PutRelease {
        version: event.put.version,
        ..release
    };
    transcript.note(asked, edge.put_release(event, &release).await).await;
}

pub(crate) async fn ask(edge: &Edge, transcript: &mut Transcript) {
    let mut event = event(transcript, "control", 50_000);
    let early = edge.put_release(&event, &release(1, 1)).await;
    transcript.note("a release of an event that is not there", early).await;
    unsigned(edge, transcript, &event).await;
    out_of_range(edge, transcript, &event).await;
    put(edge, transcript, "an event", &mut event).await;
    let again = edge.put_event(&event).await;
    transcript.note("the same version again", again).await;
    changed(edge, transcript, &event).await;
    moved(edge, transcript).await;
    event.put.settings.name = "Another <name> & \"café\"".to_owned();
    put(edge, transcript, "another name", &mut event).await;
    put_release(edge, transcript, "a release", &mut event, release(0, 0)).await;
    for lease_ms in [LEASE_MS.least - 1, LEASE_MS.most + 1] {
        let asked = format!("a lease of {lease_ms} ms");
        let refused = PutRelease {
            lease_ms,
            ..release(0, 5)
        };
        put_release(edge, transcript, &asked, &mut event, refused).await;
    }
    let stale = edge.put_release(&event, &release(1, 1)).await;
    transcript.note("an old release", stale).await;

    let path = format!("/api/v1/control/events/{}", event.id);
    let stats = edge.control(Method::GET, &format!("{path}/stats"), &Value::Null).await;
    transcript.note("stats", stats).await;
    for what in ["queue", "schedule", "draws/0", "draws/0/shards/0"] {
        let path = format!("/api/v1/events/{}/{what}", event.id);
        transcript.note(&format!("its {what}"), edge.get(&path).await).await;
    }
    get(edge, transcript, "/api/v1/events/no-such-event-either/queue").await;
}

async fn unsigned(edge: &Edge, transcript: &mut Transcript, event: &Event) {
    let path = format!("/api/v1/control/events/{}", event.id);
    let body = serde_json::to_value(&event.put).unwrap();
    let unsigned = Raw::new("PUT", &path).json(serde_json::to_vec(&body).unwrap());
    transcript
        .note("a put without a signature", unsigned.send(&edge.url).await)
        .await;
    for (asked, time) in [
        ("a put of half a minute ago", now().minus(31_000)),
        ("a put from the future", now().plus(31_000)),
    ] {
        let answer = edge.control_at(time, Method::PUT, &path, &body).await;
        transcript.note(asked, answer).await;
    }
}

async fn out_of_range(edge: &Edge, transcript: &mut Transcript, event: &Event) {
    let path = format!("/api/v1/control/events/{}", event.id);
    let valid = serde_json::to_value(&event.put).unwrap();
    for (field, value) in [
        ("draw_window_ms", json!(999)),
        ("turn_ms", json!(9_999)),
        ("shopping_ms", json!(3_600_001)),
        ("challenge_max_number", json!(999)),
        ("shards", json!(3)),
        ("name", json!("")),
        ("name", json!("x".repeat(201))),
        ("on_sale_time", json!("tomorrow")),
        ("version", json!(-1)),
        ("more", json!(1)),
    ] {
        let mut body = valid.clone();
        let shown: String = value.to_string().chars().take(12).collect();
        body[field] = value;
        let answer = edge.control(Method::PUT, &path, &body).await;
        transcript.note(&format!("{field} {shown}"), answer).await;
    }
}

/// More than a minute before the on-sale, and somebody has joined.
async fn moved(edge: &Edge, transcript: &mut Transcript) {
    let mut event = event(transcript, "moved", 3_600_000);
    put(edge, transcript, "an event in an hour", &mut event).await;
    event.put.settings.on_sale_time = event.put.settings.on_sale_time.plus(1);
    put(
        edge,
        transcript,
        "another on-sale time when nobody has joined",
        &mut event,
    )
    .await;
    let fan = edge.fan_named(&format!("{}-moved", transcript.run()));
    edge.join(&event.id, &fan).await;
    event.put.settings.on_sale_time = event.put.settings.on_sale_time.plus(1);
    put(
        edge,
        transcript,
        "another on-sale time when somebody has joined",
        &mut event,
    )
    .await;
}

/// Less than a minute before the on-sale.
async fn changed(edge: &Edge, transcript: &mut Transcript, event: &Event) {
    type Change = fn(&mut PutEvent);
    let changes: [(&str, Change); 3] = [
        ("another number of shards", |put| {
            put.settings.shards = ShardCount::new(8).unwrap()
        }),
        ("another on-sale time", |put| {
            put.settings.on_sale_time = put.settings.on_sale_time.plus(1)
        }),
        ("another window", |put| put.settings.draw_window_ms += 1),
    ];
    for (asked, change) in changes {
        let mut put = event.put.clone();
        put.version += 1;
        change(&mut put);
        let changed = Event {
            id: event.id.clone(),
            put,
        };
        transcript.note(asked, edge.put_event(&changed).await).await;
    }
}
