//! The bot score: how likely a join comes from a person.
//!
//! It is a product of factors. Each factor has a name that is told to the admin and that the shard
//! keeps. A fan who is refused is not told: it would tell a bot's author what to change. Of the
//! factors that are true of many people only the worst counts.
//!
//! What a client says (its signals, its fingerprint) can only speak against it. A client that says
//! nothing has the best score that its address, its account and its captcha allow.
//!
//! [`Evidence`] is all that is known of one join, [`Evidence::score`] weighs it, and
//! [`Score::verdict`] says what follows. All arithmetic is in integers, so that every edge comes to
//! the same verdict.
//!
//! * [`reputation`]: what is known of addresses.
//! * [`signals`]: how the page was used.
//! * [`identifier_reuse`]: who else used the same fingerprint or address.
//! * [`sharing`]: networks with many new accounts and few known ones.
//! * [`counts`]: what an admin sees of all scores.

pub mod counts;
mod factor;
pub mod identifier_reuse;
pub mod reputation;
pub mod sharing;
pub mod signals;

use serde::{Deserialize, Serialize};

pub use factor::{FactorName, Millionths};

use crate::{ids::Tier, policy::BotPolicy};
use reputation::AddressReputation;
use sharing::{AccountKind, AccountMix, NetworkReview};
use signals::Signals;

/// A join with a score of at least this is a human's.
pub const HUMAN_FROM: Millionths = Millionths(500_000);
/// A join with a score of at least this is a suspect's. Below it the join is refused.
pub const SUSPECT_FROM: Millionths = Millionths(50_000);
/// A person who was refused may join again after this long, in ms.
pub const COOL_DOWN_MS: u64 = 600_000;
/// An address with more than this many percent of abuse is suspicious.
pub const ABUSE_ABOVE_PERCENT: u8 = 80;
/// A page needs at least this long from the challenge to the join besides hashing, in ms: for the
/// way to the edge and back, and to start a worker.
pub const PAGE_TAKES_MS: u64 = 20;
/// Most numbers of a challenge that a page can try in one ms: sixteen workers, each as fast as
/// browsers get.
pub const FASTEST_TRIES_PER_MS: u64 = 5_000;
/// Most by which the clocks of two edges differ, in ms. A challenge may come from one edge and be
/// checked by another.
pub const CLOCKS_DIFFER_MS: u64 = 10;

/// All that is known of one join. An unknown value is `None` and weighs nothing, unless its absence
/// says something.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Evidence {
    /// What the table of addresses says of the address.
    pub reputation: AddressReputation,
    /// A table of addresses is configured, but could not be read.
    pub reputation_unavailable: bool,
    /// The fingerprint is on the list of bad ones.
    pub fingerprint_known_bad: bool,
    /// How many accounts used the same identifiers in this event.
    pub identifier_reuse: IdentifierReuse,
    /// What the account's past says of it; `None` if its issuer does not say.
    pub account: Option<AccountKind>,
    /// The accounts that joined the event so far.
    pub event_accounts: AccountMix,
    /// How the page was used; `None` if the client sent no signals.
    pub signals: Option<Signals>,
    /// The proof of work; `None` if another captcha provider was asked.
    pub work: Option<SolvedWork>,
    /// The captcha provider did not answer, so nothing is proved.
    pub captcha_unproved: bool,
}

/// How many accounts used the same things in this event, this one included.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdentifierReuse {
    /// Accounts with the same fingerprint.
    pub fingerprint: Option<u32>,
    /// Accounts with the same address (in IPv6, the same /64).
    pub address: Option<u32>,
    /// The accounts in each network around the address, as far as their issuer says what they are.
    pub networks: Vec<AccountMix>,
    /// The store was asked for one of them and did not answer.
    pub unavailable: bool,
}

/// A solved proof of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SolvedWork {
    /// The number found. As many numbers were tried, in whatever order.
    pub number: u64,
    /// The time from the challenge to the join, in ms, by the clocks of the edges.
    pub took_ms: u64,
}

impl SolvedWork {
    /// Whether it was solved faster than a page can. Programs other than a page, such as an app,
    /// may solve it as fast as they like.
    #[must_use]
    pub fn is_instant(self) -> bool {
        let longest_ms = self.took_ms.saturating_add(CLOCKS_DIFFER_MS);
        longest_ms < PAGE_TAKES_MS + self.number / FASTEST_TRIES_PER_MS
    }
}

/// The score of a join, with its reasons. The shard keeps the lowest one of each person.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Score {
    /// The product of the factors. Of the factors that are true of many people only the worst is in
    /// it.
    pub product: Millionths,
    /// The factors found, in the order of [`FactorName::ALL`].
    pub factors: Vec<FactorName>,
}

/// What a score means for the join.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BotVerdict {
    /// The join gets a number in this tier.
    Join(Tier),
    /// The join is refused for now.
    Refuse,
}

