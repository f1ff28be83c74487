//! The brake: how many sessions a protected site can bear just now, by what it answers to those who
//! are in it.
//!
//! The control law is that of a concurrency limit, as TCP has it for a path of unknown capacity:
//! multiplicative decrease, additive increase (Chiu and Jain, 1989; RFC 5681), with the slow
//! beginning of the increase that CUBIC has near the last known limit (RFC 9438). It acts on the
//! number of sessions and not on the rate, because sessions are what loads a site, and they stay for
//! minutes after the rate was lowered.
//!
//! - *Decrease.* While the site is overloaded, the limit is [`BRAKE_PERCENT`] of the sessions that
//!   run. It is worked out from those and not from the last limit, so it does not fall further for
//!   each second in which people have not left yet.
//! - *Increase.* Afterwards the limit is [`BRAKE_PERCENT`] of the sessions that ran when the overload
//!   was noticed, and grows with the square of the time, by the whole of `at_once` in
//!   [`BRAKE_RECOVERY_MS`].
//! - *Too few samples.* Fewer than [`LEAST_ANSWERS`] in [`BRAKE_LOOK_MS`] say nothing: the brake is
//!   let go as if the site were well. So few requests load no site, and without people nobody would
//!   ever know that it is well again.
//! - *Many people, not many requests.* One client may provoke as many failures as it likes. So each
//!   group of sessions counts as [`super::GROUP_WEIGHT`] answers at most, with the mean of all its
//!   answers ([`super::SiteAnswers`]). Fewer than ten sessions that ask say nothing.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::answers::{SiteAnswers, WHOLE_ANSWER, WeighedAnswers};
use crate::{limits::Limits, timestamp::UnixMillis};

/// The answers of the last so many ms are judged: long enough for some requests of each person who
/// is in, short beside a session.
pub const BRAKE_LOOK_MS: u64 = 5_000;
/// Fewer answers than these, as groups of sessions weigh them, say nothing: one failure among them
/// would be more than 5 %.
pub const LEAST_ANSWERS: u64 = 20;
/// The limit of an overloaded site, in percent of the sessions that run in it.
pub const BRAKE_PERCENT: u64 = 90;
/// After an overload the limit has grown by the whole of `at_once` after so many ms. In the first
/// minute it grows by a hundredth of it.
pub const BRAKE_RECOVERY_MS: u64 = 600_000;
/// The site is overloaded if more than so many percent of its answers are slow. A few that are slow
/// by nature, such as long polls, do not brake.
pub const SLOW_PERCENT: u64 = 50;
/// The site is overloaded if more than so many percent of its answers are failures.
pub const FAILED_PERCENT: Limits = Limits {
    default: 10,
    least: 1,
    most: 100,
};
/// An answer that has not begun after so many ms is slow.
pub const SLOW_MS: Limits = Limits {
    default: 4_000,
    least: 100,
    most: 60_000,
};

/// When a site counts as overloaded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BrakeLimits {
    /// Most failures, in percent of all answers ([`FAILED_PERCENT`]). With 100 failures never brake.
    pub failed_percent: u64,
    /// From which time on an answer is slow, in ms ([`SLOW_MS`]).
    pub slow_ms: u64,
}

impl Default for BrakeLimits {
    fn default() -> BrakeLimits {
        BrakeLimits {
            failed_percent: FAILED_PERCENT.default,
            slow_ms: SLOW_MS.default,
        }
    }
}

impl BrakeLimits {
    /// Whether every part has its default.
    #[must_use]
    pub fn is_default(&self) -> bool {
        *self == BrakeLimits::default()
    }

    /// Why a site that answers so is overloaded; `None` if it is not, or nothing can be said.
    fn judge(&self, answers: SiteAnswers) -> Option<BrakeCause> {
        let WeighedAnswers { total, failed, slow } = answers.weighed();
        let more_than = |part: u64, percent: u64| part * 100 > total * percent;
        if total < LEAST_ANSWERS * WHOLE_ANSWER {
            None
        } else if more_than(failed, self.failed_percent) {
            Some(BrakeCause::Failures)
        } else if more_than(slow, SLOW_PERCENT) {
            Some(BrakeCause::Slowness)
        } else {
            None
        }
    }
}

