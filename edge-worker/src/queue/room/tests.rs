use proptest::prelude::*;
use stanchion_shared::schedule::Rate;

use super::*;

const NOW: UnixMillis = UnixMillis(1_000_000);

fn room(with_turn: u64, without_turn: u64) -> Room {
    Room {
        with_turn: Some(with_turn),
        without_turn,
        most_per_second: Rate::per_second(1_000),
    }
}

fn tag(number: u8) -> Tag {
    Tag([number; 16])
}

fn request(of: SlotFor, number: u8) -> SlotRequest {
    SlotRequest { of, tag: tag(number) }
}

fn turn(number: u8) -> SlotRequest {
    request(SlotFor::Turn, number)
}

fn walk_in(number: u8) -> SlotRequest {
    request(SlotFor::WalkIn, number)
}

#[test]
fn slots_are_given_up_to_the_room_and_counted_sessions_take_room_too() {
    let mut slots = Slots::default();
    let mut take = |number, counted| slots.take(&walk_in(number), &room(5, 5), counted, NOW);
    assert_eq!([1, 2, 3].map(|number| take(number, 3)), [true, true, false]);
    assert!(take(3, 2), "a session ended");
    assert_eq!(slots.given(NOW), 3);
}

#[test]
fn a_person_has_one_slot_however_often_they_ask() {
    let mut slots = Slots::default();
    for _ in 0..3 {
        assert!(slots.take(&turn(1), &room(1, 1), 0, NOW));
    }
    assert_eq!(slots.given(NOW), 1);
}

#[test]
fn a_slot_counts_until_its_session_does_or_until_it_was_not_used() {
    let mut slots = Slots::default();
    let one = room(2, 2);
    assert!(slots.take(&turn(1), &one, 0, NOW) && slots.take(&turn(2), &one, 0, NOW));
    slots.note_used(&[tag(1), tag(77)]);
    assert!(!slots.take(&turn(3), &one, 1, NOW), "one runs, one is about to begin");
    let last = NOW.plus(SLOT_HELD_MS - 1);
    assert!(!slots.take(&turn(3), &one, 1, last));
    let later = NOW.plus(SLOT_HELD_MS);
    assert_eq!(slots.given(later), 0);
    assert!(slots.take(&turn(3), &one, 1, later));
}

#[test]
fn nobody_comes_in_without_a_turn_before_a_fan_whose_turn_has_come() {
    let mut slots = Slots::default();
    assert!(!slots.take(&turn(1), &room(1, 1), 1, NOW), "full");
    assert_eq!(slots.waiting(NOW), 1);
    assert!(!slots.take(&walk_in(2), &room(1, 1), 0, NOW), "fan 1 waits");
    assert!(slots.take(&turn(1), &room(1, 1), 0, NOW.plus(1_000)));
    assert_eq!(slots.waiting(NOW.plus(1_000)), 0);
    assert!(slots.take(&walk_in(2), &room(2, 2), 0, NOW.plus(1_000)));
}

#[test]
fn the_fan_who_has_waited_longest_gets_the_next_slot_unless_they_stopped_asking() {
    let mut slots = Slots::default();
    let (full, free) = (1, 0);
    let one = room(1, 1);
    assert!(!slots.take(&turn(1), &one, full, NOW));
    assert!(!slots.take(&turn(2), &one, full, NOW.plus(100)));
    // Fan 2 asks ten times as often.
    for ms in (200..1_000).step_by(100) {
        assert!(!slots.take(&turn(2), &one, free, NOW.plus(ms)), "{ms}");
    }
    assert!(
        !slots.take(&turn(3), &one, free, NOW.plus(1_000)),
        "nor somebody who has just come"
    );
    assert!(slots.take(&turn(1), &one, free, NOW.plus(1_000)));
    let gone = NOW.plus(1_000 + ASKS_EVERY_MS);
    slots.note_used(&[tag(1)]);
    assert!(slots.take(&turn(4), &one, free, gone), "fans 2 and 3 do not ask");
}

