//! Who comes, when, and what they have in mind. A fan is a number: whatever they are follows from it and the seed, so only
//! what is asked often is kept, in arrays.

use std::thread;

use stanchion_shared::identity::{Bytes32, EventKey, Tag, Tier};

use super::options::{OPENS_BEFORE_MS, Setting};
use crate::behaviour::Dice;

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
/// Nobody comes later than this after the on-sale: the end must come some time.
const LATEST_MS: u64 = 3 * 3_600_000;
/// Of a thousand fans, so many wait however long it takes; the others so long on average.
const PATIENT: u64 = 600;
const PATIENCE_MEAN_MS: f64 = 3_600_000.0;
/// Of a thousand whose turn came, so many were away from the screen, and come back at any time up to this many times what
/// the turn lasts.
const DISTRACTED: u64 = 40;
const BACK_WITHIN_TURNS: f64 = 1.25;
/// The others' page asks again at the latest so long after the turn.
const PAGE_ASKS_WITHIN_MS: u64 = 2_000;
/// Of a thousand shoppers, so many hold seats until their window ends and buy nothing.
const DAWDLERS: u64 = 120;
/// Of a thousand shoppers, so many close the page without a word; their window runs on.
const LOOKERS: u64 = 80;
/// Choosing seats and paying for them each take this, and as long again on average.
const SHORTEST_STEP_MS: u64 = 20_000;
const STEP_MEAN_MS: f64 = 40_000.0;

/// What a fan does with a turn.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Takes seats and pays.
    Buys,
    /// Takes seats and lets them go.
    Dawdles,
    /// Takes nothing.
    Looks,
}

/// One fan, whole.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fan {
    /// Joins so long after the queue opened, in ms.
    pub(super) joins_ms: u64,
    pub(super) tier: Tier,
    /// Is gone so long after joining if the turn has not come, in ms.
    pub(super) patience_ms: Option<u64>,
    pub(super) comes: Comes,
    pub(super) purpose: Purpose,
    /// Seats wanted.
    pub(super) seats: u64,
    pub(super) choosing_ms: u64,
    pub(super) paying_ms: u64,
}

/// When a fan comes after the turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Comes {
    /// After so many ms.
    Soon(u64),
    /// After so many times the time to claim: from 1 on it is too late.
    Distracted(f64),
}

fn share(dice: &mut Dice) -> f64 {
    (dice.below(1 << 32) as f64 + 0.5) / (1u64 << 32) as f64
}

/// Exponential with this mean, in ms.
fn sometime(dice: &mut Dice, mean_ms: f64) -> u64 {
    (-share(dice).ln() * mean_ms) as u64
}

impl Fan {
    /// Fan `number` of a setting.
    pub(super) fn of(setting: &Setting, number: u32) -> Fan {
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
        let comes = if dice.in_a_thousand(DISTRACTED) {
            Comes::Distracted(share(dice) * BACK_WITHIN_TURNS)
        } else {
            Comes::Soon(dice.below(PAGE_ASKS_WITHIN_MS))
        };
        let purpose = if dice.in_a_thousand(DAWDLERS) {
            Purpose::Dawdles
        } else if dice.in_a_thousand(LOOKERS) {
            Purpose::Looks
        } else {
            Purpose::Buys
        };
        Fan {
            joins_ms,
            tier,
            patience_ms,
            comes,
            purpose,
            seats: [1, 2, 2, 2, 2, 3, 4, 4][dice.below(8) as usize],
            choosing_ms: SHORTEST_STEP_MS + sometime(dice, STEP_MEAN_MS),
            paying_ms: SHORTEST_STEP_MS + sometime(dice, STEP_MEAN_MS),
        }
    }
}

/// A join: the instant, in ms since the queue opened, and the fan. One word, and in the order of instants.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Join(u64);

impl Join {
    fn new(joins_ms: u64, fan: u32) -> Join {
        Join(joins_ms << 32 | u64::from(fan))
    }

    pub(super) fn joins_ms(self) -> u64 {
        self.0 >> 32
    }

    pub(super) fn fan(self) -> u32 {
        self.0 as u32
    }
}

/// All fans.
pub(super) struct People {
    /// In the order in which they join.
    pub(super) joins: Vec<Join>,
    /// By fan.
    pub(super) tags: Vec<Tag>,
    /// By fan.
    pub(super) tiers: Vec<Tier>,
}

impl People {
    /// Everybody, with the tags that the edge would give them (a real HMAC each), on all cores.
    pub(super) fn come(setting: &Setting) -> People {
        let fans = setting.fans as usize;
        let key = EventKey(Bytes32([setting.seed as u8; 32]));
        let mut people = People {
            joins: vec![Join(0); fans],
            tags: vec![Tag([0; 16]); fans],
            tiers: vec![Tier::Human; fans],
        };
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let part = fans.div_ceil(cores);
        let parts = people
            .joins
            .chunks_mut(part)
            .zip(people.tags.chunks_mut(part))
            .zip(people.tiers.chunks_mut(part));
        thread::scope(|scope| {
            for (index, ((joins, tags), tiers)) in parts.enumerate() {
                let key = &key;
                scope.spawn(move || {
                    for offset in 0..joins.len() {
                        let number = (index * part + offset) as u32;
                        let fan = Fan::of(setting, number);
                        joins[offset] = Join::new(fan.joins_ms, number);
                        tags[offset] = Tag::of(key, ISSUER, &format!("fan-{number}"));
                        tiers[offset] = fan.tier;
                    }
                });
            }
        });
        people.joins.sort_unstable();
        people
    }
}
