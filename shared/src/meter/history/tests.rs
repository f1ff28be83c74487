use super::*;
use crate::meter::{MeterLimits, MeterReading, Stock, decide};

const START: UnixMillis = UnixMillis(1_800_000_000_000);

fn after(seconds: u64) -> UnixMillis {
    START.plus(seconds * 1000)
}

/// Everybody who was served could have asked at once.
fn prompt(served: u64) -> LineReading {
    LineReading { served, called: served }
}

#[test]
fn places_called_within_ten_seconds_are_on_their_way_and_older_ones_are_not() {
    let mut history = MeterHistory::new(Rate::ZERO);
    for second in 0..=30 {
        history.saw(after(second), prompt(second * 7));
    }
    assert_eq!(history.on_their_way(after(30), 0, 0), 70);
}

#[test]
fn a_place_is_on_its_way_until_ten_seconds_after_its_fan_could_have_asked() {
    let mut history = MeterHistory::new(Rate::ZERO);
    // Fans ask once a minute: each is called a minute after the turn.
    for second in 0..=200_u64 {
        let called = second.saturating_sub(64) * 7;
        let served = second * 7;
        history.saw(after(second), LineReading { served, called });
    }
    assert_eq!(history.on_their_way(after(200), 0, 0), (64 + 10) * 7);
    assert_eq!(history.on_their_way(after(200), 100, 0), (64 + 10) * 7 - 100);
}

#[test]
fn who_has_been_seen_is_not_on_the_way_any_more() {
    let mut history = MeterHistory::new(Rate::ZERO);
    history.saw(after(0), prompt(0));
    history.saw(after(1), prompt(50));
    assert_eq!(history.on_their_way(after(1), 20, 0), 30);
    assert_eq!(history.on_their_way(after(1), 51, 0), 0);
}

#[test]
fn after_a_restart_the_last_rate_is_assumed_until_ten_seconds_were_watched() {
    let mut history = MeterHistory::new(Rate::per_second(5));
    history.saw(after(0), prompt(1_000));
    assert_eq!(history.on_their_way(after(0), 0, 0), 50);
    history.saw(after(4), prompt(1_010));
    assert_eq!(history.on_their_way(after(4), 0, 0), 10 + 30);
    history.saw(after(10), prompt(1_010));
    assert_eq!(history.on_their_way(after(10), 0, 0), 10);
}

#[test]
fn what_was_decided_and_not_yet_done_counts_as_far_as_anybody_waits() {
    let mut history = MeterHistory::new(Rate::ZERO);
    history.saw(after(0), prompt(0));
    history.put_rate(after(0), Rate::per_second(100));
    history.put_rate(after(1), Rate::per_second(40));
    assert_eq!(history.on_their_way(after(1), 0, 10_000), 100);
    assert_eq!(history.on_their_way(after(2), 0, 10_000), 140);
    assert_eq!(history.on_their_way(after(2), 0, 3), 3);
    assert_eq!(history.on_their_way(after(9), 0, 10_000), 80);
}

#[test]
fn the_past_does_not_grow_without_bound() {
    let mut history = MeterHistory::new(Rate::ZERO);
    for second in 0..1_000 {
        history.saw(after(second), prompt(second));
        history.put_rate(after(second), Rate::per_second(second));
    }
    assert!(history.line.len() <= 12 && history.rates.len() <= 4);
}

/// A closed loop. The edge serves at the rates put, each from two seconds later on. Fans are seen
/// three seconds after they were served, and shop for a minute. Returns how many fans were in the
/// shop or on their way, second by second.
fn simulate(limits: &MeterLimits, seconds: u64) -> Vec<u64> {
    let mut history = MeterHistory::new(Rate::ZERO);
    let (mut rates, mut served_by) = (Vec::new(), vec![0]);
    let mut inside = Vec::new();
    for second in 0..seconds {
        let served_at = |back: u64| second.checked_sub(back).map_or(0, |then| served_by[then as usize]);
        let (served, seen, left) = (served_at(0), served_at(3), served_at(63));
        history.saw(after(second), prompt(served));
        let lately_seen = seen.saturating_sub(history.long_called(after(second)));
        let observed = MeterReading {
            shopping: u32::try_from(seen - left).unwrap(),
            on_their_way: history.on_their_way(after(second), u32::try_from(lately_seen).unwrap(), u64::MAX / 2),
            stock: Stock::Uncounted,
            paused: false,
            rate: rates.last().copied().unwrap_or(Rate::ZERO),
        };
        let rate = decide(limits, &observed).rate;
        history.put_rate(after(second), rate);
        rates.push(rate);
        let in_force = second.checked_sub(2).map_or(Rate::ZERO, |then| rates[then as usize]);
        served_by.push(served + in_force.milli().div_ceil(1000));
        inside.push(served - left);
    }
    inside
}

#[test]
fn the_shop_fills_up_and_never_over_the_limit() {
    for (most_shoppers, most_per_second) in [(1_000, 1_000), (1_000, 20), (50, 1_000), (20_000, 500)] {
        let limits = MeterLimits {
            most_per_second: Rate::per_second(most_per_second),
            most_shoppers,
        };
        let inside = simulate(&limits, 300);
        let (most, last) = (inside.iter().max().unwrap(), inside.last().unwrap());
        // Only the rounding up to whole places in every second of the loop may add fans.
        assert!(
            *most <= u64::from(most_shoppers) + 5,
            "{most} of {most_shoppers} at {most_per_second}"
        );
        let reachable = u64::from(most_shoppers).min(most_per_second * 60);
        assert!(last * 10 >= reachable * 8, "{last} of {reachable}");
    }
}
