//! Counts of scores: how many joins got which verdict, and why. Admins see them.
//!
//! They are some seconds behind. An operation that is repeated brings the proof of before and counts
//! once; a person who joins again with a new proof counts again.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{BotVerdict, FactorName, HUMAN_FROM, Millionths, SUSPECT_FROM, Score, sharing::AccountMix};
use crate::ids::Tier;

/// Counts of scored joins, by the name of a counter.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct ScoreCounts(BTreeMap<String, u64>);

/// The names of the counters that one join increments.
#[must_use]
pub fn counters(score: &Score, verdict: BotVerdict) -> Vec<String> {
    let tier = match verdict {
        BotVerdict::Join(Tier::Verified) => "tier.verified",
        BotVerdict::Join(Tier::Human) => "tier.human",
        BotVerdict::Join(Tier::Suspect) => "tier.suspect",
        BotVerdict::Refuse => "tier.refused",
    };
    let factors = score.factors.iter().map(|factor| format!("factor.{}", factor.as_str()));
    let always = [tier, step(score.product)].map(str::to_owned);
    always.into_iter().chain(factors).collect()
}

/// The counter of the distribution of scores, named after the lower end of its range.
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
    /// Increments each of the counters.
    pub fn count(&mut self, counters: &[String]) {
        counters.iter().for_each(|counter| self.add(counter, 1));
    }

    /// Adds `count` to one counter.
    pub fn add(&mut self, counter: &str, count: u64) {
        match self.0.get_mut(counter) {
            Some(value) => *value += count,
            None => drop(self.0.insert(counter.to_owned(), count)),
        }
    }

    /// Adds the counts of another shard.
    pub fn merge(&mut self, other: &ScoreCounts) {
        other.0.iter().for_each(|(counter, count)| self.add(counter, *count));
    }

    /// The value of a counter.
    #[must_use]
    pub fn get(&self, counter: &str) -> u64 {
        self.0.get(counter).copied().unwrap_or(0)
    }

    /// The accounts of the scored joins, as far as their issuer says what they are.
    #[must_use]
    pub fn accounts(&self) -> AccountMix {
        let count = |factor: FactorName| self.get(&format!("factor.{}", factor.as_str()));
        AccountMix {
            known: count(FactorName::AccountKnown),
            new: count(FactorName::AccountNew),
        }
    }

    /// Number of scored joins of all verdicts.
    #[must_use]
    pub fn joins(&self) -> u64 {
        let tiers = self.0.iter().filter(|(counter, _)| counter.starts_with("tier."));
        tiers.map(|(_, count)| count).sum()
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_join_moves_its_tier_its_step_and_each_of_its_factors() {
        let score = Score {
            product: Millionths(250_000),
            factors: vec![FactorName::Vpn, FactorName::AccountNew],
        };
        let names = counters(&score, score.verdict());
        assert_eq!(
            names,
            ["tier.suspect", "score.from_0_25", "factor.vpn", "factor.account_new"]
        );
        let mut counts = ScoreCounts::default();
        counts.count(&names);
        counts.merge(&counts.clone());
        assert_eq!(
            (counts.get("factor.vpn"), counts.get("factor.abuse"), counts.joins()),
            (2, 0, 2)
        );
        assert_eq!(counts.accounts(), AccountMix { known: 0, new: 2 });
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
