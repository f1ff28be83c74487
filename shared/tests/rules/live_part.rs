//! The live part is bounded in bytes whatever the meter does, errs in favour of fans only, and is
//! the same however often it is taken. The chunks of a schedule are the schedule.

use proptest::prelude::*;
use stanchion_shared::{
    ids::Place,
    schedule::{
        EXACT_SEGMENTS, EXACT_STOPS, Rate, SEGMENTS_PER_CHUNK, SUMMARY_PARTS, Schedule, ScheduleChange, ScheduleChunk,
        Segment, Stop,
    },
    timestamp::UnixMillis,
};

const START: UnixMillis = UnixMillis(1_000_000);
/// The largest live part that a snapshot carries, in bytes of JSON.
const MOST_BYTES: usize = 128 * 1024;

/// A meter that changes its mind every `every_ms`, `changes` times; the last instant is "now".
fn restless(every_ms: u64, changes: u64, turn_ms: u64) -> (Schedule, UnixMillis) {
    let mut schedule = Schedule::default();
    let mut now = START;
    for number in 0..changes {
        now = START.plus(number * every_ms);
        let change = ScheduleChange {
            rate: Some(Rate::from_milli(1_000 + (number * 7_919) % 50_000)),
            turn_ms: Some(turn_ms),
            session_ms: Some(turn_ms),
            last_place: Some(100_000_000),
            second_line: None,
        };
        schedule.change(change, now);
    }
    (schedule, now.plus(3_000))
}

fn bytes(schedule: &Schedule) -> usize {
    serde_json::to_vec(schedule).unwrap().len()
}

/// How long a part of a summary may be at most, in ms.
fn longest_part_ms(needed_ms: u64) -> u64 {
    2 * needed_ms.div_ceil(SUMMARY_PARTS)
}

#[test]
fn a_meter_that_moves_each_second_for_a_day_fits_into_a_snapshot() {
    // The longest turn and the longest session with all its renewals.
    let (whole, now) = restless(1_000, 86_400, 3_600_000);
    let live = whole.live_part(now, 6 * 3_600_000);
    assert!(bytes(&whole) > 8_000_000, "{}", bytes(&whole));
    assert!(bytes(&live) <= MOST_BYTES, "{}", bytes(&live));
    assert!(live.segments().len() > EXACT_SEGMENTS);
}

#[test]
fn a_meter_that_moves_every_50_ms_and_stops_fit_into_a_snapshot() {
    let (mut whole, now) = restless(50, 100_000, 3_600_000);
    // Lease after lease runs out.
    let mut now = now;
    for _ in 0..5_000 {
        whole.renew(3_000, now);
        now = now.plus(5_000);
    }
    let live = whole.live_part(now, 6 * 3_600_000);
    assert!(bytes(&live) <= MOST_BYTES, "{}", bytes(&live));
    assert!(live.stops().as_slice().len() > EXACT_STOPS);
}

#[test]
fn up_to_the_limit_nothing_is_summarised_and_one_more_segment_is() {
    let (at_limit, now) = restless(1_000, EXACT_SEGMENTS as u64, 600_000);
    assert_eq!(at_limit.live_part(now, 600_000).segments(), at_limit.segments());
    let (beyond, now) = restless(1_000, EXACT_SEGMENTS as u64 + 2, 600_000);
    let live = beyond.live_part(now, 600_000);
    assert_eq!(live.segments().len(), EXACT_SEGMENTS + 1);
    assert!(live.segments()[0].is_summary);
    assert_eq!(live.segments()[1..], beyond.segments()[2..]);
}

#[derive(Clone, Debug)]
struct Taken {
    every_ms: u64,
    changes: u64,
    turn_ms: u64,
    shopping_ms: u64,
    earlier: u64,
}