#[test]
fn a_fan_who_does_not_come_back_holds_up_nobody() {
    let mut slots = Slots::default();
    assert!(!slots.take(&turn(1), &room(1, 1), 1, NOW));
    let gone = |ms| NOW.plus(WAITS_FOR_SLOT_MS - ms);
    assert_eq!((slots.waiting(gone(1)), slots.waiting(gone(0))), (1, 0));
    assert!(!slots.take(&walk_in(2), &room(1, 1), 0, gone(1)));
    assert!(slots.take(&walk_in(2), &room(1, 1), 0, gone(0)));
}

#[test]
fn no_more_come_in_without_a_turn_than_the_rate_allows_and_turns_do_not_count() {
    let mut slots = Slots::default();
    let slow = Room {
        most_per_second: Rate::per_second(2),
        ..room(100, 100)
    };
    let given = |slots: &mut Slots, at| (0..10).filter(|n| slots.take(&walk_in(*n), &slow, 0, at)).count();
    assert_eq!(given(&mut slots, NOW), 2);
    assert!(slots.take(&turn(50), &slow, 0, NOW));
    // Those two have their slots.
    assert_eq!(given(&mut slots, NOW.plus(1_000)), 4);
}

#[test]
fn without_a_limit_turns_need_no_room() {
    let mut slots = Slots::default();
    let unlimited = Room {
        with_turn: None,
        ..Room::NONE
    };
    assert!(slots.take(&turn(1), &unlimited, u64::MAX - 1, NOW));
    assert!(!slots.take(&walk_in(2), &unlimited, 0, NOW));
}

/// What may happen at an event whose sessions need slots.
#[derive(Clone, Debug)]
enum Step {
    /// A person asks; a session that gets a slot begins.
    Ask(SlotFor, u8),
    /// The coordinator is told of all sessions.
    Tell,
    /// The n-th session ends, and the coordinator is told later.
    End(prop::sample::Index),
    /// Time goes on, in ms. No shard is silent for longer than a slot is held.
    Wait(u64),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let of = prop_oneof![Just(SlotFor::Turn), Just(SlotFor::WalkIn)];
    let step = prop_oneof![
        4 => (of, any::<u8>()).prop_map(|(of, number)| Step::Ask(of, number)),
        2 => Just(Step::Tell),
        2 => any::<prop::sample::Index>().prop_map(Step::End),
        1 => (0_u64..2_000).prop_map(Step::Wait),
    ];
    prop::collection::vec(step, 0..400)
}

proptest! {
    /// Whatever comes when, the sessions that really run are never more than may run, as long as
    /// shards tell of them before their slots are free again.
    #[test]
    fn no_more_sessions_run_than_may(at_once in 1_u64..12, steps in steps()) {
        let (mut slots, mut now, mut told_at) = (Slots::default(), NOW, NOW);
        let (mut running, mut untold, mut counted) = (Vec::<Tag>::new(), Vec::new(), 0);
        for step in steps {
            match step {
                Step::Ask(of, number) => {
                    let asked = request(of, number);
                    let runs = running.contains(&asked.tag);
                    if !runs && slots.take(&asked, &room(at_once, at_once), counted, now) {
                        running.push(asked.tag);
                        untold.push(asked.tag);
                    }
                }
                Step::End(index) if !running.is_empty() => {
                    let ended = running.swap_remove(index.index(running.len()));
                    untold.retain(|person| *person != ended);
                }
                Step::Wait(ms) if now.plus(ms).since(told_at) < SLOT_HELD_MS => now = now.plus(ms),
                Step::Tell => {
                    slots.note_used(&untold);
                    untold.clear();
                    (counted, told_at) = (running.len() as u64, now);
                }
                Step::End(_) | Step::Wait(_) => {}
            }
            prop_assert!(running.len() as u64 <= at_once);
        }
    }
}
