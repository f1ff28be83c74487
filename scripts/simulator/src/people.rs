//! The fans: when each comes, and what each wants to do. A fan is a number, and everything about the fan follows from it and
//! the seed. So only what is asked often is kept, in arrays.

use std::thread;

use stanchion_shared::ids::{Bytes32, EventKey, Tag, Tier};

use crate::options::{OPENS_BEFORE_MS, SimulationSetting};
use stanchion_dice::Dice;

/// Named in every tag; as an account issuer would be.
const ISSUER: &str = "https://accounts.simulated.example";
/// Of a thousand fans, so many hold a fan pass.
const VERIFIED: u64 = 100;
/// Of a thousand fans, so many are bots that were noticed as such; they join within [`BOTS_WITHIN_MS`].
const SUSPECTS: u64 = 50;
/// Bots are fast: all of them have joined so long after the queue opened.
const BOTS_WITHIN_MS: u64 = 5_000;
/// A third of the early fans joins within so long after the queue opened, a third within so long before the on-sale.
const CROWDED_MS: u64 = 120_000;
/// Late fans come after the on-sale, so long on average.
const LATE_MEAN_MS: f64 = 600_000.0;
/// No fan comes later than this after the on-sale, so that it ends.
const LATEST_MS: u64 = 3 * 3_600_000;
/// Of a thousand fans, so many wait however long it takes; the others so long on average.
const PATIENT: u64 = 600;
const PATIENCE_MEAN_MS: f64 = 3_600_000.0;
/// Of a thousand fans at their turn, so many are away from the screen. They come back at any time up to
/// [`BACK_WITHIN_TURNS`] times the length of the turn.
const DISTRACTED: u64 = 40;
const BACK_WITHIN_TURNS: f64 = 1.25;
/// Of a thousand fans, so many ask every second, whatever they are told.
const HASTY: u64 = 100;
/// Of a thousand fans, so many ask later than told.
const LATE: u64 = 100;
/// Of a thousand shoppers, so many hold seats until their session ends and buy nothing.
const DAWDLERS: u64 = 120;
/// Of a thousand shoppers, so many close the page without a word; their session runs on.
const LOOKERS: u64 = 80;
/// Choosing seats and paying for them each take this, and as long again on average.
const SHORTEST_STEP_MS: u64 = 20_000;
const STEP_MEAN_MS: f64 = 40_000.0;

/// How a fan asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    /// As every page and honest app does.
    AsTold,
    /// As a bot may.
    EverySecond,
    /// The machine sleeps, or the network is slow.
    LaterThanTold,
}

impl Manner {
    /// Later than told by less than this, in ms.
    pub(crate) const MOST_LATE_MS: u64 = 10_000;
}

/// What a fan does with a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// Takes seats and pays.
    Buys,
    /// Takes seats and lets them go.
    Dawdles,
    /// Takes nothing.
    Looks,
}

/// One fan, whole.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SimulatedFan {
    /// Joins so long after the queue opened, in ms.
    pub(crate) joins_ms: u64,
    pub(crate) tier: Tier,
    /// Is gone so long after joining if the turn has not come, in ms.
    pub(crate) patience_ms: Option<u64>,
    /// Is away from the screen when the turn comes, and comes so many times the time to claim later: from 1 on it is too
    /// late.
    pub(crate) distracted: Option<f64>,
    pub(crate) manner: Manner,
    pub(crate) purpose: Purpose,
    /// Seats wanted.
    pub(crate) seats: u64,
    pub(crate) choosing_ms: u64,
    pub(crate) paying_ms: u64,
}

fn share(dice: &mut Dice) -> f64 {
    (dice.below(1 << 32) as f64 + 0.5) / (1u64 << 32) as f64
}

/// Exponential with this mean, in ms.
fn sometime(dice: &mut Dice, mean_ms: f64) -> u64 {
    (-share(dice).ln() * mean_ms) as u64
}

