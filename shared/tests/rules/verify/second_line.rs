//! The second line: suspects have places of their own, and the records say how many have moved up.

use stanchion_shared::{
    draw::{
        place::place,
        record::{DrawRecord, Line, RecordSecondLine},
    },
    ids::{Shard, TicketNumber, Tier},
    verify::VerificationStep,
};

use super::harness::{MOVED_UP, PEOPLE, drawn_event, keys, record_altered};

/// Alters what the second draw says of the second line.
fn line_altered(alter: impl Fn(&mut RecordSecondLine)) -> Option<VerificationStep> {
    record_altered(|record| alter(record.second_line.as_mut().unwrap()))
}

fn places(record: &DrawRecord, line: Line) -> Vec<u64> {
    let tiers = record.tiers.iter().filter(|tier| record.line_of(tier.tier) == line);
    let numbers = tiers.flat_map(|counts| {
        let numbers_of = move |&(shard, count): &(Shard, u32)| {
            (0..count).map(move |number| TicketNumber {
                tier: counts.tier,
                shard,
                number,
            })
        };
        counts.shards.iter().flat_map(numbers_of)
    });
    let mut places: Vec<u64> = numbers.map(|number| place(record, number).unwrap().0).collect();
    places.sort_unstable();
    places
}

#[test]
fn each_line_has_its_places_once_over_all_draws() {
    let event = drawn_event();
    let suspects = u64::from(PEOPLE) / 5;
    let in_draw = u64::from(PEOPLE) - suspects;
    let first: Vec<u64> = event
        .records
        .iter()
        .flat_map(|record| places(record, Line::First))
        .collect();
    let moved_up = in_draw + 1..=in_draw + MOVED_UP;
    let all = (1..=2 * in_draw + MOVED_UP).filter(|place| !moved_up.contains(place));
    assert_eq!(first, all.collect::<Vec<_>>(), "but for those of suspects who moved up");
    let second: Vec<u64> = event
        .records
        .iter()
        .flat_map(|record| places(record, Line::Second))
        .collect();
    assert_eq!(second, (1..=2 * suspects).collect::<Vec<_>>());
}

#[test]
fn whoever_hides_or_invents_people_of_the_second_line_is_caught() {
    assert_eq!(line_altered(|line| line.before -= 1), Some(VerificationStep::Counts));
    let numbered_again = record_altered(|record| {
        record.second_line.as_mut().unwrap().before -= 1;
        record.tiers[2].first_place -= 1;
    });
    assert_eq!(numbered_again, Some(VerificationStep::Chain));
    let more_than_there_are = record_altered(|record| {
        let line = record.second_line.as_mut().unwrap();
        let added = line.before + 1 - line.moved_up;
        line.moved_up += added;
        record.first_place += added;
        record.tiers[0].first_place += added;
        record.tiers[1].first_place += added;
    });
    assert_eq!(more_than_there_are, Some(VerificationStep::Chain));
    let places_for_nobody = line_altered(|line| line.moved_up -= 1);
    assert_eq!(places_for_nobody, Some(VerificationStep::Chain));
    let unsigned = drawn_event().caught_at(|_, published| {
        published.records[1].record.second_line.as_mut().unwrap().moved_up += 1;
    });
    assert_eq!(unsigned, Some(VerificationStep::Signature));
}

#[test]
fn suspects_cannot_be_put_back_into_the_first_line() {
    let without = record_altered(|record| {
        record.second_line = None;
        record.first_place -= MOVED_UP;
        let mut next = record.first_place;
        for tier in &mut record.tiers {
            tier.first_place = next;
            next += tier.count;
        }
    });
    assert_eq!(without, Some(VerificationStep::Chain));
}

#[test]
fn an_event_whose_first_draws_an_earlier_version_closed_goes_on() {
    // The suspects of the first draw have places behind its humans, as that version gave them.
    let continued = |alter: &dyn Fn(&mut DrawRecord)| {
        drawn_event().caught_at(|event, published| {
            let mut first = event.records[0].clone();
            first.second_line = None;
            first.tiers[2].first_place = first.tiers[1].first_place + first.tiers[1].count;
            let mut second = event.records[1].clone();
            second.previous = first.hash();
            second.second_line = Some(RecordSecondLine::default());
            let first_place = first.last_place() + 1;
            let moved = first_place - second.first_place;
            second.first_place = first_place;
            second.tiers[0].first_place += moved;
            second.tiers[1].first_place += moved;
            second.tiers[2].first_place = 1;
            alter(&mut second);
            event.claimed.place = None;
            published.records = vec![first.sign(&keys()), second.sign(&keys())];
        })
    };
    assert_eq!(continued(&|_| {}), None);
    let counted_twice = continued(&|second| {
        second.second_line.as_mut().unwrap().before = u64::from(PEOPLE) / 5;
        second.tiers[Tier::Suspect.index()].first_place = u64::from(PEOPLE) / 5 + 1;
    });
    assert_eq!(counted_twice, Some(VerificationStep::Chain));
}