/// Why a site is braked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BrakeCause {
    /// It answered 5xx too often, or not at all.
    Failures,
    /// Its answers began too late.
    Slowness,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Off,
    /// The site is overloaded.
    Braking {
        cause: BrakeCause,
        /// [`BRAKE_PERCENT`] of the sessions that ran when the overload was noticed.
        threshold: u64,
        /// And of those that run now.
        limit: u64,
    },
    /// It was, until `since`.
    LettingGo {
        cause: BrakeCause,
        threshold: u64,
        since: UnixMillis,
    },
}

/// The brake of one site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Brake {
    state: State,
    /// What was counted lately, oldest first, with the instant until which it was.
    lately: VecDeque<(UnixMillis, SiteAnswers)>,
}

impl Default for Brake {
    fn default() -> Brake {
        Brake {
            state: State::Off,
            lately: VecDeque::new(),
        }
    }
}

impl Brake {
    /// Judges the site at `now`: `answers` were counted since the last time, and `active` sessions
    /// run.
    pub fn judge(&mut self, limits: &BrakeLimits, answers: SiteAnswers, active: u64, now: UnixMillis) {
        self.lately.push_back((now, answers));
        let since = now.minus(BRAKE_LOOK_MS);
        self.lately.retain(|(at, _)| *at > since);
        let braked = active.saturating_mul(BRAKE_PERCENT) / 100;
        self.state = match (limits.judge(self.lately()), self.state) {
            (Some(cause), State::Braking { threshold, .. }) => State::Braking {
                cause,
                threshold,
                limit: braked.min(threshold),
            },
            (Some(cause), _) => State::Braking {
                cause,
                threshold: braked,
                limit: braked,
            },
            (None, State::Braking { cause, threshold, .. }) => State::LettingGo {
                cause,
                threshold,
                since: now,
            },
            (None, state) => state,
        };
    }

    /// What was counted in the last [`BRAKE_LOOK_MS`].
    #[must_use]
    pub fn lately(&self) -> SiteAnswers {
        let mut sum = SiteAnswers::default();
        self.lately.iter().for_each(|(_, answers)| sum.add(*answers));
        sum
    }

    /// Most sessions at once at `now`, of at most `at_once`. At least one, or nobody would find out
    /// that the site is well again.
    #[must_use]
    pub fn most_sessions(&self, at_once: u32, now: UnixMillis) -> u32 {
        let limit = match self.state {
            State::Off => return at_once,
            State::Braking { limit, .. } => limit,
            State::LettingGo { threshold, since, .. } => threshold.saturating_add(growth(at_once, now.since(since))),
        };
        u32::try_from(limit).unwrap_or(u32::MAX).clamp(1, at_once.max(1))
    }

    /// Brakes no more once the limit has grown to `at_once` again.
    pub fn turn_off_once_grown(&mut self, at_once: u32, now: UnixMillis) {
        if matches!(self.state, State::LettingGo { .. }) && self.most_sessions(at_once, now) >= at_once {
            self.state = State::Off;
        }
    }

    /// Why the site has less than `at_once` sessions; `None` if it is not braked.
    #[must_use]
    pub fn cause(&self) -> Option<BrakeCause> {
        match self.state {
            State::Off => None,
            State::Braking { cause, .. } | State::LettingGo { cause, .. } => Some(cause),
        }
    }
}

/// By how much the limit has grown so many ms after an overload.
fn growth(at_once: u32, elapsed_ms: u64) -> u64 {
    let elapsed = u128::from(elapsed_ms.min(BRAKE_RECOVERY_MS));
    let recovery = u128::from(BRAKE_RECOVERY_MS);
    let grown = u128::from(at_once) * elapsed * elapsed / (recovery * recovery);
    u64::try_from(grown).expect("at most the whole of it")
}

#[cfg(test)]
mod tests;
