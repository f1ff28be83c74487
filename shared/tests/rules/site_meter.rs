//! The meter of a protected site in a closed loop: the real schedule, people of every kind, a site
//! with a capacity of its own, and shards and gates that tell late.

use std::collections::BTreeMap;

use stanchion_shared::{
    meter::{
        ANSWER_GROUPS, AnswerCounts, AnswerGroup, BrakeLimits, LineReading, SiteAnswers, SiteLimits, SiteMeter,
        SiteReading,
    },
    schedule::{LEASE_MS, Rate, Schedule, ScheduleChange},
    timestamp::UnixMillis,
};

const START: UnixMillis = UnixMillis(1_800_000_000_000);
/// Sessions and answers are known so many seconds after they were.
const TOLD_AFTER: u64 = 2;
/// Fans ask so often, in seconds.
const ASKED_EVERY: u64 = 4;
/// A person who is in asks the site for something so often, in seconds.
const REQUEST_EVERY: u64 = 5;
/// A session of somebody who stays to its end, in seconds.
const WHOLE_SESSION: u64 = 600;

fn at(second: u64) -> UnixMillis {
    START.plus(second * 1_000)
}

/// What a fan does at the turn: comes after so many seconds and stays for so many.
type Person = Option<(u64, u64)>;

/// How the site answers everybody who asks, with so many sessions in a second.
type Site = fn(second: u64, active: u64) -> AnswerCounts;

struct Setting {
    per_minute: u64,
    at_once: u32,
    /// The person of a place.
    person: fn(place: u64) -> Person,
    site: Site,
    /// In these seconds the coordinator is away: nobody meters, and no turn is told.
    away: std::ops::Range<u64>,
}

/// One second, as it was.
#[derive(Clone, Copy, Default)]
struct Second {
    served: u64,
    begun: u64,
    active: u64,
    answers: SiteAnswers,
}

fn requests(active: u64) -> u64 {
    active.div_ceil(REQUEST_EVERY)
}

fn well(_: u64, active: u64) -> AnswerCounts {
    AnswerCounts {
        well: requests(active),
        ..AnswerCounts::default()
    }
}

/// The answers of a second, as sessions of all groups get them in turn.
fn in_groups(second: u64, counts: AnswerCounts) -> SiteAnswers {
    let mut answers = SiteAnswers::default();
    let groups = ANSWER_GROUPS as u64;
    for (number, group) in (0..).zip(AnswerGroup::all()) {
        let turn = (number + second * 7) % groups;
        let part = |count: u64| count / groups + u64::from(turn < count % groups);
        let counts = AnswerCounts {
            well: part(counts.well),
            failed: part(counts.failed),
            slow: part(counts.slow),
        };
        answers.add(SiteAnswers::of(group, counts));
    }
    answers
}

fn sits(place: u64) -> Person {
    Some((place % ASKED_EVERY, WHOLE_SESSION))
}

/// Stays for up to twenty minutes, ten on average.
fn stays(place: u64) -> Person {
    let length = (place.wrapping_mul(2_654_435_761) >> 7) % (2 * WHOLE_SESSION - 59);
    Some((place % ASKED_EVERY, 30 + length))
}

impl Setting {
    fn good(per_minute: u64, at_once: u32) -> Setting {
        Setting {
            per_minute,
            at_once,
            person: sits,
            site: well,
            away: 0..0,
        }
    }

    fn limits(&self) -> SiteLimits {
        SiteLimits {
            most_per_second: Rate::from_milli(self.per_minute * 1_000 / 60),
            at_once: self.at_once,
            brake: BrakeLimits::default(),
            called_ahead: 0,
        }
    }