fn taken() -> impl Strategy<Value = Taken> {
    let numbers = (
        500u64..3_000,
        600u64..1_500,
        10_000u64..1_200_000,
        10_000u64..1_200_000,
        1u64..300,
    );
    numbers.prop_map(|(every_ms, changes, turn_ms, shopping_ms, earlier)| Taken {
        every_ms,
        changes,
        turn_ms,
        shopping_ms,
        earlier,
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn a_summary_never_shortens_a_turn_and_lengthens_it_by_less_than_its_part(taken in taken()) {
        let Taken { every_ms, changes, turn_ms, shopping_ms, .. } = taken;
        let (whole, now) = restless(every_ms, changes, turn_ms);
        let live = whole.live_part(now, shopping_ms);
        let part_ms = longest_part_ms((turn_ms + shopping_ms).max(300_000)).max(1_024);
        prop_assert_eq!(live.served_micro(now), whole.served_micro(now));
        let served = whole.served(now);
        for place in (1..=served).rev().step_by(1 + served as usize / 2_000) {
            let turn = whole.turn_at(Place(place)).unwrap();
            let claim_before = whole.claim_before(turn, now);
            if live.long_past(Place(place)) {
                prop_assert!(whole.end_of(claim_before, shopping_ms, now) <= now, "dropped while alive");
                continue;
            }
            let told = live.turn_at(Place(place)).expect("it is served");
            prop_assert!(told <= now);
            prop_assert!(told.0 + 1 >= turn.0 && told.0 <= turn.0 + part_ms, "{told} for {turn}");
            let told = live.claim_before(told, now);
            prop_assert!(told >= claim_before, "{told} for {claim_before}");
            prop_assert!(told.0 <= claim_before.0 + part_ms, "{told} for {claim_before}");
        }
    }

    #[test]
    fn a_live_part_of_a_live_part_is_that_of_the_whole_and_the_archive_has_the_rest(taken in taken()) {
        let Taken { every_ms, changes, turn_ms, shopping_ms, earlier } = taken;
        // A store that keeps only the live part, and an archive of what left it.
        let (whole, now) = restless(every_ms, changes, turn_ms);
        let mut kept = Schedule::default();
        let mut archived: Vec<Segment> = Vec::new();
        for (number, segment) in whole.segments().iter().enumerate() {
            let change = ScheduleChange {
                rate: Some(segment.rate_per_second),
                turn_ms: Some(segment.turn_ms),
                session_ms: Some(segment.session_ms),
                last_place: Some(segment.last_place),
                second_line: None,
            };
            let at = UnixMillis(segment.from_ms).minus(2_000);
            kept.change(change, at);
            if (number as u64).is_multiple_of(earlier) {
                let live = kept.live_part(at, shopping_ms);
                archived.extend(kept.archive(&live).segments);
                kept = live;
            }
        }
        let (twice, once) = (kept.live_part(now, shopping_ms), whole.live_part(now, shopping_ms));
        // The first piece ends where the other one does; of one, more of its beginning was dropped.
        prop_assert_eq!(twice.segments().len(), once.segments().len());
        prop_assert_eq!(&twice.segments()[1..], &once.segments()[1..]);
        archived.extend(kept.not_archived().segments);
        prop_assert_eq!(&archived[..], whole.segments());
    }
}

#[test]
fn the_chunks_together_are_the_schedule_and_full_ones_are_final() {
    let (mut whole, mut now) = restless(1_000, 3 * SEGMENTS_PER_CHUNK as u64, 60_000);
    for _ in 0..3 {
        whole.renew(3_000, now);
        now = now.plus(10_000);
    }
    let mut segments: Vec<Segment> = Vec::new();
    let mut stops: Vec<Stop> = Vec::new();
    let last = whole.chunk(None, now).unwrap();
    assert!(last.is_last && !last.is_final && last.lease_until.is_some());
    for number in 0..=last.chunk {
        let chunk = whole.chunk(Some(number), now).unwrap();
        assert_eq!(chunk.is_last, number == last.chunk);
        assert_eq!(chunk.is_final, number < last.chunk);
        assert!(chunk.segments.len() <= SEGMENTS_PER_CHUNK);
        assert!(serde_json::to_vec(&chunk).unwrap().len() <= 100_000);
        segments.extend(chunk.segments);
        stops.extend(chunk.stops);
    }
    assert_eq!(
        (&segments[..], &stops[..]),
        (whole.segments(), whole.stops().as_slice())
    );
    assert_eq!(whole.chunk(Some(last.chunk + 1), now), None);
}

/// A chunk that is full may still change as long as one of its segments has not begun.
#[test]
fn a_full_chunk_is_final_once_its_last_segment_cannot_be_taken_back() {
    let (mut whole, now) = restless(1_000, SEGMENTS_PER_CHUNK as u64, 60_000);
    assert_eq!(
        ScheduleChunk::place(None, SEGMENTS_PER_CHUNK),
        Some((0, 0..SEGMENTS_PER_CHUNK))
    );
    assert_eq!(
        ScheduleChunk::place(None, SEGMENTS_PER_CHUNK + 1),
        Some((1, SEGMENTS_PER_CHUNK..SEGMENTS_PER_CHUNK + 1))
    );
    assert!(!whole.chunk(Some(0), now).unwrap().is_final, "it is the last one");
    let change = |rate| ScheduleChange {
        rate: Some(Rate::per_second(rate)),
        ..ScheduleChange::default()
    };
    let last_from = UnixMillis(whole.segments().last().unwrap().from_ms);
    whole.change(change(1), now);
    assert!(!whole.chunk(Some(0), last_from).unwrap().is_final);
    assert!(whole.chunk(Some(0), last_from.plus(1)).unwrap().is_final);
    // A lease that ended before it began leaves it open.
    whole.end_lease(UnixMillis(last_from.0 - 2_001));
    assert!(!whole.chunk(Some(0), last_from.plus(1)).unwrap().is_final);
}
