//! The way of a fan in every phase: drawn, waiting, paused, shopping, expired, sold out; record, log and schedule; the gate
//! with a shop token.

use std::time::Duration;

use stanchion_harness::{Edge, Event, Fan, now, release};
use stanchion_shared::{
    ids::ShardCount,
    schedule::Rate,
    snapshot::Phase,
    timestamp::UnixMillis,
    wire::{JoinAnswer, PutRelease, QueueStatus, StatusAnswer},
};

use super::{
    control::{event, put, put_release},
    raw::Raw,
    transcript::Transcript,
    waiting::until,
};

const FANS: u64 = 4;
/// A fan who joins after the on-sale stays in the draw of that window for the whole test.
const WINDOW_MS: u64 = 60_000;
/// Long enough for all that is asked while a turn may be claimed.
const TURN_MS: u64 = 15_000;
/// From the event's first put to its on-sale: time for four fans to join.
const JOINING_MS: u64 = 15_000;

pub(crate) async fn ask(edge: &Edge, transcript: &mut Transcript) {
    let mut event = event(transcript, "sale", JOINING_MS);
    // One shard: which one a fan comes to is chance.
    event.put.settings.shards = ShardCount::new(1).unwrap();
    event.put.settings.draw_window_ms = WINDOW_MS;
    event.put.settings.turn_ms = TURN_MS;
    put(edge, transcript, "an event in a moment with one shard", &mut event).await;
    let slow = PutRelease {
        rate_per_second: Rate::from_milli(1),
        ..release(0, 0)
    };
    put_release(edge, transcript, "a place in a thousand seconds", &mut event, slow).await;
    let mut fans = Vec::new();
    for number in 1..=FANS {
        let fan = edge.fan_named(&format!("{}-fan-{number}", transcript.run()));
        let joined = edge.join(&event.id, &fan).await;
        fans.push((fan, joined));
    }
    assert!(
        now() < event.put.settings.on_sale_time,
        "this machine is too slow for JOINING_MS"
    );
    until(edge, &event, |queue| queue.draws_closed == 1).await;
    let joined: Vec<String> = fans.iter().map(|(fan, _)| fan.subject.clone()).collect();
    let fans = by_place(edge, fans).await;
    for (place, (fan, _)) in (1..).zip(&fans) {
        transcript.mark_as_drawn(fan.subject.clone(), &format!("<fan with place {place}>"));
    }
    let number = joined.iter().position(|subject| *subject == fans[0].0.subject).unwrap();

    drawn(edge, transcript, &event, &fans[0], number).await;
    let late = edge.fan_named(&format!("{}-late", transcript.run()));
    let late_ticket = join(edge, transcript, &event, "a join after the on-sale", &late).await;
    status(edge, transcript, "status in a later draw", &late, &late_ticket).await;
    let paused = PutRelease {
        paused: true,
        ..release(0, 5)
    };
    put_release(edge, transcript, "a pause", &mut event, paused).await;
    until(edge, &event, |queue| queue.paused && queue.joined == FANS + 1).await;
    status(edge, transcript, "status in a pause", &fans[0].0, &fans[0].1).await;
    queue(edge, transcript, "the queue in a pause", &event).await;

    put_release(edge, transcript, "all turns at once", &mut event, release(0, 1_000)).await;
    until(edge, &event, |queue| queue.served == FANS).await;
    let served = now();
    queue(edge, transcript, "the queue when all are served", &event).await;
    let session = turn(edge, transcript, &fans, &late).await;
    super::origin::with_session(edge, transcript, &event, &session).await;
    over(edge, transcript, &event, &fans, served, &session).await;
    sold_out(edge, transcript, &mut event, &fans, (&late, &late_ticket)).await;
}

/// The fans with the tickets that know their places, in the order of their places, which is chance.
async fn by_place(edge: &Edge, fans: Vec<(Fan, JoinAnswer)>) -> Vec<(Fan, String)> {
    let mut placed = Vec::new();
    for (fan, joined) in fans {
        let told = edge.status(&fan, &joined.queue_token).await;
        placed.push((told.position.expect("drawn"), fan, told.queue_token));
    }
    placed.sort_unstable_by_key(|(place, ..)| *place);
    placed.into_iter().map(|(_, fan, ticket)| (fan, ticket)).collect()
}

