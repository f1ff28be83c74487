//! Whether places had anything to do with the order of joins, with the shard, or with the account. Each tier of the large
//! first draw is judged by itself, the draws after it together.

use serde::Serialize;
use stanchion_shared::{
    draw::record::Line,
    ids::{Draw, ShardCount, Tier},
};
use stanchion_statistics::{ChiSquare, Correlation, LEAST_EXPECTED};

use crate::{
    draws::SimulatedDraw,
    people::{People, SimulatedJoin},
};

/// A fair draw goes beyond a bound about once in a million figures.
pub(crate) const LEAST_CHANCE: f64 = 1e-6;
/// Cells each way of the tables of places against something else, at the most.
const MOST_CELLS: u64 = 20;
/// A tier with fewer fans is not judged by itself.
const FEWEST_JUDGED: u64 = 100;
/// A draw with fewer fans of a tier adds nothing to the figures of later draws: among so few the order is too much alike by
/// chance.
const FEWEST_IN_LATER_DRAW: usize = 20;

/// What a place is compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum ComparedWith {
    JoinOrder,
    Shard,
    AccountOrder,
}

/// One comparison.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Comparison {
    /// Draw and tier in words.
    pub(crate) among: String,
    pub(crate) against: ComparedWith,
    pub(crate) fans: u64,
    pub(crate) correlation: f64,
    /// A correlation beyond this, either way, has a chance below [`LEAST_CHANCE`] in a fair draw.
    pub(crate) correlation_bound: f64,
    pub(crate) correlation_chance: f64,
    pub(crate) chi_square: Option<f64>,
    pub(crate) degrees_of_freedom: Option<f64>,
    pub(crate) chi_square_chance: Option<f64>,
}

impl Comparison {
    pub(crate) fn is_fair(&self) -> bool {
        self.correlation_chance >= LEAST_CHANCE && self.chi_square_chance.is_none_or(|chance| chance >= LEAST_CHANCE)
    }
}

/// Standard deviations at which a correlation has a chance of [`LEAST_CHANCE`].
const DEVIATIONS_AT_BOUND: f64 = 4.891_638;

/// See the module.
pub(crate) struct Fairness<'a> {
    people: &'a People,
    shards: ShardCount,
    first_draw: Vec<Comparison>,
    later: [Correlation; 3],
}

/// What is compared with the place, scaled to 0 up to 1.
struct Ranked {
    fan: u32,
    join: f64,
}

impl<'a> Fairness<'a> {
    pub(crate) fn new(people: &'a People, shards: ShardCount) -> Fairness<'a> {
        Fairness {
            people,
            shards,
            first_draw: Vec::new(),
            later: [Correlation::default(); 3],
        }
    }

    /// A draw has closed; `fans` are all fans of a line by place.
    pub(crate) fn saw<'l>(&mut self, drawn: &SimulatedDraw, fans: impl Fn(Line) -> &'l [u32]) {
        let joins = &self.people.joins[drawn.joins.clone()];
        for tier in &drawn.record.tiers {
            let first = tier.first_place as usize - 1;
            let line = fans(drawn.record.line_of(tier.tier));
            let places = &line[first..first + tier.count as usize];
            let ranked = self.ranked(places, joins, tier.tier);
            if drawn.record.draw == Draw::PRE_QUEUE {
                self.judge_first_draw(tier.tier, &ranked);
            } else if ranked.len() >= FEWEST_IN_LATER_DRAW {
                for (position, ranked) in ranked.iter().enumerate() {
                    let place = scaled(position, places.len());
                    let others = [ComparedWith::JoinOrder, ComparedWith::Shard, ComparedWith::AccountOrder];
                    for (correlation, against) in self.later.iter_mut().zip(others) {
                        correlation.add(of(self.people, self.shards, ranked, against), place);
                    }
                }
            }
        }
    }

    /// In the order of places, with each fan's rank among the joins of the tier.
    fn ranked(&self, places: &[u32], joins: &[SimulatedJoin], tier: Tier) -> Vec<Ranked> {
        let mut order: Vec<(u32, u32)> = (0..).zip(places).map(|(position, &fan)| (fan, position)).collect();
        order.sort_unstable();
        let mut ranked: Vec<Ranked> = places.iter().map(|&fan| Ranked { fan, join: 0.0 }).collect();
        let of_tier = joins
            .iter()
            .filter(|join| self.people.tiers[join.fan() as usize] == tier);
        for (rank, join) in of_tier.enumerate() {
            let found = order.binary_search_by_key(&join.fan(), |&(fan, _)| fan);
            let found = found.expect("who is in the draw has a place");
            ranked[order[found].1 as usize].join = scaled(rank, places.len());
        }
        ranked
    }

    fn judge_first_draw(&mut self, tier: Tier, ranked: &[Ranked]) {
        let fans = ranked.len() as u64;
        if fans < FEWEST_JUDGED {
            return;
        }
        let cells = ((fans as f64 / LEAST_EXPECTED).sqrt() as u64).min(MOST_CELLS);
        for against in [ComparedWith::JoinOrder, ComparedWith::Shard, ComparedWith::AccountOrder] {
            let mut correlation = Correlation::default();
            let mut table = vec![vec![0; cells as usize]; cells as usize];
            for (position, one) in ranked.iter().enumerate() {
                let (other, place) = (
                    of(self.people, self.shards, one, against),
                    scaled(position, ranked.len()),
                );
                correlation.add(other, place);
                let cell = |value: f64| (value * cells as f64) as usize;
                table[cell(other)][cell(place)] += 1;
            }
            let among = format!("first draw, {tier:?}");
            // One shard alone says nothing.
            let table =
                (against != ComparedWith::Shard || self.shards.get() > 1).then(|| ChiSquare::independent(&table));
            self.first_draw.push(comparison(among, against, &correlation, table));
        }
    }

    /// Everything that was compared.
    pub(crate) fn comparisons(self) -> Vec<Comparison> {
        let mut all = self.first_draw;
        let others = [ComparedWith::JoinOrder, ComparedWith::Shard, ComparedWith::AccountOrder];
        for (correlation, against) in self.later.iter().zip(others) {
            if correlation.count() >= FEWEST_JUDGED as f64 {
                all.push(comparison("later draws".to_owned(), against, correlation, None));
            }
        }
        all
    }
}

fn scaled(rank: usize, count: usize) -> f64 {
    (rank as f64 + 0.5) / count as f64
}

fn of(people: &People, shards: ShardCount, ranked: &Ranked, against: ComparedWith) -> f64 {
    match against {
        ComparedWith::JoinOrder => ranked.join,
        ComparedWith::AccountOrder => scaled(ranked.fan as usize, people.tags.len()),
        ComparedWith::Shard => {
            let shard = people.tags[ranked.fan as usize].shard(shards);
            scaled(usize::from(shard.0), usize::from(shards.get()))
        }
    }
}

fn comparison(among: String, against: ComparedWith, correlation: &Correlation, table: Option<ChiSquare>) -> Comparison {
    Comparison {
        among,
        against,
        fans: correlation.count() as u64,
        correlation: correlation.coefficient(),
        correlation_bound: DEVIATIONS_AT_BOUND / (correlation.count() - 1.0).sqrt(),
        correlation_chance: correlation.chance(),
        chi_square: table.map(|table| table.statistic),
        degrees_of_freedom: table.map(|table| table.degrees_of_freedom),
        chi_square_chance: table.map(|table| table.chance()),
    }
}
