//! Which step of closing a draw comes next.

use std::collections::BTreeMap;

use stanchion_shared::{
    event_settings::{DRAW_WINDOW_MS, EventSettings, SHOPPING_MS, TURN_MS},
    ids::{Bytes32, EventId, EventKey, Shard, ShardCount},
    policy::{BeaconPolicy, QueuePolicy},
    wire::PutEvent,
};

use super::silent::FREEZE_DEADLINE_MS;
use super::*;
use crate::queue::{
    Attempt,
    declaration::DeclarationOutcome,
    event::EventConstants,
    shard_reports::{DrawReport, ShardReport},
};

const ON_SALE: UnixMillis = UnixMillis(1_800_000_000_000);
/// When draw 0 is closed.
const DUE: UnixMillis = UnixMillis(1_800_000_000_000 + JOIN_GRACE_MS);
const NOT_FROZEN: DeclaredDraws = DeclaredDraws {
    first: Some(Draw(0)),
    frozen: None,
};

fn event(beacon: Option<BeaconPolicy>) -> EventState {
    let settings = EventSettings {
        name: "An evening".to_owned(),
        on_sale_time: ON_SALE,
        shards: ShardCount::new(4).unwrap(),
        draw_window_ms: DRAW_WINDOW_MS.least,
        turn_ms: TURN_MS.least,
        shopping_ms: SHOPPING_MS.least,
        challenge_max_number: 1_000,
        policy: QueuePolicy {
            beacon,
            ..QueuePolicy::default()
        },
    };
    let constants = EventConstants {
        event_id: EventId::parse("e").unwrap(),
        opened_at: ON_SALE.minus(1_000),
        key: EventKey(Bytes32([4; 32])),
        commitment: Bytes32([5; 32]),
    };
    EventState::with_constants(constants, PutEvent { version: 1, settings }, Attempt(0))
}

/// Draw 0 waits for a round that is out three to six seconds after it closed.
fn with_beacon() -> EventState {
    event(Some(BeaconPolicy::quicknet()))
}

fn out_at(event: &EventState) -> UnixMillis {
    event.awaited_round(Draw(0)).unwrap().at
}

fn shard(human: u32) -> ShardTickets {
    let mut tickets = ShardTickets::none(Shard(1));
    tickets.frozen.counts = [0, human, 0];
    tickets
}

fn frozen(humans: u32) -> DeclaredDraws {
    DeclaredDraws {
        frozen: Some(vec![shard(humans)]),
        ..NOT_FROZEN
    }
}

/// Whether a step freezes the draws in this range.
#[track_caller]
fn assert_freezes(step: &ClosingStep, after: Option<u32>, through: u32) {
    let ClosingStep::Freeze {
        after: found_after,
        through: found_through,
        ..
    } = step
    else {
        panic!("{step:?}");
    };
    assert_eq!((*found_after, *found_through), (after.map(Draw), Draw(through)));
}

#[test]
fn nothing_is_done_before_a_draw_has_ended_and_ever_where_none_is_declared() {
    let (event, run) = (event(None), ClosingRun::default());
    let none = DeclaredDraws::default();
    assert_eq!(run.next_step(&event, &none, DUE), ClosingStep::Rest(None));
    // Joins that came in time may still be on their way.
    let early = run.next_step(&event, &NOT_FROZEN, DUE.minus(1));
    assert_eq!(early, ClosingStep::Rest(Some(DUE)));
    assert_freezes(&run.next_step(&event, &NOT_FROZEN, DUE), None, 0);
}

#[test]
fn a_frozen_draw_is_finished_at_once_if_no_round_is_needed() {
    let run = ClosingRun::default();
    let finish = ClosingStep::Finish(Draw(0));
    assert_eq!(run.next_step(&event(None), &frozen(3), DUE), finish);
    // Without tickets there is nothing to draw.
    assert_eq!(run.next_step(&with_beacon(), &frozen(0), DUE), finish);
}

