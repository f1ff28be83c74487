//! Every runtime answers the same: a sequence of requests through everything that the edge answers, whose transcript must
//! be the committed `transcript.txt`. Both runtimes are compared with that one file, to the letter, but for what clock,
//! randomness and the stack's keys decide ([`marks`]).
//!
//! After an intended change of an answer write it anew, on either runtime, and look at the difference:
//!
//! ```sh
//! STANCHION_WRITE_TRANSCRIPT=yes scripts/stack/run -- cargo test --release -p stanchion-edge-end-to-end same_answers
//! ```

mod control;
mod marks;
mod origin;
mod raw;
mod refused_joins;
mod sale;
mod stopped;
mod strange;
mod surface;
mod transcript;
mod waiting;

use std::{fs, path::Path};

use stanchion_harness::{Edge, now, variable};
use transcript::Transcript;

const COMMITTED: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/together/same_answers/transcript.txt");
/// Set to `yes`, it makes the test write the committed transcript instead of comparing with it.
const WRITE: &str = "STANCHION_WRITE_TRANSCRIPT";
/// Lines shown before the first that differs.
const LINES_BEFORE: usize = 12;

#[tokio::test]
async fn every_runtime_gives_the_same_answers_to_the_same_requests() {
    // Always of one length, because tickets contain the event's id.
    let mut transcript = Transcript::new(format!("same-{:013}", now().0));
    let edge = Edge::new();
    surface::ask(&edge, &mut transcript).await;
    strange::ask(&edge, &mut transcript).await;
    control::ask(&edge, &mut transcript).await;
    refused_joins::ask(&edge, &mut transcript).await;
    let ended = stopped::begin(&edge, &mut transcript).await;
    sale::ask(&edge, &mut transcript).await;
    stopped::ask(&edge, &mut transcript, ended).await;
    origin::ask(&edge, &mut transcript).await;

    if std::env::var(WRITE).is_ok_and(|value| value == "yes") {
        fs::write(COMMITTED, transcript.text()).unwrap();
        return;
    }
    // Kept with the logs when something fails.
    let seen = Path::new(&variable("STANCHION_STACK")).join("same-answers.log");
    fs::write(&seen, transcript.text()).unwrap();
    let committed = fs::read_to_string(COMMITTED).unwrap();
    if let Some(difference) = first_difference(&committed, transcript.text()) {
        panic!("{difference}\nall that was answered is in {}", seen.display());
    }
}

fn first_difference(committed: &str, seen: &str) -> Option<String> {
    let (committed, seen): (Vec<_>, Vec<_>) = (committed.lines().collect(), seen.lines().collect());
    let at = (0..committed.len().max(seen.len())).find(|&line| committed.get(line) != seen.get(line))?;
    let before = committed[at.saturating_sub(LINES_BEFORE)..at].join("\n");
    let line = |lines: &[&str]| (*lines.get(at).unwrap_or(&"(it ends here)")).to_owned();
    Some(format!(
        "transcript.txt and what was answered differ in line {}:\n{before}\n- {}\n+ {}",
        at + 1,
        line(&committed),
        line(&seen)
    ))
}

#[test]
fn a_missing_header_and_another_order_of_fields_are_differences() {
    let committed = "200\netag: x\n\n{\"a\":1,\"b\":2}";
    assert_eq!(first_difference(committed, committed), None);
    for seen in [
        "200\n\n{\"a\":1,\"b\":2}",
        "200\netag: x\n\n{\"b\":2,\"a\":1}",
        "200\netag: x\n\n{\"a\":1,\"b\":2}\n=== more",
        "200\netag: x",
    ] {
        assert!(first_difference(committed, seen).is_some(), "{seen}");
    }
}
