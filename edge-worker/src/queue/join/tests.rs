use stanchion_shared::{
    draw::digest::ShardDigest,
    ids::{Bytes32, Tag},
    score::{BotVerdict, Millionths, Score},
};

use super::*;
use crate::queue::person::TicketNumber;

const NOW: UnixMillis = UnixMillis(10_000);
const ATTEMPT: Attempt = Attempt(7);

const NOBODY: JoinFacts<'static> = JoinFacts {
    now: NOW,
    frozen_through: None,
    person: None,
    proof_used_by: None,
};

/// Draw 0 until 5 s, then a draw a second.
const WINDOWS: Windows = Windows {
    on_sale_time: UnixMillis(5_000),
    draw_window_ms: 1_000,
};

fn join() -> Join {
    let score = Score {
        product: Millionths::ONE,
        factors: vec![],
    };
    Join {
        tag: Tag([7; 16]),
        verdict: BotVerdict::Join(Tier::Human),
        score: Some(score),
        reviewed_networks: Vec::new(),
        proof: Some(ValidProof {
            challenge: Bytes32([1; 32]),
            expires_at: NOW.plus(1),
        }),
        windows: Some(WINDOWS),
        replaces: None,
        arrived_at: NOW,
    }
}

fn with_ticket(draw: u32) -> Person {
    let numbered = TicketNumber {
        epoch: 1,
        draw: Draw(draw),
        number: 0,
        digest: ShardDigest::EMPTY,
    };
    let mut person = Person::default();
    let _ = person.join(&join(), Some(Draw(draw)), NOW);
    person.with_ticket(Tier::Human, numbered)
}

#[test]
fn a_newcomer_gets_a_number_by_the_clock_and_never_in_a_frozen_draw() {
    let join = join();
    let by_clock = WINDOWS.draw_at(NOW).unwrap();
    for (frozen_through, draw) in [(None, by_clock), (Some(by_clock), Draw(by_clock.0 + 1))] {
        let facts = JoinFacts {
            frozen_through,
            ..NOBODY
        };
        let JoinDecision::Number(given, Tier::Human, write) = decide(&join, ATTEMPT, &facts) else {
            panic!("no number");
        };
        assert_eq!(given, draw);
        assert_eq!((write.proof, write.counters.len()), (join.proof.as_ref(), 2));
    }
}

#[test]
fn a_proof_that_another_join_used_gives_nothing_and_changes_nothing() {
    let person = with_ticket(0);
    let facts = JoinFacts {
        person: Some(&person),
        proof_used_by: Some(Attempt(8)),
        ..NOBODY
    };
    assert_eq!(
        decide(&join(), ATTEMPT, &facts),
        JoinDecision::Answer(JoinOutcome::ProofUsed)
    );
}

#[test]
fn a_join_whose_answer_was_lost_finds_its_ticket_and_counts_once() {
    let person = with_ticket(0);
    let held = person.held.clone().unwrap();
    let known = JoinFacts {
        person: Some(&person),
        ..NOBODY
    };
    let join = join();
    let JoinDecision::Write(write, outcome) = decide(&join, ATTEMPT, &known) else {
        panic!("the proof is to be written");
    };
    assert_eq!(outcome, JoinOutcome::Holds(held.clone()));
    assert_eq!((write.proof, &write.person), (join.proof.as_ref(), &person));
    let repeated = JoinFacts {
        proof_used_by: Some(ATTEMPT),
        ..known
    };
    let expected = JoinDecision::Answer(JoinOutcome::Holds(held));
    assert_eq!(decide(&join, ATTEMPT, &repeated), expected);
}

#[test]
fn without_draws_a_newcomer_gets_nothing_and_keeps_the_proof() {
    let sold_out = Join {
        windows: None,
        ..join()
    };
    let expected = JoinDecision::Answer(JoinOutcome::Closed);
    assert_eq!(decide(&sold_out, ATTEMPT, &NOBODY), expected);
}

/// A shard that is far away or busy puts nobody into a later draw.
#[test]
fn a_join_counts_from_its_arrival_at_the_edge_within_the_tolerance() {
    let drawn_at = |arrived_at: UnixMillis, now: UnixMillis, frozen_through: Option<u32>| {
        let join = Join { arrived_at, ..join() };
        let facts = JoinFacts {
            now,
            frozen_through: frozen_through.map(Draw),
            ..NOBODY
        };
        match decide(&join, ATTEMPT, &facts) {
            JoinDecision::Number(draw, ..) => draw.0,
            other => panic!("no number: {other:?}"),
        }
    };
    // Draw 1 ends at 6 s.
    let closed_at = WINDOWS.closed_at(Draw(1));
    let arrived_at = closed_at.minus(1);
    let last = arrived_at.plus(ARRIVAL_TOLERANCE_MS);
    assert_eq!(drawn_at(arrived_at, arrived_at, None), 1);
    assert_eq!(drawn_at(arrived_at, last, None), 1);
    assert_eq!(drawn_at(arrived_at, last.plus(1), None), 2, "too long ago");
    assert_eq!(drawn_at(arrived_at, closed_at, Some(1)), 2, "the draw is closed here");
    assert_eq!(
        drawn_at(closed_at.plus(5_000), closed_at, None),
        2,
        "not before it was there"
    );
    assert_eq!(
        drawn_at(UnixMillis(0), closed_at, None),
        0,
        "the window before, if that is within the tolerance"
    );
}

#[test]
fn a_decision_holds_until_the_join_would_count_in_a_later_window() {
    let closed_at = WINDOWS.closed_at(Draw(1));
    for (arrived_at, now) in [
        (closed_at.minus(1), closed_at.minus(1)),
        (closed_at.minus(1), closed_at.plus(700)),
        (closed_at.plus(300), closed_at.minus(300)),
        (closed_at.plus(1_300), closed_at.minus(300)),
    ] {
        let join = Join { arrived_at, ..join() };
        let draw_at = |now| WINDOWS.draw_at(counts_from(&join, now));
        let until = holds_until(&join, WINDOWS, now).unwrap();
        assert!(until > now);
        assert_eq!(draw_at(until.minus(1)), draw_at(now), "{arrived_at} {now}");
        assert_ne!(draw_at(until.plus(ARRIVAL_TOLERANCE_MS)), draw_at(now));
    }
}
