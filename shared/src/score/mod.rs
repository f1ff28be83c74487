//! How likely is it that who joins is a person? A product of factors, each with a name that is told: to the fan who is
//! refused, to the admin, and in what the shard remembers. Of factors that are true of many people only the worst counts.
//!
//! [`Evidence`] is all that is known of one join, [`Evidence::score`] weighs it, [`Score::verdict`] says what follows. All of
//! it in integers, so that every edge comes to the same verdict. [`reputation`] knows addresses, [`signals`] what the page
//! saw, [`sighting`] who else used the same thing, [`counts`] what an admin sees of it.

pub mod counts;
mod factor;
pub mod reputation;
pub mod sighting;
pub mod signals;

use serde::{Deserialize, Serialize};

pub use factor::{FactorName, Millionths};

use crate::{identity::Tier, policy::BotPolicy};
use reputation::Reputation;
use signals::Signals;

/// A score of at least this is a human's.
pub const HUMAN_FROM: Millionths = Millionths(500_000);
/// A score of at least this is a suspect's; below it a join is refused.
pub const SUSPECT_FROM: Millionths = Millionths(50_000);
/// Who was refused may join again after this long, in ms.
pub const COOL_DOWN_MS: u64 = 600_000;
/// An address whose abuse is above this many percent is one to be careful with.
pub const ABUSE_ABOVE_PERCENT: u8 = 80;
/// From the challenge to the join a page needs at least this long besides hashing, in ms: it goes to the edge and back, and
/// starts a worker.
pub const PAGE_TAKES_MS: u64 = 20;
/// No page tries more numbers of a challenge than this, in one ms: sixteen workers, each as fast as browsers get.
pub const FASTEST_TRIES_PER_MS: u64 = 5_000;
/// The clocks of two edges differ by at most this, in ms; a challenge may come from one and be judged by the other.
pub const CLOCKS_DIFFER_MS: u64 = 10;

/// All that is known of one join. What is not known is `None` and weighs nothing, unless its absence says something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// What the table says of the address.
    pub reputation: Reputation,
    /// There is a table, and it could not be had.
    pub reputation_unavailable: bool,
    /// The fingerprint is on the list of bad ones.
    pub fingerprint_known_bad: bool,
    /// Who used the same things in this event.
    pub sightings: Sightings,
    /// What the page saw; `None`: the client sent nothing.
    pub signals: Option<Signals>,
    /// The proof of work; `None`: another provider judged.
    pub work: Option<Work>,
    /// The provider of the captcha did not answer: nothing is proved.
    pub captcha_unproved: bool,
}

/// How many accounts used the same things in this event, this one included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sightings {
    /// Of the fingerprint.
    pub fingerprint: Option<u16>,
    /// Of the address (IPv6: of its /64).
    pub address: Option<u16>,
    /// The store was asked for one of them and did not answer.
    pub unavailable: bool,
}

/// A solved proof of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Work {
    /// The number found: as many were tried, in whatever order.
    pub number: u64,
    /// From the challenge to the join, in ms, by the edges' clocks.
    pub took_ms: u64,
}

impl Work {
    /// Solved faster than a page can. Programs that are no page, as an app is, solve as fast as they like.
    #[must_use]
    pub fn is_instant(self) -> bool {
        let longest_ms = self.took_ms.saturating_add(CLOCKS_DIFFER_MS);
        longest_ms < PAGE_TAKES_MS + self.number / FASTEST_TRIES_PER_MS
    }
}

/// What a join was found to be, and why: the line of the join log that the shard keeps of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// The product of the factors; of those that are true of many people the worst.
    pub product: Millionths,
    /// What was found, in the order of [`FactorName::ALL`].
    pub factors: Vec<FactorName>,
}

/// What follows from a score.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// Into this tier.
    Join(Tier),
    /// Not now.
    Refuse,
}

impl Evidence {
    /// Weighs it by the event's policy.
    #[must_use]
    pub fn score(&self, policy: &BotPolicy) -> Score {
        let factors: Vec<FactorName> = FactorName::ALL
            .into_iter()
            .filter(|factor| self.shows(*factor, policy))
            .collect();
        let together = |of_many| {
            let them = factors.iter().filter(move |it| it.is_true_of_many(policy) == of_many);
            them.map(|it| it.weight(policy))
        };
        let product = together(false).fold(Millionths::ONE, Millionths::times);
        let worst = together(true).min();
        Score {
            product: product.times(worst.unwrap_or(Millionths::ONE)),
            factors,
        }
    }

    fn shows(&self, factor: FactorName, policy: &BotPolicy) -> bool {
        let above = |accounts: Option<u16>, most| accounts.is_some_and(|accounts| accounts > most);
        let seen = |what: fn(&Signals) -> bool| self.signals.as_ref().is_some_and(what);
        match factor {
            // Where people come out of a VPN is a datacentre, too: the milder word is the truer one.
            FactorName::Datacentre => self.reputation.datacentre && !self.reputation.vpn,
            FactorName::Vpn => self.reputation.vpn,
            FactorName::Abuse => self.reputation.abuse_percent > ABUSE_ABOVE_PERCENT,
            FactorName::FingerprintKnownBad => self.fingerprint_known_bad,
            FactorName::FingerprintReused => above(self.sightings.fingerprint, policy.accounts_per_fingerprint),
            FactorName::AddressShared => above(self.sightings.address, policy.accounts_per_address),
            FactorName::SignalsAbsent => self.signals.is_none(),
            FactorName::NoInput => seen(Signals::no_input),
            FactorName::TooRegular => seen(Signals::too_regular),
            FactorName::HeadlessBrowser => seen(|signals| signals.webdriver),
            // Only who says to be a page is held to what a page can.
            FactorName::InstantCaptcha => self.signals.is_some() && self.work.is_some_and(Work::is_instant),
            FactorName::ReputationUnavailable => self.reputation_unavailable,
            FactorName::SightingsUnavailable => self.sightings.unavailable,
            FactorName::CaptchaUnavailable => self.captcha_unproved,
        }
    }
}

impl Score {
    /// What follows. Where the captcha's provider did not answer nobody comes to the front, and nobody is refused for it.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        let by_product = match self.product {
            product if product >= HUMAN_FROM => Verdict::Join(Tier::Human),
            product if product >= SUSPECT_FROM => Verdict::Join(Tier::Suspect),
            _ => Verdict::Refuse,
        };
        if self.factors.contains(&FactorName::CaptchaUnavailable) {
            by_product.max(Verdict::Join(Tier::Suspect))
        } else {
            by_product
        }
    }

    /// Why a join was refused, and what helps, in sentences for people.
    #[must_use]
    pub fn refusal(&self) -> String {
        let reasons: Vec<&str> = self.factors.iter().filter_map(|factor| factor.words()).collect();
        format!(
            "This join looks like a program's: {}. Wait ten minutes, then join from the page, in a browser without \
             automation, and without a VPN or proxy if you use one.",
            reasons.join("; ")
        )
    }
}

#[cfg(test)]
mod tests;
