//! Before the on-sale: challenge, join, join again, leave, and how each refuses.

use serde_json::json;
use stanchion_harness::{Edge, Event, Fan, release};
use stanchion_shared::{ids::ShardCount, proof_of_work, wire::JoinAnswer};

use super::{
    control::{event, put, put_release},
    raw::Raw,
    surface::get,
    transcript::Transcript,
    waiting::until,
};

pub(crate) async fn ask(edge: &Edge, transcript: &mut Transcript) {
    let mut event = event(transcript, "early", 3_600_000);
    // One shard: which one a fan comes to is chance.
    event.put.settings.shards = ShardCount::new(1).unwrap();
    put(edge, transcript, "an event in an hour", &mut event).await;
    put_release(edge, transcript, "its release", &mut event, release(0, 0)).await;
    let fan = edge.fan_named(&format!("{}-early", transcript.run()));
    let stranger = edge.fan_named(&format!("{}-stranger", transcript.run()));

    let path = format!("/api/v1/queue/challenge?event_id={}", event.id);
    get(edge, transcript, "/api/v1/queue/challenge?event_id=UPPER").await;
    let nobody = Raw::new("GET", &path).send(&edge.url).await;
    transcript.note("a challenge for nobody", nobody).await;
    let challenge = Raw::new("GET", &path).bearer(&fan.token).send(&edge.url).await;
    transcript.note("a challenge", challenge).await;
    let joined = join(edge, transcript, &event, &fan, &stranger).await;
    status(edge, transcript, &joined, &fan, &stranger).await;
    leave(edge, transcript, &joined, &fan, &stranger).await;
    let again = edge.solved(&event.id, &fan).await;
    transcript
        .note("back after leaving", edge.join_with(&event.id, &fan, &again).await)
        .await;
    until(edge, &event, |queue| queue.joined == 1).await;
    let queue = edge.get(&format!("/api/v1/events/{}/queue", event.id)).await;
    transcript.note("the queue with one in it", queue).await;
}

async fn join(edge: &Edge, transcript: &mut Transcript, event: &Event, fan: &Fan, stranger: &Fan) -> JoinAnswer {
    let solved = edge.solved(&event.id, fan).await;
    for (asked, fan, captcha) in [
        ("a join without a captcha", fan, ""),
        ("a join with another captcha", fan, "bm9uc2Vuc2U="),
        ("a join with the captcha of somebody else", stranger, solved.as_str()),
    ] {
        transcript
            .note(asked, edge.join_with(&event.id, fan, captcha).await)
            .await;
    }
    let mut wrong = edge.challenge(&event.id, fan).await;
    wrong.challenge = proof_of_work::challenge_hash(&wrong.salt, wrong.maxnumber + 1);
    wrong.maxnumber += 1;
    let resigned = proof_of_work::solve(&wrong).expect("its number is the last");
    let refused = edge.join_with(&event.id, fan, &resigned).await;
    transcript.note("a join with a challenge of our own", refused).await;
    let long = json!({ "event_id": event.id, "device_fingerprint": "f".repeat(129), "captcha_token": solved });
    let request = Raw::new("POST", "/api/v1/queue/join").bearer(&fan.token);
    let refused = request.json(serde_json::to_vec(&long).unwrap()).send(&edge.url).await;
    transcript.note("a long fingerprint", refused).await;
    let signals = json!({ "event_id": event.id, "device_fingerprint": "", "captcha_token": solved,
        "signals": { "pointer": 1, "touch": 0, "key": 0, "assisted": 0, "intervals": 2, "mean_ms": 5, "deviation_ms": 1,
            "webdriver": false, "on_page_ms": 20 } });
    let request = Raw::new("POST", "/api/v1/queue/join").bearer(&fan.token);
    let refused = request
        .json(serde_json::to_vec(&signals).unwrap())
        .send(&edge.url)
        .await;
    transcript.note("signals that contradict themselves", refused).await;
    let passed =
        json!({ "event_id": event.id, "device_fingerprint": "f", "captcha_token": solved, "fan_pass": fan.token });
    let request = Raw::new("POST", "/api/v1/queue/join").bearer(&fan.token);
    let refused = request.json(serde_json::to_vec(&passed).unwrap()).send(&edge.url).await;
    transcript.note("a fan pass that is none", refused).await;
    let nobody = Raw::new("POST", "/api/v1/queue/join").json("{}").send(&edge.url).await;
    transcript.note("a join by nobody", nobody).await;

    let body = transcript
        .note("a join", edge.join_with(&event.id, fan, &solved).await)
        .await;
    let used = edge.join_with(&event.id, fan, &solved).await;
    transcript.note("the same captcha again", used).await;
    let another = edge.solved(&event.id, fan).await;
    transcript
        .note("a join again", edge.join_with(&event.id, fan, &another).await)
        .await;
    serde_json::from_slice(&body).expect("a join's answer")
}

async fn status(edge: &Edge, transcript: &mut Transcript, joined: &JoinAnswer, fan: &Fan, stranger: &Fan) {
    let ticket = &joined.queue_token;
    for (asked, fan) in [
        ("status before the on-sale", Some(fan)),
        ("status of a ticket without an account", None),
        ("status of somebody else's ticket before its turn", Some(stranger)),
    ] {
        transcript.note(asked, edge.status_response(fan, ticket).await).await;
    }
    let altered = format!("{}A", &ticket[..ticket.len() - 1]);
    let altered = if altered == *ticket {
        format!("{}E", &ticket[..ticket.len() - 1])
    } else {
        altered
    };
    transcript
        .note("an altered ticket", edge.status_response(Some(fan), &altered).await)
        .await;
    let answer = edge.get(&format!("/api/v1/queue/status?token={ticket}")).await;
    transcript.note("a ticket in the query", answer).await;
}

async fn leave(edge: &Edge, transcript: &mut Transcript, joined: &JoinAnswer, fan: &Fan, stranger: &Fan) {
    let ticket = &joined.queue_token;
    for (asked, fan, ticket) in [
        ("leave with nonsense", fan, "nonsense"),
        ("leave with somebody else's ticket", stranger, ticket.as_str()),
        ("leave", fan, ticket.as_str()),
        ("leave again", fan, ticket.as_str()),
    ] {
        transcript.note(asked, edge.leave(fan, ticket).await).await;
    }
    let answer = edge.status_response(Some(fan), ticket).await;
    transcript.note("status of a ticket that was given up", answer).await;
    let nobody = Raw::new("POST", "/api/v1/queue/leave").json("{}").send(&edge.url).await;
    transcript.note("leave by nobody", nobody).await;
}
