//! Two checks of a real closed draw agree with what the fan was told: `stanchion-verify`, and the Python program of the page
//! for experts, which shares no code with it.

mod liar;

use std::{path::Path, process::Command, sync::Arc};

use stanchion_harness::{Edge, beacon, now};
use stanchion_shared::wire::{JoinAnswer, QueueAnswer, QueueStatus};

/// Seconds from the event's first put to its on-sale: time to join beside other tests.
const JOINING_S: u64 = 15;

struct Ran {
    status: i32,
    out: String,
}

fn run(command: &mut Command) -> Ran {
    let ended = command.output().unwrap();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ran {
        status: ended.status.code().unwrap(),
        out: text(&ended.stdout) + &text(&ended.stderr),
    }
}

fn verify(edge_url: &str, receipt: &str, options: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stanchion-verify"));
    run(command.args([receipt, "--edge", edge_url]).args(options))
}

/// Debian's own Python, for which scripts/setup installs `cryptography`. With -O, which drops assertions: nothing may depend on them.
fn python(edge_url: &str, event: &str, draw: u32, receipt: &str) -> Ran {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/check_draw.py");
    let mut command = Command::new("/usr/bin/python3");
    let draw = draw.to_string();
    run(command.arg("-O").arg(program).args([edge_url, event, &draw, receipt]))
}

/// A file of this test, as a fan saves the queue's answer.
fn saved(name: &str, queue: &QueueAnswer) -> String {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("{}-{name}", queue.event_id));
    std::fs::write(&path, serde_json::to_vec(queue).unwrap()).unwrap();
    path.to_str().unwrap().to_owned()
}

/// The same with another last signature character but one: the last has unused bits.
fn forged(receipt: &str) -> String {
    let at = receipt.len() - 2;
    let other = if &receipt[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &receipt[..at], &receipt[at + 1..])
}

// The liar answers while this waits for a program.
#[tokio::test(flavor = "multi_thread")]
async fn a_place_is_verified_by_our_checker_and_by_python_and_a_lie_is_named() {
    let edge = Edge::new();
    let event_after = |joining_ms: u64| beacon::event_in(joining_ms / 1_000).with_long_turns();
    let (event, mut fans) = edge
        .before_on_sale(JOINING_S * 1_000, 100, event_after, async |event| {
            let mut fans = Vec::new();
            for _ in 0..5 {
                let fan = edge.fan();
                let joined = edge.join(&event.id, &fan).await;
                fans.push((fan, joined));
            }
            fans
        })
        .await;
    // A fan in a later draw, where the place depends on the record before.
    tokio::time::sleep(std::time::Duration::from_millis(
        event.put.settings.on_sale_time.since(now()) + 300,
    ))
    .await;
    let late = edge.fan();
    let joined = edge.join(&event.id, &late).await;
    fans.push((late, joined));
    let queue = edge.queue(&event.id).await;
    let (commitment, shards) = (hex::encode(queue.commitment.0), queue.shards);
    let saved_queue = saved("queue.json", &queue);
    let another = QueueAnswer {
        draw_window_ms: queue.draw_window_ms + 1,
        ..queue
    };
    let another_queue = saved("another-queue.json", &another);

    let mut places = Vec::new();
    for (
        fan,
        JoinAnswer {
            queue_token, receipt, ..
        },
    ) in &fans
    {
        let drawn = [QueueStatus::Waiting, QueueStatus::YourTurn];
        let told = edge.status_until(fan, queue_token, &drawn).await.position.unwrap();
        places.push(told);
        let verified = verify(
            &edge.url,
            receipt,
            &[
                "--place",
                &told.to_string(),
                "--commitment",
                &commitment,
                "--queue-at-join",
                &saved_queue,
            ],
        );
        assert_eq!(verified.status, 0, "{}", verified.out);
        assert!(
            verified.out.ends_with(&format!("everything holds: place {told}\n")),
            "{}",
            verified.out
        );
        let draw = stanchion_shared::verify::unverified(receipt).unwrap().draw;
        let checked = python(&edge.url, event.id.as_str(), draw, receipt);
        assert_eq!(checked.status, 0, "{}", checked.out);
        assert!(checked.out.ends_with(&format!("place {told}\n")), "{}", checked.out);
    }
    places.sort_unstable();
    assert_eq!(places, (1..=6).collect::<Vec<_>>());

    let (receipt, last) = (&fans[5].1.receipt, places[5]);
    let wrong_place = (last - 1).to_string();
    let somebody_else = "00".repeat(16);
    let other = "00".repeat(32);
    for (receipt, options, named) in [
        (receipt.clone(), vec!["--place", &wrong_place], "FAILS  place"),
        (receipt.clone(), vec!["--account-tag", &somebody_else], "FAILS  receipt"),
        (receipt.clone(), vec!["--commitment", &other], "FAILS  commitment"),
        (
            receipt.clone(),
            vec!["--queue-at-join", &another_queue],
            "FAILS  announced",
        ),
        (receipt.clone(), vec!["--tickets-digest", &other], "FAILS  frozen"),
        (forged(receipt), vec![], "FAILS  receipt"),
        ("nonsense".to_owned(), vec![], "FAILS  receipt"),
    ] {
        let verified = verify(&edge.url, &receipt, &options);
        assert_eq!(verified.status, 1, "{}", verified.out);
        assert!(verified.out.contains(named), "{named}: {}", verified.out);
    }
    let json = verify(&edge.url, receipt, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (&json["fault"], &json["place"]),
        (&serde_json::Value::Null, &last.into())
    );
    let draw = stanchion_shared::verify::unverified(receipt).unwrap().draw;
    assert_ne!(python(&edge.url, event.id.as_str(), draw, &forged(receipt)).status, 0);
    assert_ne!(
        python(&edge.url, event.id.as_str(), 0, receipt).status,
        0,
        "of another draw"
    );

    // The operator would rather have had the next round, or one more ticket, and signs whatever that takes.
    let (_, first) = &fans[0];
    let claims = stanchion_shared::verify::unverified(&first.receipt).unwrap();
    let added = liar::add_before(&edge.url, shards, &claims).await;
    let lies: [(liar::Alter, &str, &str); 4] = [
        (Arc::new(liar::close_later), "FAILS  times", "FAILS: times"),
        (
            Arc::new(liar::move_the_on_sale),
            "FAILS  announced",
            "FAILS: of another event or announcement",
        ),
        (Arc::new(liar::swap_the_tiers), "FAILS  counts", "FAILS: counts"),
        (
            added,
            "FAILS  ticket",
            "FAILS: not the list that the receipt was given for",
        ),
    ];
    for (lie, named, in_python) in lies {
        let liar = liar::in_front_of(&edge.url, lie).await;
        let verified = verify(&liar, &first.receipt, &[]);
        assert_eq!(verified.status, 1, "{}", verified.out);
        assert!(verified.out.contains(named), "{named}: {}", verified.out);
        let checked = python(&liar, event.id.as_str(), 0, &first.receipt);
        assert_ne!(checked.status, 0);
        assert!(checked.out.contains(in_python), "{in_python}: {}", checked.out);
    }
}
