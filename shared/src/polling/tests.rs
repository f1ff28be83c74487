use super::*;

const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

fn tag(number: u64) -> Tag {
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&number.wrapping_mul(0x9e37_79b9_7f4a_7c15).to_be_bytes());
    Tag(bytes)
}

#[test]
fn the_spread_is_what_all_fans_need_and_doubles_at_its_bounds() {
    for (joined, spread) in [
        (0, 1_000),
        (160_000, 1_000),
        (160_001, 2_000),
        (320_000, 2_000),
        (10_000_000, 64_000),
        (10_240_000, 64_000),
        (10_240_001, 128_000),
        (163_840_000, LONGEST_SPREAD_MS),
        (163_840_001, LONGEST_SPREAD_MS),
        (u64::MAX, LONGEST_SPREAD_MS),
    ] {
        assert_eq!(spread_ms(joined), spread, "{joined}");
        assert_eq!(shortest_turn_ms(joined), SPREADS_IN_TURN * spread);
    }
}

#[test]
fn near_the_turn_the_interval_is_halved_as_often_as_its_part_of_the_budget_pays() {
    for (spread_ms, per_second, near_ms) in [
        (64_000, 0, SHORTEST_POLL_MS),
        (64_000, 1_904, SHORTEST_POLL_MS),
        // Seven times three polls for each of 1,905 places are more than 40,000.
        (64_000, 1_905, 2_000),
        (64_000, 6_666, 32_000),
        (64_000, 6_667, 64_000),
        (64_000, 1_000_000, 64_000),
        (1_000, 1, SHORTEST_POLL_MS),
    ] {
        assert_eq!(near_interval_ms(spread_ms, per_second * 1_000), near_ms, "{per_second}");
    }
}

#[test]
fn an_interval_is_the_longest_that_is_not_longer() {
    for (ms, interval) in [
        (0, SHORTEST_POLL_MS),
        (1_999, SHORTEST_POLL_MS),
        (2_000, 2_000),
        (63_999, 32_000),
        (64_000, LONGEST_POLL_MS),
        (LONGEST_SPREAD_MS - 1, 512_000),
        (LONGEST_SPREAD_MS, LONGEST_SPREAD_MS),
        (u64::MAX, LONGEST_SPREAD_MS),
    ] {
        assert_eq!(interval_within(ms), interval, "{ms}");
    }
}

#[test]
fn every_length_that_is_named_is_one_that_poll_times_can_have() {
    for length in [
        SHORTEST_POLL_MS,
        UNKNOWN_POLL_MS,
        LONGEST_POLL_MS,
        LONGEST_EARLY_POLL_MS,
        LONGEST_SPREAD_MS,
    ] {
        assert_eq!(interval_within(length), length);
    }
}

#[test]
fn poll_times_come_once_in_every_interval_and_long_ones_are_short_ones_too() {
    for number in 0..1_000 {
        let poll_times = PollTimes::of(tag(number));
        let mut shorter = poll_times.at_or_before(NOW, SHORTEST_POLL_MS);
        assert!(NOW.since(shorter) < SHORTEST_POLL_MS);
        let mut interval_ms = SHORTEST_POLL_MS;
        while interval_ms < LONGEST_SPREAD_MS {
            interval_ms *= 2;
            let poll_time = poll_times.at_or_before(NOW, interval_ms);
            assert!(poll_time <= shorter && shorter.since(poll_time) < interval_ms);
            assert_eq!(
                poll_times.at_or_before(poll_time, SHORTEST_POLL_MS),
                poll_time,
                "a poll time of the shortest interval"
            );
            assert_eq!(poll_times.after(NOW, interval_ms), poll_time.plus(interval_ms));
            assert_eq!(
                poll_times.after(poll_time, interval_ms),
                poll_time.plus(interval_ms),
                "after means after"
            );
            assert_eq!(poll_times.after(poll_time.minus(1), interval_ms), poll_time);
            shorter = poll_time;
        }
    }
}

#[test]
fn offsets_are_spread_evenly_over_the_longest_interval() {
    let mut parts = [0_u32; 16];
    for number in 0..16_000 {
        let poll_time = PollTimes::of(tag(number)).at_or_before(NOW, LONGEST_SPREAD_MS);
        parts[(NOW.since(poll_time) * 16 / LONGEST_SPREAD_MS) as usize] += 1;
    }
    // A thousand in each; five standard deviations are 153.
    assert!(parts.iter().all(|part| part.abs_diff(1_000) < 153), "{parts:?}");
}
