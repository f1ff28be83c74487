//! Which people of an event used the same identifiers: a device fingerprint, or the networks around an
//! address.

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    ids::{Shard, ShardCount, Tag},
    score::{
        identifier_reuse::Identifier,
        sharing::{AccountKind, AccountMix},
    },
};

/// The people who used an identifier are remembered for this long after the last of them was noted
/// or, if that is later, after the on-sale, in ms: a week. At their turns they are looked at again.
pub const IDENTIFIERS_KEPT_MS: u64 = 7 * 24 * 3_600_000;

/// A person used identifiers of one kind, at least one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentifierUse {
    /// The identifiers, as keyed hashes; networks with the narrowest first.
    pub identifiers: Vec<Identifier>,
    /// The person.
    pub tag: Tag,
    /// What the person's account is, if its issuer says it.
    pub account: Option<AccountKind>,
    /// At most so many people are remembered by name for each identifier. All of them are counted.
    pub most: u16,
    /// They are remembered for so long after this use, in ms.
    pub kept_ms: u64,
}

impl IdentifierUse {
    /// The shard that counts all of these identifiers: that of the last, so that all networks in
    /// one /48 are in one place and a join asks once.
    #[must_use]
    pub fn shard(&self, shards: ShardCount) -> Shard {
        let last = self.identifiers.last().expect("there is at least one identifier");
        last.shard(shards)
    }
}

/// The people who used an identifier, with the person who asks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdentifierUsers {
    /// Their number. Beyond those who are remembered by name a person who gets several queue tickets
    /// counts several times.
    pub people: u32,
    /// What their accounts are, as far as their issuers say it.
    pub accounts: AccountMix,
    /// The person who asks is noted already. Otherwise a join that gives a number has to
    /// [note](super::QueueStore::note_identifiers) them.
    pub is_noted: bool,
}

impl IdentifierUsers {
    /// Adds the person who asks to those who are `noted`, unless `is_noted` says that they are among
    /// them.
    pub(crate) fn with(self, account: Option<AccountKind>, is_noted: bool) -> IdentifierUsers {
        if is_noted {
            return IdentifierUsers { is_noted, ..self };
        }
        IdentifierUsers {
            people: self.people.saturating_add(1),
            accounts: self.accounts.with(account),
            is_noted,
        }
    }
}
