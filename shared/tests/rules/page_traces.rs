//! Traces of people and of programs on the page. A person without a mouse, sight or hands is not
//! taken for a program.
//!
//! How the page makes summaries of events is checked by `edge-worker/tests/signals.test.mjs`.

use serde_json::Value;
use stanchion_shared::{
    ids::Tier,
    policy::BotPolicy,
    score::{BotVerdict, Evidence, signals::Signals},
};

fn traces() -> Vec<Value> {
    let all: Value = serde_json::from_str(include_str!("../vectors/page_traces.json")).unwrap();
    all["traces"].as_array().unwrap().clone()
}

fn verdict(trace: &Value) -> BotVerdict {
    let signals = Signals::parse(&trace["summary"]).unwrap_or_else(|error| panic!("{}: {error}", trace["name"]));
    let evidence = Evidence {
        signals: Some(signals),
        ..Evidence::default()
    };
    evidence.score(&BotPolicy::default()).verdict()
}

#[test]
fn people_with_a_phone_a_keyboard_a_screen_reader_a_switch_or_their_voice_are_people() {
    let people: Vec<Value> = traces().into_iter().filter(|trace| trace["who"] == "person").collect();
    assert!(people.len() >= 10);
    for trace in people {
        assert_eq!(verdict(&trace), BotVerdict::Join(Tier::Human), "{}", trace["name"]);
    }
}

#[test]
fn programs_are_suspects_or_refused() {
    let programs: Vec<Value> = traces().into_iter().filter(|trace| trace["who"] == "program").collect();
    assert!(programs.len() >= 5);
    for trace in programs {
        let expected = match trace["verdict"].as_str() {
            Some("suspect") => BotVerdict::Join(Tier::Suspect),
            Some("refused") => BotVerdict::Refuse,
            other => panic!("{}: {other:?}", trace["name"]),
        };
        assert_eq!(verdict(&trace), expected, "{}", trace["name"]);
    }
}