#[test]
fn a_draw_that_waits_is_noted_then_rests_and_is_asked_for_when_its_round_is_out() {
    let (mut event, mut run) = (with_beacon(), ClosingRun::default());
    let (draw, through) = (Draw(0), Draw(0));
    let noting = run.next_step(&event, &frozen(3), DUE);
    assert_eq!(noting, ClosingStep::NoteFrozen { draw, through });
    event.note_frozen(draw, Some(&[shard(3)]), through);
    // Another draw ends before the round is out.
    let next_ends = event.due_at(Draw(1));
    let resting = run.next_step(&event, &frozen(3), DUE);
    assert_eq!(resting, ClosingStep::Rest(Some(next_ends)));

    let out_at = out_at(&event);
    let ended = event.last_ended(Draw(0), out_at);
    assert_freezes(&run.next_step(&event, &frozen(3), out_at), Some(0), ended.0);
    run.froze(ended);
    event.note_frozen(draw, None, ended);
    let asking = run.next_step(&event, &frozen(3), out_at);
    assert!(matches!(asking, ClosingStep::AskBeacon(Draw(0), _)), "{asking:?}");
    run.beacon_failed(out_at);
    let resting = run.next_step(&event, &frozen(3), out_at);
    let ClosingStep::Rest(Some(until)) = resting else {
        panic!("{resting:?}");
    };
    assert!(until > out_at && until <= out_at.plus(ASK_AGAIN_MS));
}

#[test]
fn what_ends_while_a_draw_waits_is_frozen_before_anything_else_and_noted() {
    let (mut event, mut run) = (with_beacon(), ClosingRun::default());
    event.note_frozen(Draw(0), Some(&[shard(3)]), Draw(0));
    let now = event.due_at(Draw(2));
    assert_freezes(&run.next_step(&event, &frozen(3), now), Some(0), 2);
    run.froze(Draw(2));
    let noting = ClosingStep::NoteFrozen {
        draw: Draw(0),
        through: Draw(2),
    };
    assert_eq!(run.next_step(&event, &frozen(3), now), noting);
}

#[test]
fn a_shard_of_a_later_draw_that_is_silent_does_not_hold_the_first_draw_up() {
    let (mut event, mut run) = (with_beacon(), ClosingRun::default());
    event.note_frozen(Draw(0), Some(&[shard(3)]), Draw(0));
    let out_at = out_at(&event);
    run.unanswered(out_at);
    run.entered();
    let asking = run.next_step(&event, &frozen(3), out_at);
    assert!(matches!(asking, ClosingStep::AskBeacon(Draw(0), _)), "{asking:?}");
    let again = run.next_step(&event, &frozen(3), out_at.plus(FREEZE_AGAIN_MS));
    assert!(matches!(again, ClosingStep::Freeze { .. }), "{again:?}");
}

#[test]
fn the_last_draws_of_the_chain_are_frozen_while_one_waits_and_then_it_rests() {
    let (mut event, mut run) = (with_beacon(), ClosingRun::default());
    let last = Draw(chain::LENGTH - 1);
    let first = DeclaredDraws {
        first: Some(Draw(last.0 - 2)),
        ..frozen(3)
    };
    event.note_frozen(Draw(last.0 - 2), Some(&[shard(3)]), Draw(last.0 - 2));
    let ended = event.due_at(last);
    assert_freezes(&run.next_step(&event, &first, ended), Some(last.0 - 2), last.0);

    let first = DeclaredDraws {
        first: Some(last),
        ..frozen(3)
    };
    run.froze(last);
    event.note_frozen(last, Some(&[shard(3)]), last);
    let out_at = event.awaited_round(last).unwrap().at;
    for now in [ended, out_at.minus(1)] {
        assert_eq!(run.next_step(&event, &first, now), ClosingStep::Rest(Some(out_at)));
    }
    run.beacon_failed(out_at);
    let resting = run.next_step(&event, &first, out_at);
    assert_eq!(resting, ClosingStep::Rest(Some(out_at.plus(ASK_AGAIN_MS))));
}

#[test]
fn another_run_that_does_not_know_what_shards_said_goes_by_what_is_noted() {
    let (mut event, run) = (with_beacon(), ClosingRun::default());
    event.note_frozen(Draw(0), Some(&[shard(3)]), Draw(0));
    let resting = run.next_step(&event, &NOT_FROZEN, DUE);
    assert!(matches!(resting, ClosingStep::Rest(Some(_))), "{resting:?}");
    // What is noted of one draw says nothing of the next.
    let next = DeclaredDraws {
        first: Some(Draw(1)),
        frozen: None,
    };
    let now = event.due_at(Draw(1));
    assert_freezes(&run.next_step(&event, &next, now), None, 1);
}

