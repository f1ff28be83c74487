//! What an admin sees of scores: how many joins were found to be what, and why. Approximate: behind by some seconds, and an
//! operation that was repeated may count twice.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{HUMAN_FROM, Millionths, SUSPECT_FROM, Score, Verdict};
use crate::identity::Tier;

/// Counts of scored joins, by what was found. Joining again counts again: it is judged again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScoreCounts(BTreeMap<String, u64>);

/// The counters that one join moves, by name.
#[must_use]
pub fn counters(score: &Score, verdict: Verdict) -> Vec<String> {
    let tier = match verdict {
        Verdict::Join(Tier::Verified) => "tier.verified",
        Verdict::Join(Tier::Human) => "tier.human",
        Verdict::Join(Tier::Suspect) => "tier.suspect",
        Verdict::Refuse => "tier.refused",
    };
    let factors = score.factors.iter().map(|factor| format!("factor.{}", factor.as_str()));
    let always = [tier, step(score.product)].map(str::to_owned);
    always.into_iter().chain(factors).collect()
}

/// Steps of the distribution: named by where each begins.
fn step(product: Millionths) -> &'static str {
    const TENTH: Millionths = Millionths(100_000);
    const QUARTER: Millionths = Millionths(250_000);
    match product {
        Millionths::ONE => "score.from_1",
        product if product >= HUMAN_FROM => "score.from_0_5",
        product if product >= QUARTER => "score.from_0_25",
        product if product >= TENTH => "score.from_0_1",
        product if product >= SUSPECT_FROM => "score.from_0_05",
        _ => "score.from_0",
    }
}

impl ScoreCounts {
    /// One more of each.
    pub fn count(&mut self, counters: &[String]) {
        counters.iter().for_each(|counter| self.add(counter, 1));
    }

    /// `count` more of one.
    pub fn add(&mut self, counter: &str, count: u64) {
        match self.0.get_mut(counter) {
            Some(known) => *known += count,
            None => drop(self.0.insert(counter.to_owned(), count)),
        }
    }

    /// Those of another shard, too.
    pub fn merge(&mut self, other: &ScoreCounts) {
        other.0.iter().for_each(|(counter, count)| self.add(counter, *count));
    }

    /// How often a counter was moved.
    #[must_use]
    pub fn get(&self, counter: &str) -> u64 {
        self.0.get(counter).copied().unwrap_or(0)
    }

    /// Scored joins, whatever became of them.
    #[must_use]
    pub fn joins(&self) -> u64 {
        let tiers = self.0.iter().filter(|(counter, _)| counter.starts_with("tier."));
        tiers.map(|(_, count)| count).sum()
    }

    /// Nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::score::FactorName;

    #[test]
    fn one_join_moves_its_tier_its_step_and_each_of_its_factors() {
        let score = Score {
            product: Millionths(250_000),
            factors: vec![FactorName::Vpn, FactorName::SignalsAbsent],
        };
        let names = counters(&score, score.verdict());
        assert_eq!(
            names,
            ["tier.suspect", "score.from_0_25", "factor.vpn", "factor.signals_absent"]
        );
        let mut counts = ScoreCounts::default();
        counts.count(&names);
        counts.merge(&counts.clone());
        assert_eq!(
            (counts.get("factor.vpn"), counts.get("factor.abuse"), counts.joins()),
            (2, 0, 2)
        );
    }

    #[test]
    fn every_step_has_both_its_ends() {
        for (product, name) in [
            (1_000_000, "score.from_1"),
            (999_999, "score.from_0_5"),
            (500_000, "score.from_0_5"),
            (499_999, "score.from_0_25"),
            (250_000, "score.from_0_25"),
            (249_999, "score.from_0_1"),
            (100_000, "score.from_0_1"),
            (99_999, "score.from_0_05"),
            (50_000, "score.from_0_05"),
            (49_999, "score.from_0"),
            (0, "score.from_0"),
        ] {
            assert_eq!(step(Millionths(product)), name, "{product}");
        }
    }
}
