//! The edge's Redis restarted from an older copy of its data: who joined after the copy is told to join again, nobody else
//! is, and no place is given twice.
//! Breaks: the edge's Redis, which it kills and sets back.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use serde_json::Value;
use stanchion_harness::{Edge, Event, Fan, now, part, read, refusal, release, variable};
use stanchion_shared::{
    snapshot::Phase,
    wire::{JoinAnswer, QueueStatus},
};

/// Longer than an edge goes on with the snapshot it has, as every restore takes that is not a test.
const RESTORING: Duration = Duration::from_millis(2_500);
const FANS_EACH: usize = 10;
/// Time for everybody to join, lose the ticket in a restore, and join again.
const JOINING_MS: u64 = 40_000;

/// The folder in which the edge's Redis keeps acknowledged writes.
fn data() -> PathBuf {
    Path::new(&variable("STANCHION_STACK_DATA")).join("edge-redis/appendonlydir")
}

/// A copy as Redis's manual describes it: the files of the append-only log, while it is not being rewritten.
fn copy_files(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for file in fs::read_dir(from).unwrap() {
        let file = file.unwrap();
        fs::copy(file.path(), to.join(file.file_name())).unwrap();
    }
}

async fn restore(copy: &Path) {
    part("kill", "edge-redis").await;
    fs::remove_dir_all(data()).unwrap();
    copy_files(copy, &data());
    tokio::time::sleep(RESTORING).await;
    part("start", "edge-redis").await;
}

async fn join_all(edge: &Edge, event: &Event, fans: Vec<Fan>) -> Vec<(Fan, JoinAnswer)> {
    let mut joined = Vec::new();
    for fan in fans {
        let answer = edge.join(&event.id, &fan).await;
        joined.push((fan, answer));
    }
    joined
}

fn strangers(edge: &Edge) -> Vec<Fan> {
    (0..FANS_EACH).map(|_| edge.fan()).collect()
}

async fn assert_lost(edge: &Edge, lost: &[String]) {
    for ticket in lost {
        let answer = edge.status_response(None, ticket).await;
        assert_eq!(refusal(answer).await, (410, "ticket_lost".to_owned()));
    }
}

#[tokio::test]
async fn after_a_restart_from_an_older_copy_the_lost_are_told_to_join_again_and_no_place_is_given_twice() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(JOINING_MS).with_long_turns());
    edge.open(&event, 0).await;
    let kept = join_all(&edge, &event, strangers(&edge)).await;
    let copy = Path::new(&variable("STANCHION_STACK")).join("edge-redis-copy");
    copy_files(&data(), &copy);
    let lost = join_all(&edge, &event, strangers(&edge)).await;
    restore(&copy).await;

    for (fan, joined) in &kept {
        assert_eq!(
            edge.status(fan, &joined.queue_token).await.status,
            QueueStatus::PreQueue
        );
        assert_eq!(
            edge.join(&event.id, fan).await.queue_token,
            joined.queue_token,
            "who is in the copy has the ticket that they had"
        );
    }
    let (lost, tickets): (Vec<Fan>, Vec<String>) =
        lost.into_iter().map(|(fan, joined)| (fan, joined.queue_token)).unzip();
    assert_lost(&edge, &tickets).await;

    // In the same draw as everybody.
    let mut alive = kept;
    alive.extend(join_all(&edge, &event, lost).await);
    alive.extend(join_all(&edge, &event, strangers(&edge)).await);
    assert!(now() < event.put.settings.on_sale_time, "this machine is too slow");
    tokio::time::sleep(Duration::from_millis(event.put.settings.on_sale_time.since(now()))).await;

    let mut places = BTreeSet::new();
    for (fan, joined) in &alive {
        let waiting = edge
            .status_until(fan, &joined.queue_token, &[QueueStatus::Waiting])
            .await;
        places.insert(waiting.position.expect("drawn"));
    }
    let everybody = alive.len() as u64;
    assert_eq!(places, (1..=everybody).collect(), "each place once");
    let signed = edge.record(&event.id, 0).await;
    let keys = edge.keys().await;
    signed
        .check(&keys, &edge.queue(&event.id).await.announcement(), None)
        .unwrap();
    let logs = edge.logs(&event.id, 0, event.put.settings.shards).await;
    signed.record.check_logs(event.put.settings.shards, &logs).unwrap();
    assert_eq!(signed.record.count(), everybody);

    // The lost tickets stay lost when the turns come; everybody else gets theirs.
    read::<Value>(edge.put_release(&event, &release(event.put.version + 2, 1_000)).await).await;
    for (fan, joined) in &alive {
        let turn = edge
            .status_until(fan, &joined.queue_token, &[QueueStatus::YourTurn])
            .await;
        assert!(turn.shop_token.is_some());
    }
    assert_lost(&edge, &tickets).await;
    assert_eq!(edge.queue(&event.id).await.phase, Phase::OnSale);
}