/// `number` is the first place's, in the order in which they joined.
async fn drawn(edge: &Edge, transcript: &mut Transcript, event: &Event, (fan, ticket): &(Fan, String), number: usize) {
    queue(edge, transcript, "the queue after the draw", event).await;
    for what in [
        "draws/0",
        "draws/0/shards/0",
        "draws/0/shards/1",
        "draws/1",
        "draws",
        "schedule",
        "schedule/0",
        "schedule/1",
    ] {
        let answer = edge.get(&format!("/api/v1/events/{}/{what}", event.id)).await;
        transcript.note(&format!("{what} after the draw"), answer).await;
    }
    status(edge, transcript, "status of the first place", fan, ticket).await;
    transcript.mark_as_drawn(format!(r#""number":{number},"#), r#""number":<as joined>,"#);
    join(edge, transcript, event, "a join again after the draw", fan).await;
    transcript.unmark_last();
}

/// The first place claims, the second claims, the others do not.
async fn turn(edge: &Edge, transcript: &mut Transcript, fans: &[(Fan, String)], stranger: &Fan) -> StatusAnswer {
    let (fan, ticket) = &fans[0];
    let anonymous = edge.status_response(None, ticket).await;
    transcript.note("a turn without an account", anonymous).await;
    let strange = edge.status_response(Some(stranger), ticket).await;
    transcript.note("somebody else's turn", strange).await;
    let first = status(edge, transcript, "a turn", fan, ticket).await;
    status(edge, transcript, "a turn that was claimed", fan, ticket).await;
    let (fan, ticket) = &fans[1];
    let claimed = edge.status_until(fan, ticket, &[QueueStatus::YourTurn]).await;
    assert!(claimed.shop_token.is_some());
    first
}

async fn over(
    edge: &Edge,
    transcript: &mut Transcript,
    event: &Event,
    fans: &[(Fan, String)],
    served: UnixMillis,
    session: &StatusAnswer,
) {
    let (fan, ticket) = &fans[0];
    let left = edge.leave(fan, ticket).await;
    transcript.note("leave with a session", left).await;
    join(edge, transcript, event, "a join after a session that was left", fan).await;
    let stale = edge.leave(fan, ticket).await;
    transcript.note("leave with a ticket that was replaced", stale).await;

    tokio::time::sleep(Duration::from_millis(served.plus(TURN_MS).since(now()))).await;
    let (fan, ticket) = &fans[1];
    status(edge, transcript, "status after the shopping window", fan, ticket).await;
    super::origin::with_expired_session(edge, transcript, session).await;
    let (fan, ticket) = &fans[2];
    status(edge, transcript, "status after a turn that nobody claimed", fan, ticket).await;
    join(edge, transcript, event, "a join after a turn that nobody claimed", fan).await;
}

async fn sold_out(
    edge: &Edge,
    transcript: &mut Transcript,
    event: &mut Event,
    fans: &[(Fan, String)],
    (late, late_ticket): (&Fan, &str),
) {
    let release = PutRelease {
        sold_out: true,
        ..release(0, 0)
    };
    put_release(edge, transcript, "sold out", event, release).await;
    // Those who were served, who came late, and two who joined again.
    until(edge, event, |queue| {
        queue.phase == Phase::SoldOut && queue.joined == FANS + 3
    })
    .await;
    queue(edge, transcript, "the queue when all is sold", event).await;
    status(edge, transcript, "status when all is sold", late, late_ticket).await;
    status(
        edge,
        transcript,
        "a turn that nobody claimed, when all is sold",
        &fans[3].0,
        &fans[3].1,
    )
    .await;
    let newcomer = edge.fan_named(&format!("{}-newcomer", transcript.run()));
    let captcha = edge.solved(&event.id, &newcomer).await;
    let refused = edge.join_with(&event.id, &newcomer, &captcha).await;
    transcript.note("a join when all is sold", refused).await;
    join(
        edge,
        transcript,
        event,
        "a join of who holds a ticket, when all is sold",
        late,
    )
    .await;
}

async fn queue(edge: &Edge, transcript: &mut Transcript, asked: &str, event: &Event) {
    let answer = Raw::new("GET", &format!("/api/v1/events/{}/queue", event.id));
    transcript.note(asked, answer.send(&edge.url).await).await;
}

async fn status(edge: &Edge, transcript: &mut Transcript, asked: &str, fan: &Fan, ticket: &str) -> StatusAnswer {
    let body = transcript
        .note(asked, edge.status_response(Some(fan), ticket).await)
        .await;
    serde_json::from_slice(&body).expect("a status")
}

async fn join(edge: &Edge, transcript: &mut Transcript, event: &Event, asked: &str, fan: &Fan) -> String {
    let captcha = edge.solved(&event.id, fan).await;
    let body = transcript
        .note(asked, edge.join_with(&event.id, fan, &captcha).await)
        .await;
    let joined: JoinAnswer = serde_json::from_slice(&body).expect("a join's answer");
    joined.queue_token
}
