//! Before the on-sale: a countdown is watched, and nobody is drawn yet.

use stanchion_shared::{
    ids::{Draw, Tag},
    polling::LONGEST_EARLY_POLL_MS,
    queue_status::Standing,
    schedule::Schedule,
};

use super::{ON_SALE, TEN_MILLION, assert_within_budget, polls, tag};
use crate::snapshots::drawn;

#[test]
fn ten_million_who_ask_in_one_instant_are_within_the_budget_before_the_on_sale() {
    for (before_s, seconds) in [(6 * 3_600, 1_200), (700, 690), (200, 400), (30, 300), (1, 300)] {
        let from = ON_SALE.minus(before_s * 1_000);
        let counted = polls(from, seconds, |_, now| {
            let snapshot = drawn(ON_SALE, Schedule::default(), TEN_MILLION, now);
            // Nobody is drawn yet: after the on-sale everybody is told so.
            let standing = snapshot.standing(Draw(0), None, Tag([0; 16]), now);
            Some((snapshot, standing))
        });
        assert_within_budget(&counted, &format!("{before_s} s before"));
    }
}

#[test]
fn hours_before_the_on_sale_a_page_asks_once_in_some_minutes() {
    let now = ON_SALE.minus(6 * 3_600_000);
    let snapshot = drawn(ON_SALE, Schedule::default(), 1_000, now);
    for fan in 0..1_000 {
        let after = snapshot.poll_after_ms(Standing::PreQueue, tag(fan), now);
        assert!(
            (LONGEST_EARLY_POLL_MS / 2..=LONGEST_EARLY_POLL_MS * 3 / 2).contains(&after),
            "{after}"
        );
    }
}

#[test]
fn the_last_poll_before_the_draw_is_spread_over_what_the_crowd_needs() {
    for (joined, spread) in [(1_000, 1_000), (TEN_MILLION, 64_000)] {
        let now = ON_SALE.minus(2_000);
        let snapshot = drawn(ON_SALE, Schedule::default(), joined, now);
        let after = |fan| snapshot.poll_after_ms(Standing::PreQueue, tag(fan), now);
        let told: Vec<u64> = (0..2_000).map(after).collect();
        let (least, longest) = (told.iter().min().unwrap(), told.iter().max().unwrap());
        assert!(*least >= 2_000 && *longest < 2_000 + spread, "{least} to {longest}");
        assert!(longest - least > spread * 9 / 10);
    }
}
