//! What anybody can run against a real closed draw agrees with what the fan was told: `rush verify`, and the Python program of
//! the page for experts, which shares no code with us.

use std::{path::Path, process::Command};

use stanchion_shared::wire::{JoinAnswer, QueueStatus};
use stanchion_stage::{Edge, beacon, now};

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

fn verify(edge: &Edge, receipt: &str, options: &[&str]) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_stanchion-rush"));
    run(command.args(["verify", receipt, "--edge", &edge.url]).args(options))
}

/// Debian's own Python, for which scripts/setup installs `cryptography`.
fn python(edge: &Edge, event: &str, draw: u32, receipt: &str) -> Ran {
    let program = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/check_draw.py");
    let mut command = Command::new("/usr/bin/python3");
    let draw = draw.to_string();
    run(command.arg(program).args([&edge.url, event, &draw, receipt]))
}

/// The same with another last signature character but one: the last has unused bits.
fn forged(receipt: &str) -> String {
    let at = receipt.len() - 2;
    let other = if &receipt[at..=at] == "A" { "B" } else { "A" };
    format!("{}{other}{}", &receipt[..at], &receipt[at + 1..])
}

#[tokio::test]
async fn a_place_is_verified_by_our_checker_and_by_python_and_a_lie_is_named() {
    let edge = Edge::new();
    let event = beacon::event();
    edge.open(&event, 100).await;
    let mut fans = Vec::new();
    for _ in 0..5 {
        let fan = edge.fan();
        let joined = edge.join(&event.id, &fan).await;
        fans.push((fan, joined));
    }
    assert!(now() < event.put.on_sale_time, "this machine is too slow");
    // Somebody in a later draw, whose place depends on the record before.
    tokio::time::sleep(std::time::Duration::from_millis(
        event.put.on_sale_time.since(now()) + 300,
    ))
    .await;
    let late = edge.fan();
    let joined = edge.join(&event.id, &late).await;
    fans.push((late, joined));
    let commitment = hex::encode(edge.queue(&event.id).await.commitment.0);

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
            &edge,
            receipt,
            &["--place", &told.to_string(), "--commitment", &commitment],
        );
        assert_eq!(verified.status, 0, "{}", verified.out);
        assert!(
            verified.out.ends_with(&format!("everything holds: place {told}\n")),
            "{}",
            verified.out
        );
        let draw = stanchion_shared::verify::unverified(receipt).unwrap().draw;
        let checked = python(&edge, event.id.as_str(), draw, receipt);
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
        (receipt.clone(), vec!["--tickets-digest", &other], "FAILS  frozen"),
        (forged(receipt), vec![], "FAILS  receipt"),
        ("nonsense".to_owned(), vec![], "FAILS  receipt"),
    ] {
        let verified = verify(&edge, &receipt, &options);
        assert_eq!(verified.status, 1, "{}", verified.out);
        assert!(verified.out.contains(named), "{named}: {}", verified.out);
    }
    let json = verify(&edge, receipt, &["--json"]);
    let json: serde_json::Value = serde_json::from_str(&json.out).unwrap();
    assert_eq!(
        (&json["fault"], &json["place"]),
        (&serde_json::Value::Null, &last.into())
    );
    let draw = stanchion_shared::verify::unverified(receipt).unwrap().draw;
    assert_ne!(python(&edge, event.id.as_str(), draw, &forged(receipt)).status, 0);
    assert_ne!(
        python(&edge, event.id.as_str(), 0, receipt).status,
        0,
        "of another draw"
    );
}
