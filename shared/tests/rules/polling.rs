//! The poll law: within its budget in every phase, early enough for every turn, and nobody gains by
//! asking more often than told.

use stanchion_shared::{
    epochs::Epochs,
    event_settings::{DRAW_WINDOW_MS, EventSettings, SHOPPING_MS, TURN_MS},
    ids::{Bytes32, Draw, EventId, Place, ShardCount, Tag},
    policy::QueuePolicy,
    polling::{
        EARLY_POLL_MS, LONGEST_EARLY_POLL_MS, LONGEST_POLL_MS, POLLS_PER_SECOND, SHORTEST_POLL_MS, UNKNOWN_POLL_MS,
        shortest_turn_ms, spread_ms,
    },
    queue_status::Standing,
    schedule::{LEASE_MS, Rate, Schedule, ScheduleChange},
    score::counts::ScoreCounts,
    snapshot::Snapshot,
    timestamp::UnixMillis,
};

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

fn snapshot(schedule: Schedule, joined: u64, now: UnixMillis) -> Snapshot {
    Snapshot {
        frozen: None,
        missing: Vec::new(),
        meter: None,
        sessions: Default::default(),
        ended: Default::default(),
        at_once: None,
        as_of: now,
        event_id: EventId::parse("e").unwrap(),
        settings: EventSettings {
            name: "E".to_owned(),
            on_sale_time: ON_SALE,
            shards: ShardCount::DEFAULT,
            draw_window_ms: DRAW_WINDOW_MS.default,
            turn_ms: TURN_MS.default,
            shopping_ms: SHOPPING_MS.default,
            challenge_max_number: 1_000,
            policy: QueuePolicy::default(),
        },
        version: 1,
        commitment: Bytes32([0; 32]),
        joined,
        draws_closed: 1,
        last_closed: Some(Draw(0)),
        last_place: joined,
        in_second_line: 0,
        schedule,
        paused: false,
        sold_out: false,
        epochs: Epochs::default(),
        scores: ScoreCounts::default(),
        joins_per_second: 0,
    }
}

/// Places a second that the meter puts in a second of the on-sale; `None`: it is silent.
type RateAt = fn(u64) -> Option<u64>;

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
        snapshot(self.known[second.min(self.known.len() - 1)].clone(), self.joined, now)
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

