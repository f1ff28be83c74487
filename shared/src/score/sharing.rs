//! New accounts together: a network with many accounts and far fewer known ones than the event has
//! elsewhere.
//!
//! The customers of a carrier, the pupils of a school and the people of a household are a sample of
//! all who join. Some of them have had their accounts for long, and some have bought before. The
//! accounts of a farm are made for the event. So the share of known accounts in a network is compared
//! with the share in the event, and a client can say neither of them.
//!
//! The first accounts of a farm join while nothing is strange about its network. So a new account is
//! judged twice: at the join by those who came before, and at its turn by all who joined until then
//! ([`NetworkReview`]).

use serde::{Deserialize, Serialize};

use super::{HUMAN_FROM, Millionths};
use crate::{account_token::AccountRecord, policy::BotPolicy, timestamp::UnixMillis};

/// An account that is this old when it joins is known, in seconds: 30 days.
pub const KNOWN_AFTER_SECONDS: u64 = 30 * 24 * 3_600;
/// A network's share of known accounts is strange if it is less than the event's divided by this.
pub const FEWER_BY: u64 = 10;
/// The weight is multiplied by this for each doubling of the accounts beyond what is allowed.
const PER_DOUBLING: Millionths = Millionths(800_000);
/// The least weight: sharing alone refuses nobody.
pub const LEAST_WEIGHT: Millionths = Millionths(100_000);

/// What an account's past says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AccountKind {
    /// It has bought before, or it is [`KNOWN_AFTER_SECONDS`] old.
    Known,
    /// It is younger and has bought nothing.
    New,
}

/// The accounts of one network or of a whole event, as far as their issuer says what they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AccountMix {
    /// Known accounts.
    pub known: u64,
    /// New accounts.
    pub new: u64,
}

/// What the networks of a join say of its new account at its turn, when all of its draw have joined.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NetworkReview {
    /// Nothing is strange about any of them, or nobody could be asked: the turn is the account's.
    Usual,
    /// One of them has many new accounts and far fewer known ones than the event. The account is a
    /// suspect's, with its score multiplied by this.
    NewAccountsTogether(Millionths),
}

impl NetworkReview {
    /// Judges the networks by the accounts that joined from each of them until now, and by those of
    /// the whole event.
    #[must_use]
    pub fn of(networks: &[AccountMix], event: AccountMix, policy: &BotPolicy) -> NetworkReview {
        let least = u64::from(policy.accounts_per_address);
        let weights = networks.iter().filter_map(|network| network.weight(event, least));
        weights
            .min()
            .map_or(NetworkReview::Usual, NetworkReview::NewAccountsTogether)
    }
}

impl AccountKind {
    /// The kind of an account at `now`.
    #[must_use]
    pub fn of(record: AccountRecord, now: UnixMillis) -> AccountKind {
        let age = now.floor_seconds().saturating_sub(record.since);
        if record.bought || age >= KNOWN_AFTER_SECONDS {
            AccountKind::Known
        } else {
            AccountKind::New
        }
    }
}

impl AccountMix {
    /// With one more account; `None` is an account whose issuer does not say what it is.
    #[must_use]
    pub fn with(self, account: Option<AccountKind>) -> AccountMix {
        let (known, new) = (self.known, self.new);
        match account {
            Some(AccountKind::Known) => AccountMix { known: known + 1, new },
            Some(AccountKind::New) => AccountMix { known, new: new + 1 },
            None => self,
        }
    }

    fn all(self) -> u64 {
        self.known.saturating_add(self.new)
    }

    /// The most accounts that a network with this mix may have before its new ones are strange.
    /// `None` if the event has no known accounts: then nothing can be compared.
    #[must_use]
    pub fn allowed(self, event: AccountMix, least: u64) -> Option<u64> {
        // With k known accounts of its own, up to FEWER_BY * (k + 1) times as many accounts as the
        // event has for each known one are no surprise.
        let times = u128::from(self.known.saturating_add(1)) * u128::from(FEWER_BY);
        let usual = times
            .saturating_mul(u128::from(event.all()))
            .checked_div(u128::from(event.known))?;
        Some(u64::try_from(usual).unwrap_or(u64::MAX).max(least))
    }

    /// The weight of a new account in a network with this mix; `None` if nothing is strange about
    /// it. It falls with the logarithm of the number of accounts.
    #[must_use]
    pub fn weight(self, event: AccountMix, least: u64) -> Option<Millionths> {
        let allowed = self.allowed(event, least)?.max(1);
        if self.all() <= allowed {
            return None;
        }
        let doublings = (self.all() / allowed).ilog2();
        let weight = (0..=doublings).fold(HUMAN_FROM, |weight, _| weight.times(PER_DOUBLING));
        Some(weight.max(LEAST_WEIGHT))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_known_when_it_has_bought_or_is_a_month_old() {
        let now = UnixMillis(1_800_000_000_000);
        let kind = |age: u64, bought| {
            let since = now.floor_seconds() - age;
            AccountKind::of(AccountRecord { since, bought }, now)
        };
        assert_eq!(kind(KNOWN_AFTER_SECONDS, false), AccountKind::Known);
        assert_eq!(kind(KNOWN_AFTER_SECONDS - 1, false), AccountKind::New);
        assert_eq!(kind(0, true), AccountKind::Known);
        let from_the_future = AccountRecord {
            since: u64::MAX,
            bought: false,
        };
        assert_eq!(AccountKind::of(from_the_future, now), AccountKind::New);
    }

    #[test]
    fn what_is_allowed_grows_with_the_known_accounts_and_their_rarity() {
        let allowed = |known, event_known, event_new| {
            let event = AccountMix {
                known: event_known,
                new: event_new,
            };
            AccountMix { known, new: 5_000 }.allowed(event, 200)
        };
        assert_eq!(allowed(0, 0, 10_000), None);
        assert_eq!(allowed(0, 5_000, 5_000), Some(200), "the least that is allowed");
        assert_eq!(allowed(9, 5_000, 5_000), Some(200));
        assert_eq!(allowed(10, 5_000, 5_000), Some(220));
        assert_eq!(allowed(0, 100, 9_900), Some(1_000));
        assert_eq!(allowed(0, 1, u64::MAX - 1), Some(u64::MAX));
    }

    #[test]
    fn the_weight_falls_by_a_fifth_with_each_doubling_from_below_a_humans_score_on() {
        let event = AccountMix {
            known: 500_000,
            new: 500_000,
        };
        let weight = |new| AccountMix { known: 0, new }.weight(event, 200).map(|weight| weight.0);
        assert_eq!(weight(200), None);
        for (new, expected) in [
            (201, 400_000),
            (399, 400_000),
            (400, 320_000),
            (800, 256_000),
            (1_600, 204_800),
            (6_400, 131_072),
            (12_800, 104_857),
            (25_600, 100_000),
            (u64::MAX, 100_000),
        ] {
            assert_eq!(weight(new), Some(expected), "{new}");
        }
        assert!(weight(201).unwrap() < HUMAN_FROM.0);
        assert!(LEAST_WEIGHT >= super::super::SUSPECT_FROM);
    }
}
