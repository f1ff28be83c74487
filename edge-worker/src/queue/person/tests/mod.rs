use stanchion_shared::{
    draw::membership::Windows,
    ids::Tag,
    schedule::{Stop, Stops},
    score::{BotVerdict, COOL_DOWN_MS, FactorName, Millionths, sharing::NetworkReview},
};

mod claims;
mod one_account;
mod review;
mod walk_ins;

use super::*;
use crate::platform::{
    Claim, ClaimOutcome, EndOutcome, EndSession, Join, JoinOutcome, KeepOutcome, KeepSession, Leave, LeaveOutcome,
    Replaces, WalkIn, WalkInOutcome,
};

const TAG: Tag = Tag([7; 16]);
const EPOCH: u32 = 5;
const NOW: UnixMillis = UnixMillis(1_000);

fn numbered(draw: u32, number: u32) -> TicketNumber {
    TicketNumber {
        epoch: EPOCH,
        draw: Draw(draw),
        number,
        digest: ShardDigest::EMPTY,
    }
}

fn join(tier: Tier, replaces: Option<Replaces>) -> Join {
    found(BotVerdict::Join(tier), None, replaces)
}

fn scored(millionths: u32) -> Join {
    let score = Score {
        product: Millionths(millionths),
        factors: vec![],
    };
    found(score.verdict(), Some(score), None)
}

fn found(verdict: BotVerdict, score: Option<Score>, replaces: Option<Replaces>) -> Join {
    Join {
        tag: TAG,
        verdict,
        score,
        proof: None,
        windows: Some(Windows {
            on_sale_time: UnixMillis(0),
            draw_window_ms: 1_000,
        }),
        reviewed_networks: Vec::new(),
        replaces,
        arrived_at: NOW,
    }
}

fn claim(serial: u32, turn_at: u64) -> Claim {
    Claim {
        tag: TAG,
        epoch: EPOCH,
        serial: Serial(serial),
        turn_at: UnixMillis(turn_at),
        shopping_ms: 600,
        idle_ms: None,
        stops: Stops::default(),
        session: format!("session of {serial}"),
        only_if_claimed: false,
        needs_slot: false,
        review: None,
    }
}

fn leave(serial: u32) -> Leave {
    Leave {
        tag: TAG,
        epoch: EPOCH,
        serial: Serial(serial),
    }
}

fn over(serial: u32, claimed: bool) -> Option<Replaces> {
    Some(Replaces {
        serial: Serial(serial),
        claimed,
    })
}

const NUMBER: JoinStep = JoinStep::Number(Tier::Human);

fn keeps(person: &Person) -> JoinStep {
    JoinStep::Answer(JoinOutcome::Holds(person.held.clone().expect("a ticket")))
}

fn refusal(until: UnixMillis, millionths: u32) -> JoinStep {
    let score = scored(millionths).score.expect("it was scored");
    JoinStep::Answer(JoinOutcome::Refused { until, score })
}

fn is_refused(step: &JoinStep) -> bool {
    matches!(step, JoinStep::Answer(JoinOutcome::Refused { .. }))
}

fn first(draw: u32) -> Person {
    let mut person = Person::default();
    assert_eq!(
        person.join(&join(Tier::Human, None), Some(Draw(draw)), NOW),
        JoinStep::Number(Tier::Human)
    );
    person.with_ticket(Tier::Human, numbered(draw, 3))
}

#[test]
fn a_person_whom_the_shard_does_not_know_has_nothing_to_claim_or_to_leave() {
    let claimed = super::claim(None, &claim(1, 0), Slot::None, NOW);
    assert_eq!((claimed.outcome, claimed.changed), (ClaimOutcome::Dead, None));
    let left = super::leave(None, &leave(1), NOW);
    assert_eq!((left.outcome, left.changed), (LeaveOutcome::Dead, None));
}

#[test]
fn only_what_has_changed_is_written() {
    let person = first(0);
    let first_time = super::leave(Some(&person), &leave(1), NOW);
    let left = first_time.changed.expect("it was given up");
    let again = super::leave(Some(&left), &leave(1), NOW);
    assert_eq!((again.outcome, again.changed), (LeaveOutcome::Left, None));
}

#[test]
fn joining_again_keeps_the_ticket_in_every_draw() {
    let mut person = first(0);
    for draw in [Some(Draw(0)), Some(Draw(5)), None] {
        let step = person.join(&join(Tier::Human, None), draw, NOW);
        assert_eq!(step, keeps(&person));
    }
    assert_eq!(person, first(0));
}