#[test]
fn ten_million_who_ask_in_one_instant_are_within_the_budget_before_the_on_sale() {
    for (before_s, seconds) in [(6 * 3_600, 1_200), (700, 690), (200, 400), (30, 300), (1, 300)] {
        let from = ON_SALE.minus(before_s * 1_000);
        let counted = polls(from, seconds, |_, now| {
            let snapshot = snapshot(Schedule::default(), TEN_MILLION, now);
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
    let snapshot = snapshot(Schedule::default(), 1_000, now);
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
        let snapshot = snapshot(Schedule::default(), joined, now);
        let after = |fan| snapshot.poll_after_ms(Standing::PreQueue, tag(fan), now);
        let told: Vec<u64> = (0..2_000).map(after).collect();
        let (least, longest) = (told.iter().min().unwrap(), told.iter().max().unwrap());
        assert!(*least >= 2_000 && *longest < 2_000 + spread, "{least} to {longest}");
        assert!(longest - least > spread * 9 / 10);
    }
}

#[test]
fn ten_million_are_within_the_budget_while_they_wait_while_it_is_paused_and_while_it_stands_still() {
    // Nobody is admitted at all; a pace and then a pause; a silent meter; a steady line, and bursts.
    let cases: [(&str, RateAt); 5] = [
        ("a standstill", |_| Some(0)),
        ("a pause", |second| Some(if second < 200 { 1_000 } else { 0 })),
        ("a stop", |second| (second < 200).then_some(1_000)),
        ("a steady line", |_| Some(1_000)),
        ("bursts", |second| Some(if second % 90 < 30 { 3_000 } else { 0 })),
    ];
    for (phase, rate) in cases {
        let on_sale = OnSale::of(TEN_MILLION, TURN_MS.default, 360, rate);
        let snapshots = on_sale.snapshots();
        let counted = polls(at(220), 140, |fan, now| {
            let snapshot = snapshots.get((now.since(ON_SALE) / 1000) as usize)?;
            let place = Place(1 + fan * (TEN_MILLION / FANS));
            let standing = snapshot.standing(Draw(0), Some(place), tag(fan), now);
            // Who has a turn goes to the shop.
            matches!(standing, Standing::Waiting { .. }).then(|| (snapshot.clone(), standing))
        });
        assert_within_budget(&counted, phase);
    }
}

#[test]
fn fans_near_their_turn_ask_more_often_and_stay_within_their_part() {
    let spread = spread_ms(TEN_MILLION);
    for (rate, shortest) in [(1_000, 1_000), (1_950, 2_000), (6_600, spread / 2), (20_000, spread)] {
        let on_sale = OnSale::of(TEN_MILLION, TURN_MS.default, 200, |_| Some(rate));
        let snapshot = on_sale.snapshot(at(199));
        let served = snapshot.schedule.served(at(199));
        let mut near_polls = 0.0;
        let mut least = u64::MAX;
        // Everybody who waits for less than three spreads, one in a hundred.
        for ahead in (1..rate * 3 * spread / 1000).step_by(100) {
            let pace = |instant| snapshot.schedule.pace(instant);
            let interval = snapshot.poll_interval(Place(served + ahead), tag(ahead), at(199), &pace);
            let interval_ms = interval.until.since(interval.since);
            least = least.min(interval_ms);
            if interval_ms < spread {
                near_polls += 100.0 * 1000.0 / interval_ms as f64;
            }
        }
        assert_eq!(least, shortest, "at {rate} a second");
        assert!(
            near_polls <= 0.2 * POLLS_PER_SECOND as f64 * 1.1,
            "{near_polls} polls a second at {rate}"
        );
    }
}

#[test]
fn few_fans_are_told_their_turn_within_about_a_second() {
    let on_sale = OnSale::of(300, TURN_MS.default, 60, |_| Some(10));
    for fan in 0..300 {
        let turn_at = on_sale.known[59].turn_at(Place(fan + 1)).unwrap();
        let arrives = arrival(&on_sale, fan, Place(fan + 1), at(2));
        assert!(arrives.since(turn_at) <= 1_100, "{}", arrives.since(turn_at));
    }
}

/// When a fan who asks as told is told of the turn.
fn arrival(on_sale: &OnSale, fan: u64, place: Place, from: UnixMillis) -> UnixMillis {
    let mut now = from;
    loop {
        let snapshot = on_sale.snapshot(now);
        match snapshot.standing(Draw(0), Some(place), tag(fan), now) {
            Standing::Turn { .. } => return now,
            standing => now = now.plus(snapshot.poll_after_ms(standing, tag(fan), now)),
        }
        assert!(now < on_sale.ends(), "{fan} never came");
    }
}

#[test]
fn who_asks_ten_times_a_second_is_told_of_the_turn_no_sooner_than_who_asks_as_told() {
    let rates: [fn(u64) -> u64; 4] = [
        |_| 50,
        |second| if second % 45 < 15 { 150 } else { 0 },
        // An admin raises the limit to forty times.
        |second| if second < 150 { 10 } else { 400 },
        |second| if (60..150).contains(&second) { 0 } else { 80 },
    ];
    for rate in rates {
        for joined in [20_000, 1_000_000] {
            let on_sale = OnSale::of(joined, TURN_MS.default, 320, |second| Some(rate(second)));
            let served = on_sale.known.last().unwrap().served(on_sale.ends().minus(70_000));
            assert!(served > 1_000, "{served}");
            for fan in (0..served).step_by(29) {
                let place = Place(fan + 1);
                // Places are known when the draw is closed; each fan asks once within the spread.
                let first = at(2).plus(fan * 37 % spread_ms(joined));
                let told = arrival(&on_sale, fan, place, first);
                let mut impatient = first;
                while !matches!(
                    on_sale
                        .snapshot(impatient)
                        .standing(Draw(0), Some(place), tag(fan), impatient),
                    Standing::Turn { .. }
                ) {
                    impatient = impatient.plus(100);
                }
                assert!(
                    told <= impatient.plus(EARLY_POLL_MS),
                    "{joined} joined, place {}: {} ms sooner",
                    place.0,
                    told.since(impatient)
                );
            }
        }
    }
}

#[test]
fn a_client_that_asks_too_early_is_told_what_it_knows_and_the_same_instant() {
    let on_sale = OnSale::of(TEN_MILLION, TURN_MS.default, 200, |_| Some(1_000));
    let place = Place(500_000);
    let first = at(120);
    let known = on_sale.snapshot(first).standing(Draw(0), Some(place), tag(1), first);
    let Standing::Waiting { ahead, poll_at, .. } = known else {
        panic!("{known:?}");
    };
    assert!(poll_at.since(first) > 2_000);
    for ms in (0..poll_at.since(first) - EARLY_POLL_MS).step_by(500) {
        let now = first.plus(ms);
        let told = on_sale.snapshot(now).standing(Draw(0), Some(place), tag(1), now);
        let Standing::Waiting {
            ahead: again,
            poll_at: at_again,
            ..
        } = told
        else {
            panic!("{told:?}");
        };
        assert_eq!((again, at_again), (ahead, poll_at), "after {ms} ms");
    }
    for (early, is_new) in [(EARLY_POLL_MS, true), (EARLY_POLL_MS + 1, false)] {
        let now = poll_at.minus(early);
        let told = on_sale.snapshot(now).standing(Draw(0), Some(place), tag(1), now);
        assert_eq!(
            matches!(told, Standing::Waiting { ahead: again, .. } if again < ahead),
            is_new,
            "{early} ms early"
        );
    }
}

#[test]
fn no_fan_is_told_to_come_later_than_half_of_what_is_left_of_a_turn() {
    // The shortest turn, and the one that ten million need.
    for (joined, turn_ms) in [(1_000, TURN_MS.least), (TEN_MILLION, shortest_turn_ms(TEN_MILLION))] {
        // A line that hardly moves, and then everybody is served at once.
        let on_sale = OnSale::of(joined, turn_ms, 900, |second| {
            Some(if second < 300 { 1 } else { 100_000 })
        });
        for fan in 0..200 {
            let place = Place(joined / 2 + fan);
            let turn_at = on_sale.known.last().unwrap().turn_at(place).unwrap();
            let arrives = arrival(&on_sale, fan, place, at(250).plus(fan * 50));
            assert!(
                arrives.since(turn_at) <= turn_ms / 2,
                "{} ms after the turn of {turn_ms} ms",
                arrives.since(turn_at)
            );
        }
    }
}

#[test]
fn in_a_turn_that_nobody_claims_half_of_what_is_left_is_the_most() {
    let now = at(0);
    let snapshot = snapshot(Schedule::default(), TEN_MILLION, now);
    for left_ms in [600_000, 60_000, 5_000, 2_000, 1_000] {
        let (turn_at, claim_before) = (now, now.plus(left_ms));
        for fan in 0..100 {
            let after = snapshot.poll_after_ms(Standing::Turn { turn_at, claim_before }, tag(fan), now);
            assert!(after <= (left_ms / 2).max(SHORTEST_POLL_MS), "{after} of {left_ms}");
        }
    }
}

#[test]
fn while_the_queue_cannot_be_read_polls_stay_spread_within_the_budget() {
    let old = snapshot(Schedule::default(), TEN_MILLION, at(0));
    let mut polls = vec![0; 300];
    for fan in 0..FANS {
        let mut now = at(100);
        while now < at(400) {
            now = now.plus(old.idle_poll_after_ms(tag(fan), now));
            if let Some(polls) = polls.get_mut((now.since(at(100)) / 1000) as usize) {
                *polls += 1;
            }
        }
    }
    assert_within_budget(&polls, "silence");
    let few = snapshot(Schedule::default(), 1_000, at(0));
    let after = (0..1_000).map(|fan| few.idle_poll_after_ms(tag(fan), at(100)));
    assert!(after.max().unwrap() <= UNKNOWN_POLL_MS + EARLY_POLL_MS);
}

#[test]
fn a_place_is_called_when_every_punctual_fan_could_have_asked() {
    let rates: [fn(u64) -> u64; 3] = [
        |_| 50,
        |second| if second % 45 < 15 { 150 } else { 0 },
        |second| {
            if second < 150 { 10 } else { 400 }
        },
    ];
    for rate in rates {
        for joined in [20_000, TEN_MILLION] {
            let on_sale = OnSale::of(joined, TURN_MS.default, 400, |second| Some(rate(second)));
            let mut called_at = Vec::new();
            let mut before = 0;
            for second in 0..400 {
                let snapshot = on_sale.snapshot(at(second));
                let called = snapshot.called(at(second));
                assert!(called <= snapshot.schedule.served(at(second)));
                // A place that is called stays so but for what the changed pace says of the last minute.
                before = called.max(before);
                called_at.resize(before as usize, at(second));
            }
            let whole = on_sale.known.last().unwrap();
            assert!(before > 1_000, "{before} were called");
            for fan in (0..before - 1).step_by(31) {
                let place = Place(fan + 1);
                let arrives = arrival(&on_sale, fan, place, at(2).plus(fan * 37 % spread_ms(joined)));
                let called = called_at[fan as usize];
                assert!(
                    arrives <= called.plus(1_100),
                    "{joined} joined, place {}: turn {}, asked {}, called {}",
                    place.0,
                    whole.turn_at(place).unwrap().since(ON_SALE),
                    arrives.since(ON_SALE),
                    called.since(ON_SALE)
                );
            }
        }
    }
}

#[test]
fn with_few_fans_and_a_known_pace_nobody_waits_longer_than_told_or_the_longest_interval() {
    let on_sale = OnSale::of(50_000, TURN_MS.default, 200, |_| Some(10));
    let snapshot = on_sale.snapshot(at(199));
    let served = snapshot.schedule.served(at(199));
    for (ahead, longest) in [
        (1, 1_000),
        (29, 1_000),
        (100, 4_000),
        (1_000, 32_000),
        (10_000, LONGEST_POLL_MS),
    ] {
        for fan in 0..50 {
            let now = at(199).plus(fan * 13);
            let standing = snapshot.standing(Draw(0), Some(Place(served + ahead)), tag(fan), now);
            if matches!(standing, Standing::Turn { .. }) {
                continue;
            }
            let after = snapshot.poll_after_ms(standing, tag(fan), now);
            assert!(
                (EARLY_POLL_MS..=longest + EARLY_POLL_MS).contains(&after),
                "{ahead} ahead: {after} ms"
            );
        }
    }
    // Nobody knows how long a line takes that has not moved.
    let still = OnSale::of(50_000, TURN_MS.default, 400, |_| Some(0)).snapshot(at(399));
    let standing = still.standing(Draw(0), Some(Place(9)), tag(3), at(399));
    assert!(still.poll_after_ms(standing, tag(3), at(399)) <= UNKNOWN_POLL_MS + EARLY_POLL_MS);
}