    fn play(&self, seconds: u64) -> Played {
        let everybody = 10_000_000;
        let limits = self.limits();
        let mut schedule = Schedule::default();
        let opened = ScheduleChange {
            rate: Some(limits.first_rate()),
            turn_ms: Some(60_000),
            session_ms: Some(WHOLE_SESSION * 1_000),
            last_place: Some(everybody),
            second_line: None,
        };
        schedule.change(opened, START);
        schedule.renew(LEASE_MS.default, START);
        let mut meter = SiteMeter::new(Rate::ZERO);
        let (mut begins, mut ends) = (BTreeMap::new(), BTreeMap::new());
        let mut past: Vec<Second> = vec![Second::default()];
        for second in 1..seconds {
            let now = at(second);
            let is_away = self.away.contains(&second);
            let before = past[second as usize - 1];
            let mut this = Second {
                served: before.served,
                ..before
            };
            if !is_away {
                this.served = schedule.served(now);
                for place in before.served + 1..=this.served {
                    if let Some((comes, stays)) = (self.person)(place) {
                        *begins.entry(second + comes).or_insert(0) += 1;
                        *ends.entry(second + comes + stays).or_insert(0) += 1;
                    }
                }
                let begin: u64 = take_until(&mut begins, second);
                this.begun += begin;
                this.active += begin;
            }
            this.active -= take_until(&mut ends, second).min(this.active);
            this.answers.add(in_groups(second, (self.site)(second, this.active)));
            past.push(this);
            if is_away {
                continue;
            }
            let known = past[second.saturating_sub(TOLD_AFTER) as usize];
            let called = past[second.saturating_sub(ASKED_EVERY) as usize].served;
            let reading = SiteReading {
                line: LineReading {
                    served: this.served,
                    called,
                },
                waiting: everybody - this.served,
                begun: known.begun,
                active: known.active,
                wait_for_slot: 0,
                answers: known.answers,
                rate: schedule.segments().last().unwrap().rate_per_second,
            };
            let (decision, _) = meter.decide(&limits, &reading, now);
            schedule.renew(decision.lease_ms, now);
            let change = ScheduleChange {
                rate: Some(decision.rate),
                ..ScheduleChange::default()
            };
            schedule.change(change, now);
        }
        Played { past, schedule }
    }
}

/// Takes out what lies up to `second`.
fn take_until(counts: &mut BTreeMap<u64, u64>, second: u64) -> u64 {
    let later = counts.split_off(&(second + 1));
    std::mem::replace(counts, later).into_values().sum()
}

struct Played {
    past: Vec<Second>,
    schedule: Schedule,
}

impl Played {
    fn active(&self, second: u64) -> u64 {
        self.past[second as usize].active
    }

    fn most(&self) -> u64 {
        self.past.iter().map(|second| second.active).max().unwrap()
    }

    /// The first second with so many sessions.
    fn reaches(&self, sessions: u64) -> u64 {
        let first = self.past.iter().position(|second| second.active >= sessions);
        first.unwrap_or_else(|| panic!("{sessions} of {}", self.most())) as u64
    }

    fn keeps(&self, at_once: u32) {
        let (most, at_once) = (self.most(), u64::from(at_once));
        assert!(most * 100 <= at_once * 105, "{most} of {at_once}");
    }
}

#[test]
fn an_empty_site_fills_at_the_set_rate_and_stops_at_its_limit() {
    // The guide's example: 600 a minute are 10 a second, and 2,000 are in after 200 seconds.
    let played = Setting::good(600, 2_000).play(1_000);
    let after_a_minute = played.past[65].begun;
    assert!((560..=620).contains(&after_a_minute), "{after_a_minute}");
    let (nearly, full) = (played.reaches(1_800), played.reaches(1_960));
    assert!(nearly <= 195, "{nearly}");
    assert!(full <= 260, "{full}");
    played.keeps(2_000);
    let segments = played.schedule.segments().len();
    assert!(segments <= 200, "{segments} segments in a thousand seconds");
}

#[test]
fn a_small_and_a_large_site_keep_their_limits_too() {
    for (per_minute, at_once) in [(600, 20), (60_000, 1_000), (6, 5), (60_000, 20_000), (1_000_000, 100)] {
        let played = Setting::good(per_minute, at_once).play(1_500);
        let most = played.most();
        played.keeps(at_once);
        assert!(most * 10 >= u64::from(at_once) * 9, "{most} of {at_once}");
    }
}