#[test]
fn a_ticket_given_up_is_revived_in_its_draw_and_replaced_after_it() {
    let mut person = first(2);
    assert_eq!(person.leave(&leave(1), NOW), LeaveOutcome::Left);
    assert_eq!(person.leave(&leave(1), NOW), LeaveOutcome::Left);
    let step = person.join(&join(Tier::Human, None), Some(Draw(2)), NOW);
    assert_eq!(step, keeps(&person));
    assert_eq!(person, first(2));
    person.leave(&leave(1), NOW);
    assert_eq!(person.join(&join(Tier::Human, None), Some(Draw(3)), NOW), NUMBER);
    let renewed = person.with_ticket(Tier::Human, numbered(3, 0)).held.unwrap();
    assert_eq!((renewed.serial, renewed.draw), (Serial(2), Draw(3)));
}

#[test]
fn a_ticket_is_replaced_only_as_it_was_judged_and_only_after_its_draw() {
    for (replaces, draw, renewed) in [
        (over(1, false), Some(4), true),
        (over(1, false), None, true),
        (over(1, false), Some(2), false),
        (over(1, true), Some(4), false),
        (over(2, false), Some(4), false),
    ] {
        let mut person = first(2);
        let judged = person.join(&join(Tier::Human, replaces), draw.map(Draw), NOW);
        let step = if renewed { NUMBER } else { keeps(&person) };
        assert_eq!(judged, step, "{replaces:?} {draw:?}");
    }
    let mut claimed = first(2);
    claimed.claim(&claim(1, 50), Slot::None, UnixMillis(100));
    let step = claimed.join(&join(Tier::Human, over(1, false)), Some(Draw(4)), NOW);
    assert_eq!(step, keeps(&claimed));
}

#[test]
fn a_worse_score_is_remembered_and_a_better_one_improves_nothing() {
    let mut person = first(0);
    person.join(&scored(300_000), Some(Draw(0)), NOW);
    // The number it has is in the log.
    assert_eq!(person.held.as_ref().map(|held| held.tier), Some(Tier::Human));
    person.leave(&leave(1), NOW);
    let step = person.join(&scored(1_000_000), Some(Draw(1)), NOW);
    assert_eq!(step, JoinStep::Number(Tier::Suspect));
    assert_eq!(person.lowest.map(|score| score.product), Some(Millionths(300_000)));
}

#[test]
fn a_fan_pass_outranks_every_score_and_without_it_the_score_counts_again() {
    let refused = scored(0);
    let pass = Join {
        verdict: BotVerdict::Join(Tier::Verified),
        ..refused.clone()
    };
    let mut person = Person::default();
    assert!(is_refused(&person.join(&refused, Some(Draw(0)), NOW)));
    assert_eq!(person.join(&pass, Some(Draw(0)), NOW), JoinStep::Number(Tier::Verified));
    let later = NOW.plus(COOL_DOWN_MS);
    let step = person.join(&join(Tier::Human, None), Some(Draw(0)), later);
    assert_eq!(step, JoinStep::Number(Tier::Suspect));
}

#[test]
fn who_was_refused_is_refused_until_the_cool_down_is_over_whatever_the_next_score_says() {
    let mut person = Person::default();
    let until = NOW.plus(COOL_DOWN_MS);
    let refused = person.join(&scored(49_999), Some(Draw(0)), NOW);
    assert_eq!(refused, refusal(until, 49_999));
    // Neither a better score nor a worse one moves the end; the reasons are those of the worst.
    let just_before = until.minus(1);
    assert_eq!(
        person.join(&scored(1_000_000), Some(Draw(0)), just_before),
        refusal(until, 49_999)
    );
    assert_eq!(person.join(&scored(7), Some(Draw(0)), just_before), refusal(until, 7));
    let after = person.join(&scored(1_000_000), Some(Draw(0)), until);
    assert_eq!(after, JoinStep::Number(Tier::Suspect));
    assert_eq!(
        person.join(&scored(7), Some(Draw(0)), until),
        refusal(until.plus(COOL_DOWN_MS), 7)
    );
}

#[test]
fn a_refusal_takes_no_ticket_away() {
    let mut person = first(0);
    assert!(is_refused(&person.join(&scored(0), Some(Draw(0)), NOW)));
    assert!(matches!(
        person.claim(&claim(1, 0), Slot::None, NOW),
        ClaimOutcome::Window(_)
    ));
}

#[test]
fn a_person_stored_before_there_were_scores_is_read() {
    let mut stored = serde_json::to_value(first(0)).unwrap();
    let fields = stored.as_object_mut().unwrap();
    assert!(fields.remove("lowest").is_some() && fields.remove("refused_until").is_some());
    assert_eq!(serde_json::from_value::<Person>(stored).unwrap(), first(0));
}
