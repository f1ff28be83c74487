//! The issuer's keys as this instance knows them, and when it asks for them again. Pure: the clock
//! and the responses are passed in.
//!
//! - A key that the issuer withdraws is trusted until the set is asked for again. That is after
//!   [`FRESH_MS`], unless the issuer says less or more. While the issuer does not answer it is
//!   after [`TRUSTED_MS`] at the latest.
//! - A token signed by an unknown key has the set asked for at once, so a new key works at once. A
//!   flood of made-up keys causes one question each [`ASK_AGAIN_MS`].
//! - While no keys are trusted every token has them asked for, but at most [`MOST_QUESTIONS`]
//!   requests ask at once.

use std::{rc::Rc, time::Duration};

use sha2::{Digest, Sha256};
use stanchion_shared::{account_token::AccountClaims, oidc::IssuerKeys, timestamp::UnixMillis};

use crate::app::{
    auth::verified_tokens::VerifiedTokens,
    cache::{lru::Lru, single_flight::SingleFlight},
};

/// Keys are asked for again after this long if the issuer does not say (`Cache-Control: max-age`),
/// in ms.
const FRESH_MS: u64 = 300_000;
/// The least that the issuer can say, in ms.
const LEAST_FRESH_MS: u64 = 30_000;
/// The most that the issuer can say, in ms.
const MOST_FRESH_MS: u64 = 900_000;
/// While the issuer does not answer, its last keys are trusted for this long, in ms.
const TRUSTED_MS: u64 = 3_600_000;
/// The issuer is asked at most once in this time, whatever keys the tokens name, in ms.
pub(super) const ASK_AGAIN_MS: u64 = 5_000;
/// If the issuer does not answer and no keys are trusted, it is asked again after this long, in ms.
const RETRY_MS: u64 = 1_000;
/// A request waits for the issuer at most this long.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// How many requests of an instance without trusted keys may ask at once. Two, because one of them
/// may be abandoned by its client.
const MOST_QUESTIONS: usize = 2;
/// A request that comes while they ask is told to come again after this long, in ms.
const ASKED_BY_OTHERS_MS: u64 = 1_000;
/// Names of unknown keys that are surely remembered.
const REMEMBERED: usize = 1_024;

/// One set of keys that the issuer published, and the tokens verified with it.
pub(super) struct PublishedKeys {
    pub(super) published: IssuerKeys,
    pub(super) verified: VerifiedTokens<AccountClaims>,
    /// When the issuer was asked for this set.
    pub(super) asked_at: UnixMillis,
    /// See [`fresh_ms`].
    pub(super) fresh_ms: u64,
}

/// What is to be done to verify a token.
pub(super) enum KeyPlan {
    /// Verify with these keys.
    Use(Rc<PublishedKeys>),
    /// Ask the issuer. Without its answer the token cannot be verified.
    Ask,
    /// Ask the issuer. Without its answer these keys still hold.
    AskOrUse(Rc<PublishedKeys>),
    /// The issuer was asked after the key was first seen, and does not publish it.
    UnknownKey,
    /// The issuer cannot be asked yet: the client has to come again.
    Later { wait_ms: u64 },
}

/// The issuer's keys, and when they were asked for.
pub(super) struct KeyCache {
    keys: Option<Rc<PublishedKeys>>,
    /// When the issuer was last asked, whether it answered or not.
    asked_at: Option<UnixMillis>,
    failed_at: Option<UnixMillis>,
    /// Limits how many ask at once while no keys are trusted.
    first_questions: SingleFlight,
    /// When a key that was not published was first seen, by the hash of its name.
    unknown: Lru<[u8; 32], UnixMillis>,
}

/// How long keys are used before they are asked for again, in ms. `max_age` is what the issuer
/// says, in seconds.
pub(super) fn fresh_ms(max_age: Option<u64>) -> u64 {
    max_age.map_or(FRESH_MS, |seconds| {
        seconds.saturating_mul(1_000).clamp(LEAST_FRESH_MS, MOST_FRESH_MS)
    })
}

impl KeyCache {
    pub(super) fn new() -> KeyCache {
        KeyCache {
            keys: None,
            asked_at: None,
            failed_at: None,
            first_questions: SingleFlight::new(MOST_QUESTIONS, PATIENCE),
            unknown: Lru::new(REMEMBERED),
        }
    }

    /// What to do for a token that names this key. A request that is told to ask must do so, and
    /// then say [`KeyCache::answered`] or [`KeyCache::failed`].
    pub(super) fn plan(&mut self, named: Option<&str>, now: UnixMillis) -> KeyPlan {
        let since_asked = self.asked_at.map_or(u64::MAX, |asked_at| now.since(asked_at));
        let trusted = self.keys.clone().filter(|keys| now.since(keys.asked_at) < TRUSTED_MS);
        let Some(keys) = trusted else {
            let since_failed = self.failed_at.map_or(u64::MAX, |failed_at| now.since(failed_at));
            if since_failed < RETRY_MS {
                let wait_ms = RETRY_MS - since_failed;
                return KeyPlan::Later { wait_ms };
            }
            if !self.first_questions.begin(now) {
                let wait_ms = ASKED_BY_OTHERS_MS;
                return KeyPlan::Later { wait_ms };
            }
            self.asked_at = Some(now);
            return KeyPlan::Ask;
        };
        let may_ask = since_asked >= ASK_AGAIN_MS;
        if keys.published.has_key(named) {
            if may_ask && now.since(keys.asked_at) >= keys.fresh_ms {
                self.asked_at = Some(now);
                return KeyPlan::AskOrUse(keys);
            }
            return KeyPlan::Use(keys);
        }
        let name = Sha256::digest(named.unwrap_or_default()).into();
        let first_seen = self.unknown.find(&name).unwrap_or_else(|| {
            self.unknown.put(name, now);
            now
        });
        if may_ask {
            self.asked_at = Some(now);
            return KeyPlan::Ask;
        }
        // A question of the same millisecond may have been sent before the key was seen.
        if keys.asked_at > first_seen {
            return KeyPlan::UnknownKey;
        }
        let wait_ms = ASK_AGAIN_MS - since_asked;
        KeyPlan::Later { wait_ms }
    }

    /// The issuer published these keys.
    pub(super) fn answered(&mut self, keys: Rc<PublishedKeys>) {
        self.first_questions.end(keys.asked_at);
        // The answers to two questions may arrive in the other order.
        if self.keys.as_ref().is_none_or(|known| known.asked_at <= keys.asked_at) {
            self.keys = Some(keys);
        }
    }

    /// The question that was sent at `asked_at` brought no keys.
    pub(super) fn failed(&mut self, asked_at: UnixMillis, now: UnixMillis) {
        self.first_questions.end(asked_at);
        self.failed_at = Some(now);
    }
}

#[cfg(test)]
mod tests;
