//! Answers that need time to pass: an origin that has fallen silent, a draw without fans, a queue that has ended.

use stanchion_harness::{Edge, Event, Fan, now, release};
use stanchion_shared::{
    ids::ShardCount,
    schedule::{LEASE_MS, Rate},
    snapshot::Phase,
    wire::PutRelease,
};

use super::{
    control::{event, put, put_release},
    transcript::Transcript,
    waiting::until,
};

/// After so many windows of a second a queue has ended: it began two weeks ago.
const TWO_WEEKS_MS: u64 = 14 * 24 * 3_600 * 1_000;

/// An event whose on-sale has begun, and a fan who has joined in a window after it.
pub(crate) struct Begun {
    event: Event,
    fan: Fan,
    ticket: String,
}

/// Begins an event that waits while the other requests are made.
pub(crate) async fn begin(edge: &Edge, transcript: &mut Transcript) -> Begun {
    let mut event = event(transcript, "stop", 0);
    event.put.settings.on_sale_time = now().minus(10_000);
    event.put.settings.shards = ShardCount::new(1).unwrap();
    put(edge, transcript, "an event whose on-sale has begun", &mut event).await;
    let short = PutRelease {
        rate_per_second: Rate::from_milli(1),
        lease_ms: LEASE_MS.least,
        ..release(0, 0)
    };
    put_release(edge, transcript, "a short lease", &mut event, short).await;
    let fan = edge.fan_named(&format!("{}-stop", transcript.run()));
    let ticket = edge.join(&event.id, &fan).await.queue_token;
    Begun { event, fan, ticket }
}

pub(crate) async fn ask(edge: &Edge, transcript: &mut Transcript, Begun { event, fan, ticket }: Begun) {
    until(edge, &event, |queue| {
        queue.phase == Phase::Stopped && queue.draws_closed == 1
    })
    .await;
    let queue = edge.get(&format!("/api/v1/events/{}/queue", event.id)).await;
    transcript.note("the queue after the lease", queue).await;
    let status = edge.status_response(Some(&fan), &ticket).await;
    transcript.note("status after the lease", status).await;
    for what in ["draws/0", "draws/0/shards/0"] {
        let answer = edge.get(&format!("/api/v1/events/{}/{what}", event.id)).await;
        transcript.note(&format!("{what}, in which nobody was"), answer).await;
    }
    ended(edge, transcript).await;
}

async fn ended(edge: &Edge, transcript: &mut Transcript) {
    let mut event = event(transcript, "ended", 0);
    event.put.settings.on_sale_time = now().minus(TWO_WEEKS_MS);
    put(edge, transcript, "an event that has ended", &mut event).await;
    let fan = edge.fan_named(&format!("{}-ended", transcript.run()));
    let captcha = edge.solved(&event.id, &fan).await;
    let refused = edge.join_with(&event.id, &fan, &captcha).await;
    transcript.note("a join when the queue has ended", refused).await;
    let queue = edge.get(&format!("/api/v1/events/{}/queue", event.id)).await;
    transcript.note("the queue that has ended", queue).await;
}
