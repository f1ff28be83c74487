//! The poll law: within its budget in every phase, early enough for every turn, and nobody gains by
//! asking more often than told.
//!
//! This file has what the tests play: an on-sale, and fans who ask as told.

mod before_the_on_sale;
mod turns;
mod waiting;

use stanchion_shared::{
    ids::Tag,
    polling::{POLLS_PER_SECOND, spread_ms},
    queue_status::Standing,
    schedule::{LEASE_MS, Rate, Schedule, ScheduleChange},
    snapshot::Snapshot,
    timestamp::UnixMillis,
};

use crate::snapshots::drawn;

const ON_SALE: UnixMillis = UnixMillis(1_800_000_000_000);
const TEN_MILLION: u64 = 10_000_000;
/// Fans who are looked at; each stands for many.
const FANS: u64 = 20_000;

fn at(seconds: u64) -> UnixMillis {
    ON_SALE.plus(seconds * 1000)
}

/// Splitmix64, so that tags are as evenly spread as an HMAC's.
fn tag(fan: u64) -> Tag {
    let mut word = fan
        .wrapping_mul(0x9e37_79b9_7f4a_7c15)
        .wrapping_add(0x1234_5678_9abc_def1);
    word = (word ^ (word >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    word = (word ^ (word >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    let mut bytes = [0; 16];
    bytes[8..].copy_from_slice(&(word ^ (word >> 31)).to_be_bytes());
    Tag(bytes)
}

/// An on-sale second by second: everybody is drawn when it begins, and the meter puts a rate.
struct OnSale {
    joined: u64,
    /// The schedule as it is known from each second on.
    known: Vec<Schedule>,
}

impl OnSale {
    /// `rate` in places per second; `None` where the meter is silent.
    fn of(joined: u64, turn_ms: u64, seconds: u64, rate: impl Fn(u64) -> Option<u64>) -> OnSale {
        let mut schedule = Schedule::default();
        let turn = ScheduleChange {
            turn_ms: Some(turn_ms),
            ..ScheduleChange::default()
        };
        schedule.change(turn, ON_SALE.minus(60_000));
        // The meter is at work before the on-sale.
        let at_first = ScheduleChange {
            rate: rate(0).map(Rate::per_second),
            ..ScheduleChange::default()
        };
        schedule.change(at_first, ON_SALE.minus(10_000));
        let mut known = Vec::new();
        for second in 0..seconds {
            if second == 1 {
                schedule.open_later(joined, None, spread_ms(joined), at(second));
            }
            if let Some(rate) = rate(second) {
                schedule.renew(LEASE_MS.default, at(second));
                let rate = Some(Rate::per_second(rate));
                let change = ScheduleChange {
                    rate,
                    ..ScheduleChange::default()
                };
                schedule.change(change, at(second));
            }
            known.push(schedule.clone());
        }
        OnSale { joined, known }
    }

    fn snapshot(&self, now: UnixMillis) -> Snapshot {
        let second = (now.since(ON_SALE) / 1000) as usize;
        drawn(
            ON_SALE,
            self.known[second.min(self.known.len() - 1)].clone(),
            self.joined,
            now,
        )
    }

    fn ends(&self) -> UnixMillis {
        at(self.known.len() as u64)
    }

    /// The snapshots of all seconds.
    fn snapshots(&self) -> Vec<Snapshot> {
        (0..self.known.len() as u64)
            .map(|second| self.snapshot(at(second)))
            .collect()
    }
}

/// Everybody asks at `from`, all in the same instant, and then as told. Returns how many asked in
/// each second after it. `standing` is that of a fan at an instant, with the snapshot.
fn polls(
    from: UnixMillis,
    seconds: u64,
    standing: impl Fn(u64, UnixMillis) -> Option<(Snapshot, Standing)>,
) -> Vec<u64> {
    let mut polls = vec![0; seconds as usize];
    for fan in 0..FANS {
        let mut now = from;
        while let Some((snapshot, standing)) = standing(fan, now) {
            now = now.plus(snapshot.poll_after_ms(standing, tag(fan), now));
            let second = now.since(from) / 1000;
            if second >= seconds {
                break;
            }
            polls[second as usize] += 1;
        }
    }
    polls
}

/// The most polls in a second that [`FANS`] who stand for ten million may make: the budget's share
/// and five standard deviations.
fn most() -> u64 {
    let expected = (FANS * POLLS_PER_SECOND / TEN_MILLION) as f64;
    (expected + 5.0 * expected.sqrt()) as u64
}

fn assert_within_budget(polls: &[u64], phase: &str) {
    let highest = *polls.iter().max().unwrap();
    assert!(
        highest <= most(),
        "{phase}: {highest} polls in a second, {} allowed",
        most()
    );
    assert!(polls.iter().sum::<u64>() > 0, "{phase}: nobody asked");
}