#[test]
fn declarations_end_for_every_draw_that_has_ended_and_for_no_later_one() {
    let mut event = event(None);
    assert_eq!(event.judge_declaration(Draw(0)), DeclarationOutcome::Open);
    let now = event.due_at(Draw(2));
    event.end_declarations(None, Draw(0), now);
    let frozen_through = Draw(2);
    for draw in [0, 1, 2] {
        let refused = DeclarationOutcome::Refused { frozen_through };
        assert_eq!(event.judge_declaration(Draw(draw)), refused);
    }
    assert_eq!(event.judge_declaration(Draw(3)), DeclarationOutcome::Open);
    // What is closed stays closed to declarations when nothing is being closed any more.
    event.progress.closing = None;
    event.progress.closed_through = Some(Draw(1));
    assert_eq!(event.declarations_ended_through(), Some(Draw(1)));
}

#[test]
fn an_event_has_the_shards_of_its_first_put() {
    let event = event(None);
    assert!(event.has_shard(Shard(3)) && !event.has_shard(Shard(4)));
}

/// A report of shard 1: this many humans in draw 0.
fn reports(humans: u32, heard_at: UnixMillis) -> BTreeMap<Shard, ShardReport> {
    let report = ShardReport {
        shard: Shard(1),
        joined: u64::from(humans),
        scores: stanchion_shared::score::counts::ScoreCounts::default(),
        draws: vec![DrawReport {
            draw: Draw(0),
            is_frozen: false,
            tickets: shard(humans),
        }],
        heard_at,
    };
    BTreeMap::from([(Shard(1), report)])
}

#[test]
fn a_silent_shard_is_asked_until_its_deadline_and_then_entered() {
    let (mut event, mut run) = (event(None), ClosingRun::default());
    let deadline = ON_SALE.plus(FREEZE_DEADLINE_MS);
    let step = run.next_step(&event, &NOT_FROZEN, DUE);
    let (after, through) = (None, Draw(0));
    assert_eq!(
        step,
        ClosingStep::Freeze {
            after,
            through,
            until: deadline.max(DUE.plus(LEAST_PATIENCE_MS))
        }
    );
    event.end_declarations(None, Draw(0), DUE);
    // The deadline counts from the beginning of the closing, which is not later for being tried again.
    let deadline = DUE.plus(FREEZE_DEADLINE_MS);
    event.end_declarations(None, Draw(0), DUE.plus(900));
    assert_eq!(event.freeze_deadline(Draw(0)), deadline);

    run.unanswered(DUE.plus(900));
    let again = DUE.plus(900 + FREEZE_AGAIN_MS);
    let resting = run.next_step(&event, &NOT_FROZEN, DUE.plus(900));
    assert_eq!(resting, ClosingStep::Rest(Some(again)));
    assert_freezes(&run.next_step(&event, &NOT_FROZEN, again), None, 0);
    run.unanswered(deadline.minus(1));
    let last = run.next_step(&event, &NOT_FROZEN, deadline.minus(1));
    assert!(matches!(last, ClosingStep::Rest(_)), "{last:?}");
    let entering = run.next_step(&event, &NOT_FROZEN, deadline);
    assert_eq!(entering, ClosingStep::EnterSilent { after, through });
}

#[test]
fn a_silent_shard_is_entered_as_it_last_reported_and_that_is_never_taken_back() {
    let mut event = event(None);
    event.end_declarations(None, Draw(0), DUE);
    let silent = [(Draw(0), Shard(1)), (Draw(0), Shard(2))];
    let deadline = event.freeze_deadline(Draw(0));
    let heard_at = ON_SALE.minus(700);
    assert_eq!(
        event.enter_silent(&silent, &reports(5, heard_at), deadline.minus(1)),
        []
    );
    let entered = event.enter_silent(&silent, &reports(5, heard_at), deadline);
    let seen: Vec<_> = entered
        .iter()
        .map(|one| (one.shard(), one.entered.count(), one.heard_at))
        .collect();
    assert_eq!(seen, [(Shard(1), 5, Some(heard_at)), (Shard(2), 0, None)]);
    // A report that comes later changes nothing, nor does what another closing heard.
    assert_eq!(event.enter_silent(&silent, &reports(9, deadline), deadline.plus(9)), []);
    assert_eq!(event.entry_of(Draw(0), Shard(1)), Some(&shard(5)));
    let missing = event.missing_shards();
    let since: Vec<_> = missing.iter().map(|one| (one.shard, one.since)).collect();
    assert_eq!(since, [(Shard(1), heard_at), (Shard(2), ON_SALE)]);

    // They learn of it once the draw is closed, and are missing until they have.
    assert!(event.unsettled().is_empty());
    event.progress.closed_through = Some(Draw(0));
    let unsettled = event.unsettled();
    assert_eq!(unsettled.len(), 2);
    event.settled(Shard(1), &unsettled[&Shard(1)], deadline);
    assert_eq!(event.missing_shards().len(), 1);
    event.settled(Shard(2), &[], deadline);
    assert_eq!(event.missing_shards().len(), 1, "of another draw");
    event.settled(Shard(2), &unsettled[&Shard(2)], deadline);
    assert!(event.missing_shards().is_empty());
}