impl Evidence {
    /// Weighs the evidence by the policy of the event.
    #[must_use]
    pub fn score(&self, policy: &BotPolicy) -> Score {
        let factors: Vec<FactorName> = FactorName::ALL
            .into_iter()
            .filter(|factor| self.shows(*factor, policy))
            .collect();
        let together = |of_many| {
            let them = factors.iter().filter(move |it| it.is_true_of_many(policy) == of_many);
            them.map(|it| self.weight(*it, policy))
        };
        let product = together(false).fold(Millionths::ONE, Millionths::times);
        let worst = together(true).min();
        Score {
            product: product.times(worst.unwrap_or(Millionths::ONE)),
            factors,
        }
    }

    /// The weight of a factor that this evidence shows.
    fn weight(&self, factor: FactorName, policy: &BotPolicy) -> Millionths {
        match factor {
            FactorName::NewAccountsTogether => self.new_accounts_together(policy).unwrap_or(Millionths::ONE),
            _ => factor.weight(policy),
        }
    }

    /// The least weight that a network around the address gives to a new account; `None` if nothing
    /// is strange about any of them.
    fn new_accounts_together(&self, policy: &BotPolicy) -> Option<Millionths> {
        if !self.is_reviewed() {
            return None;
        }
        match NetworkReview::of(&self.identifier_reuse.networks, self.event_accounts, policy) {
            NetworkReview::NewAccountsTogether(weight) => Some(weight),
            NetworkReview::Usual => None,
        }
    }

    /// Whether the networks around the address are to be looked at again at the account's turn: it is
    /// new, so only the other accounts there can say what it is, and many of them may join after it.
    #[must_use]
    pub fn is_reviewed(&self) -> bool {
        self.account == Some(AccountKind::New) && !self.reputation.carrier
    }

    fn shows(&self, factor: FactorName, policy: &BotPolicy) -> bool {
        let above = |accounts: Option<u32>, most: u16| accounts.is_some_and(|accounts| accounts > u32::from(most));
        let seen = |what: fn(&Signals) -> bool| self.signals.as_ref().is_some_and(what);
        match factor {
            // An address where people come out of a VPN belongs to a datacentre, too. The milder
            // word is the truer one.
            FactorName::Datacentre => self.reputation.datacentre && !self.reputation.vpn,
            FactorName::Vpn => self.reputation.vpn,
            FactorName::Abuse => self.reputation.abuse_percent > ABUSE_ABOVE_PERCENT,
            FactorName::FingerprintKnownBad => self.fingerprint_known_bad,
            FactorName::FingerprintReused => above(self.identifier_reuse.fingerprint, policy.accounts_per_fingerprint),
            FactorName::AddressShared => above(self.identifier_reuse.address, policy.accounts_per_address),
            FactorName::NewAccountsTogether => self.new_accounts_together(policy).is_some(),
            FactorName::SignalsAbsent => self.signals.is_none(),
            FactorName::NoInput => seen(Signals::no_input),
            FactorName::TooRegular => seen(Signals::too_regular),
            FactorName::HeadlessBrowser => seen(|signals| signals.webdriver),
            // Only a client that claims to be a page is held to what a page can.
            FactorName::InstantCaptcha => self.signals.is_some() && self.work.is_some_and(SolvedWork::is_instant),
            FactorName::ReputationUnavailable => self.reputation_unavailable,
            FactorName::IdentifierReuseUnavailable => self.identifier_reuse.unavailable,
            FactorName::CaptchaUnavailable => self.captcha_unproved,
            FactorName::AccountKnown => self.account == Some(AccountKind::Known),
            FactorName::AccountNew => self.account == Some(AccountKind::New),
        }
    }
}

impl Score {
    /// The score of an account whose networks, at its turn, weigh so much.
    #[must_use]
    pub fn with_new_accounts_together(&self, weight: Millionths) -> Score {
        let mut factors = self.factors.clone();
        factors.push(FactorName::NewAccountsTogether);
        factors.sort_unstable();
        factors.dedup();
        Score {
            product: self.product.times(weight),
            factors,
        }
    }

    /// The verdict. If the captcha provider did not answer, nobody is placed in front and nobody is
    /// refused for it.
    #[must_use]
    pub fn verdict(&self) -> BotVerdict {
        let by_product = match self.product {
            product if product >= HUMAN_FROM => BotVerdict::Join(Tier::Human),
            product if product >= SUSPECT_FROM => BotVerdict::Join(Tier::Suspect),
            _ => BotVerdict::Refuse,
        };
        if self.factors.contains(&FactorName::CaptchaUnavailable) {
            by_product.max(BotVerdict::Join(Tier::Suspect))
        } else {
            by_product
        }
    }
}

/// What a person is told whose join was refused. It does not say what spoke against it.
pub const REFUSAL: &str = "This join looks like a program's. Wait ten minutes, then join from the page, in a browser \
                           without automation, and without a VPN or proxy if you use one. If you are refused again, \
                           write to the organiser, who can see why.";

#[cfg(test)]
mod tests;