#[test]
fn bad_shoppers_take_no_more_room_than_they_use() {
    fn bad(place: u64) -> Person {
        match place % 10 {
            0..=2 => None,
            3..=5 => Some((place % ASKED_EVERY, 3)),
            6 => Some((8, WHOLE_SESSION)),
            _ => sits(place),
        }
    }
    let setting = Setting {
        person: bad,
        ..Setting::good(600, 1_000)
    };
    let played = setting.play(3_000);
    played.keeps(1_000);
    assert!(played.reaches(950) <= 400, "{}", played.reaches(950));
    // Whole sessions end from then on, and their room is used again.
    let least = (1_000..3_000).map(|second| played.active(second)).min().unwrap();
    assert!(least >= 830, "{least}");
}

#[test]
fn some_who_come_long_after_their_turn_pass_the_limit_by_no_more_than_five_percent() {
    let setting = Setting {
        person: |place| match place % 8 {
            0 => Some((30, WHOLE_SESSION)),
            _ => sits(place),
        },
        ..Setting::good(600, 1_000)
    };
    let played = setting.play(3_000);
    played.keeps(1_000);
}

#[test]
fn if_nobody_comes_the_line_goes_on_at_the_set_rate() {
    let setting = Setting {
        person: |_| None,
        ..Setting::good(600, 1_000)
    };
    let played = setting.play(600);
    let served = played.past[599].served;
    assert!(served >= 5_900, "{served}");
}

#[test]
fn sessions_that_end_at_once_make_room_at_once() {
    let setting = Setting {
        person: |place| Some((place % ASKED_EVERY, 1)),
        ..Setting::good(600, 1_000)
    };
    let played = setting.play(600);
    assert!(played.past[599].begun >= 5_850, "{}", played.past[599].begun);
    played.keeps(1_000);
}

/// A site that bears 500 sessions, and whose answers are all slow with more.
fn bears_500(_: u64, active: u64) -> AnswerCounts {
    match active {
        0..=500 => well(0, active),
        _ => AnswerCounts {
            slow: requests(active),
            ..AnswerCounts::default()
        },
    }
}

#[test]
fn a_site_that_slows_down_under_load_settles_near_what_it_bears() {
    let setting = Setting {
        site: bears_500,
        person: stays,
        ..Setting::good(600, 2_000)
    };
    let played = setting.play(6_000);
    // It is found out late the first time: ten a second come in meanwhile.
    assert!(played.most() <= 600, "{}", played.most());
    let settled = 2_400..6_000;
    let length = settled.end - settled.start;
    let active: Vec<u64> = settled.map(|second| played.active(second)).collect();
    let (least, most) = (active.iter().min().unwrap(), active.iter().max().unwrap());
    assert!(*least >= 425 && *most <= 525, "{least} to {most}");
    let overloaded = active.iter().filter(|&&active| active > 500).count() as u64;
    assert!(overloaded * 100 <= length * 25, "{overloaded} of {length} seconds");
}

#[test]
fn a_site_that_fails_for_a_minute_is_left_alone_and_filled_again_afterwards() {
    fn fails(second: u64, active: u64) -> AnswerCounts {
        match second {
            300..360 => AnswerCounts {
                failed: requests(active),
                ..AnswerCounts::default()
            },
            _ => well(second, active),
        }
    }
    let setting = Setting {
        site: fails,
        person: stays,
        ..Setting::good(600, 5_000)
    };
    let played = setting.play(1_500);
    let before = played.active(300);
    assert!(before >= 2_500, "{before}");
    // What was decided before and who was on the way still comes.
    let meanwhile = (300..360).map(|second| played.active(second)).max().unwrap();
    assert!(meanwhile <= before + 150, "{meanwhile} after {before}");
    assert_eq!(played.past[320].served, played.past[360].served, "nobody is let in");
    let again = played
        .past
        .iter()
        .skip(360)
        .position(|second| second.active >= before + 200);
    assert!(
        again.is_some_and(|seconds| seconds <= 300),
        "{again:?} s after the outage"
    );
    played.keeps(5_000);
}

#[test]
fn a_coordinator_that_is_away_lets_no_more_people_in_than_there_is_room_for() {
    for away in [100..101, 100..130, 100..400, 185..245] {
        let setting = Setting {
            away: away.clone(),
            ..Setting::good(600, 2_000)
        };
        let played = setting.play(1_400);
        played.keeps(2_000);
        assert!(played.reaches(1_900) <= 260 + away.end - away.start, "{away:?}");
    }
}