#[test]
fn a_draw_of_nobody_but_a_silent_shard_has_a_record_and_waits_for_its_round() {
    let (mut event, mut run) = (with_beacon(), ClosingRun::default());
    event.end_declarations(None, Draw(0), DUE);
    let deadline = event.freeze_deadline(Draw(0));
    event.enter_silent(&[(Draw(0), Shard(1))], &BTreeMap::new(), deadline);
    run.froze(event.last_ended(Draw(0), deadline));
    let noting = run.next_step(&event, &frozen(0), deadline);
    assert!(matches!(noting, ClosingStep::NoteFrozen { .. }), "{noting:?}");
}

#[test]
fn silent_shards_that_are_entered_late_bind_the_draw_to_a_later_round() {
    let mut in_time = with_beacon();
    let own = in_time.awaited_round(Draw(0)).unwrap();
    in_time.end_declarations(None, Draw(0), DUE);
    let deadline = in_time.freeze_deadline(Draw(0));
    in_time.enter_silent(&[(Draw(0), Shard(1))], &BTreeMap::new(), deadline);
    assert_eq!(in_time.awaited_round(Draw(0)).unwrap(), own);

    // The coordinator was away until the round was out.
    let mut late = with_beacon();
    let back = own.at.plus(20_000);
    late.end_declarations(None, Draw(0), back);
    let deadline = late.freeze_deadline(Draw(0));
    assert_eq!(
        deadline,
        back.plus(FREEZE_DEADLINE_MS),
        "its shards have their time all the same"
    );
    late.enter_silent(&[(Draw(0), Shard(1))], &BTreeMap::new(), deadline);
    let awaited = late.awaited_round(Draw(0)).unwrap();
    assert!(
        awaited.at >= deadline.plus(stanchion_shared::policy::FREEZE_MS),
        "{awaited:?}"
    );
    late.note_frozen(Draw(0), Some(&[shard(0)]), Draw(0));
    assert_eq!(late.progress.frozen.unwrap().pinned_at, Some(deadline));
}

#[test]
fn a_later_draw_with_a_silent_shard_is_entered_before_its_own_round_is_out() {
    let (mut event, mut run) = (with_beacon(), ClosingRun::default());
    event.end_declarations(None, Draw(0), DUE);
    event.note_frozen(Draw(0), Some(&[shard(3)]), Draw(0));
    let now = event.due_at(Draw(1));
    let step = run.next_step(&event, &frozen(3), now);
    assert_freezes(&step, Some(0), 1);
    event.end_declarations(Some(Draw(0)), Draw(1), now);
    run.unanswered(now);
    let deadline = event.freeze_deadline(Draw(1));
    let entering = run.next_step(&event, &frozen(3), deadline);
    let (after, through) = (Some(Draw(0)), event.last_ended(Draw(0), deadline));
    assert_eq!(entering, ClosingStep::EnterSilent { after, through });
    // More draws end meanwhile; the deadline of this one stays.
    event.end_declarations(after, through, deadline);
    assert_eq!(event.freeze_deadline(Draw(1)), deadline);
    assert_eq!(
        event
            .enter_silent(&[(Draw(1), Shard(2))], &BTreeMap::new(), deadline)
            .len(),
        1
    );
    assert!(deadline < event.awaited_round(Draw(1)).unwrap().at);
}

#[test]
fn what_is_public_as_frozen_is_not_changed_by_another_closing_that_heard_less() {
    let mut event = with_beacon();
    event.end_declarations(None, Draw(0), DUE);
    event.note_frozen(Draw(0), Some(&[shard(3)]), Draw(0));
    let deadline = event.freeze_deadline(Draw(0));
    assert_eq!(
        event.enter_silent(&[(Draw(0), Shard(1))], &BTreeMap::new(), deadline),
        []
    );
}
