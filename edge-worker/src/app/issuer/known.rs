//! What this instance knows of the issuer's keys, and when it asks. Pure: the clock and the answers are brought.
//!
//! A key that the issuer takes away is trusted until the set is asked for again: [`FRESH_MS`] unless the issuer says less or
//! more, and while the issuer is away [`TRUSTED_MS`] at the most. A token by an unknown key has the set asked for at once,
//! so a new key works at once; but one flood of made-up keys is one question each [`ASK_AGAIN_MS`]. While no keys are trusted
//! any token has them asked for, made up or not, and [`MOST_QUESTIONS`] at once is enough of it.

use std::{rc::Rc, time::Duration};

use sha2::{Digest, Sha256};
use stanchion_shared::{account::AccountClaims, oidc::IssuerKeys, timestamp::UnixMillis};

use crate::app::{questions::Questions, recent::Recent, verified::Verified};

/// Keys are asked for again after this long where the issuer says nothing of it (`Cache-Control: max-age`), in ms.
const FRESH_MS: u64 = 300_000;
/// However little and however much the issuer says, in ms.
const LEAST_FRESH_MS: u64 = 30_000;
const MOST_FRESH_MS: u64 = 900_000;
/// While the issuer does not answer, the keys that it last published are trusted for this long, in ms.
const TRUSTED_MS: u64 = 3_600_000;
/// The issuer is not asked more often than this, in ms, whatever tokens say.
pub(super) const ASK_AGAIN_MS: u64 = 5_000;
/// After an issuer whose keys are not known did not answer, it is left alone for so long, in ms.
const RETRY_MS: u64 = 1_000;
/// A request waits for the issuer at most this long.
pub(super) const PATIENCE: Duration = Duration::from_secs(3);
/// So many requests of an instance without trusted keys ask at once: two, because whoever asks may go away.
const MOST_QUESTIONS: usize = 2;
/// Who comes while they ask comes again after this long, in ms.
const ASKED_BY_OTHERS_MS: u64 = 1_000;
/// Names of unknown keys that are surely remembered.
const REMEMBERED: usize = 1_024;

/// One answer of the issuer's, and what it has verified.
pub(super) struct Keys {
    pub(super) published: IssuerKeys,
    pub(super) verified: Verified<AccountClaims>,
    /// When the question was sent that it answers.
    pub(super) asked_at: UnixMillis,
    /// See [`fresh_ms`].
    pub(super) fresh_ms: u64,
}

/// What is to be done for a token.
pub(super) enum Plan {
    Use(Rc<Keys>),
    /// Without an answer nothing can be said.
    Ask,
    /// Without an answer these still hold.
    AskOrUse(Rc<Keys>),
    /// The issuer was asked after the key was first seen, and does not publish it.
    Unknown,
    /// The issuer cannot be asked yet.
    Later {
        wait_ms: u64,
    },
}

/// See the module.
pub(super) struct Known {
    keys: Option<Rc<Keys>>,
    /// When it was last asked, whether it answered or not.
    asked_at: Option<UnixMillis>,
    failed_at: Option<UnixMillis>,
    /// While no keys are trusted.
    questions: Questions,
    /// By the hash of its name: when a key that was not published was first seen.
    unknown: Recent<[u8; 32], UnixMillis>,
}

/// For how long an answer is used without asking again, in ms. `max_age` is the issuer's word, in seconds.
pub(super) fn fresh_ms(max_age: Option<u64>) -> u64 {
    max_age.map_or(FRESH_MS, |seconds| {
        seconds.saturating_mul(1_000).clamp(LEAST_FRESH_MS, MOST_FRESH_MS)
    })
}

impl Known {
    pub(super) fn new() -> Known {
        Known {
            keys: None,
            asked_at: None,
            failed_at: None,
            questions: Questions::new(MOST_QUESTIONS, PATIENCE),
            unknown: Recent::new(REMEMBERED),
        }
    }

    /// What to do for a token that names this key. Whoever is told to ask has the only question for some time.
    pub(super) fn plan(&mut self, named: Option<&str>, now: UnixMillis) -> Plan {
        let since_asked = self.asked_at.map_or(u64::MAX, |asked_at| now.since(asked_at));
        let trusted = self.keys.clone().filter(|keys| now.since(keys.asked_at) < TRUSTED_MS);
        let Some(keys) = trusted else {
            let since_failed = self.failed_at.map_or(u64::MAX, |failed_at| now.since(failed_at));
            if since_failed < RETRY_MS {
                let wait_ms = RETRY_MS - since_failed;
                return Plan::Later { wait_ms };
            }
            if !self.questions.begin(now) {
                let wait_ms = ASKED_BY_OTHERS_MS;
                return Plan::Later { wait_ms };
            }
            self.asked_at = Some(now);
            return Plan::Ask;
        };
        let may_ask = since_asked >= ASK_AGAIN_MS;
        if keys.published.know(named) {
            if may_ask && now.since(keys.asked_at) >= keys.fresh_ms {
                self.asked_at = Some(now);
                return Plan::AskOrUse(keys);
            }
            return Plan::Use(keys);
        }
        let name = Sha256::digest(named.unwrap_or_default()).into();
        let first_seen = self.unknown.find(&name).unwrap_or_else(|| {
            self.unknown.put(name, now);
            now
        });
        if may_ask {
            self.asked_at = Some(now);
            return Plan::Ask;
        }
        // Asked in the same millisecond may be asked before.
        if keys.asked_at > first_seen {
            return Plan::Unknown;
        }
        let wait_ms = ASK_AGAIN_MS - since_asked;
        Plan::Later { wait_ms }
    }

    pub(super) fn answered(&mut self, keys: Rc<Keys>) {
        self.questions.end(keys.asked_at);
        // Two questions may overtake one another.
        if self.keys.as_ref().is_none_or(|known| known.asked_at <= keys.asked_at) {
            self.keys = Some(keys);
        }
    }

    /// The question that was sent at `asked_at` brought nothing.
    pub(super) fn failed(&mut self, asked_at: UnixMillis, now: UnixMillis) {
        self.questions.end(asked_at);
        self.failed_at = Some(now);
    }
}

#[cfg(test)]
mod tests;