impl SimulatedFan {
    /// Fan `number` of a setting.
    pub(crate) fn of(setting: &SimulationSetting, number: u32) -> SimulatedFan {
        let dice = &mut Dice::of(setting.seed, number);
        let tier = if dice.in_a_thousand(SUSPECTS) {
            Tier::Suspect
        } else if dice.in_a_thousand(VERIFIED) {
            Tier::Verified
        } else {
            Tier::Human
        };
        let late = dice.below(100) < u64::from(setting.late_percent);
        let joins_ms = if tier == Tier::Suspect {
            dice.below(BOTS_WITHIN_MS)
        } else if late {
            OPENS_BEFORE_MS + sometime(dice, LATE_MEAN_MS).min(LATEST_MS)
        } else {
            match dice.below(3) {
                0 => dice.below(CROWDED_MS),
                1 => OPENS_BEFORE_MS - 1 - dice.below(CROWDED_MS),
                _ => dice.below(OPENS_BEFORE_MS),
            }
        };
        let patient = dice.in_a_thousand(PATIENT);
        let patience_ms = (!patient).then(|| sometime(dice, PATIENCE_MEAN_MS));
        let is_distracted = dice.in_a_thousand(DISTRACTED);
        let distracted = is_distracted.then(|| share(dice) * BACK_WITHIN_TURNS);
        let manner = match dice.below(1_000) {
            roll if roll < HASTY => Manner::EverySecond,
            roll if roll < HASTY + LATE => Manner::LaterThanTold,
            _ => Manner::AsTold,
        };
        let purpose = if dice.in_a_thousand(DAWDLERS) {
            Purpose::Dawdles
        } else if dice.in_a_thousand(LOOKERS) {
            Purpose::Looks
        } else {
            Purpose::Buys
        };
        SimulatedFan {
            joins_ms,
            tier,
            patience_ms,
            distracted,
            manner,
            purpose,
            seats: [1, 2, 2, 2, 2, 3, 4, 4][dice.below(8) as usize],
            choosing_ms: SHORTEST_STEP_MS + sometime(dice, STEP_MEAN_MS),
            paying_ms: SHORTEST_STEP_MS + sometime(dice, STEP_MEAN_MS),
        }
    }
}

/// A join: the instant, in ms since the queue opened, and the fan. One word, and in the order of instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct SimulatedJoin(u64);

impl SimulatedJoin {
    fn new(joins_ms: u64, fan: u32) -> SimulatedJoin {
        SimulatedJoin(joins_ms << 32 | u64::from(fan))
    }

    pub(crate) fn joins_ms(self) -> u64 {
        self.0 >> 32
    }

    pub(crate) fn fan(self) -> u32 {
        self.0 as u32
    }
}

/// All fans.
pub(crate) struct People {
    /// In the order in which they join.
    pub(crate) joins: Vec<SimulatedJoin>,
    /// By fan.
    pub(crate) tags: Vec<Tag>,
    /// By fan.
    pub(crate) tiers: Vec<Tier>,
    /// By fan.
    pub(crate) manners: Vec<Manner>,
    /// By fan: away from the screen at the turn.
    pub(crate) distracted: Vec<bool>,
    /// By fan: has walked away so long after the queue opened, in ms; the largest number for who stays.
    pub(crate) gone_ms: Vec<u32>,
}

impl People {
    /// Everybody, with the tags that the edge would give them (a real HMAC each), on all cores.
    pub(crate) fn come(setting: &SimulationSetting) -> People {
        let fans = setting.fans as usize;
        let key = EventKey(Bytes32([setting.seed as u8; 32]));
        let mut people = People {
            joins: vec![SimulatedJoin(0); fans],
            tags: vec![Tag([0; 16]); fans],
            tiers: vec![Tier::Human; fans],
            manners: vec![Manner::AsTold; fans],
            distracted: vec![false; fans],
            gone_ms: vec![u32::MAX; fans],
        };
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let part = fans.div_ceil(cores);
        let parts = people
            .joins
            .chunks_mut(part)
            .zip(people.tags.chunks_mut(part))
            .zip(people.tiers.chunks_mut(part))
            .zip(people.manners.chunks_mut(part))
            .zip(people.distracted.chunks_mut(part))
            .zip(people.gone_ms.chunks_mut(part));
        thread::scope(|scope| {
            for (index, (((((joins, tags), tiers), manners), distracted), gone_ms)) in parts.enumerate() {
                let key = &key;
                scope.spawn(move || {
                    for offset in 0..joins.len() {
                        let number = (index * part + offset) as u32;
                        let fan = SimulatedFan::of(setting, number);
                        joins[offset] = SimulatedJoin::new(fan.joins_ms, number);
                        tags[offset] = Tag::of(key, ISSUER, &format!("fan-{number}"));
                        tiers[offset] = fan.tier;
                        manners[offset] = fan.manner;
                        distracted[offset] = fan.distracted.is_some();
                        let gone_ms_of = |patience_ms| u32::try_from(fan.joins_ms + patience_ms).unwrap_or(u32::MAX);
                        gone_ms[offset] = fan.patience_ms.map_or(u32::MAX, gone_ms_of);
                    }
                });
            }
        });
        people.joins.sort_unstable();
        people
    }
}
