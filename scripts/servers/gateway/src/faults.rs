//! Faults on request, so that tests can see what the origin does about them. None unless asked for.

use std::time::Duration;

use serde::{Deserialize, Serialize};

/// The longest delay that can be asked for.
pub const MAX_DELAY_MS: u64 = 60_000;

/// What a request does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Operation {
    /// Create and confirm.
    Authorize,
    /// Capture.
    Capture,
    /// Cancel.
    Cancel,
    /// Refund.
    Refund,
    /// Retrieve, list or search.
    Read,
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    /// 500 before anything began: nothing is done, and the idempotency key stays free.
    Fail,
    /// 500 after the request began: nothing is done, but the key keeps the 500 and gives it again, as Stripe documents.
    FailKept,
    /// The work is done and its answer kept, but the connection ends without a byte of it.
    LoseAnswer,
}

/// Which requests meet a fault.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultRule {
    /// Only this operation; `null` or missing: any.
    #[serde(default)]
    pub operation: Option<Operation>,
    /// What happens to them.
    pub fault: Fault,
    /// How many more; `null` or missing: all.
    #[serde(default)]
    pub times: Option<u32>,
    /// How likely each is to meet it.
    #[serde(default)]
    pub probability: Probability,
    /// How many have met it. Only in answers; what is sent is overwritten.
    #[serde(default)]
    pub applied: u32,
}

/// From 0 (never) to 1 (always, the default).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "f64", into = "f64")]
pub struct Probability(f64);

impl Default for Probability {
    fn default() -> Self {
        Self(1.0)
    }
}

impl From<Probability> for f64 {
    fn from(probability: Probability) -> Self {
        probability.0
    }
}

impl TryFrom<f64> for Probability {
    type Error = &'static str;

    fn try_from(value: f64) -> Result<Self, Self::Error> {
        if (0.0..=1.0).contains(&value) {
            Ok(Self(value))
        } else {
            Err("a probability must be from 0 to 1")
        }
    }
}

/// A delay in milliseconds, up to [`MAX_DELAY_MS`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Delay(u64);

impl From<Delay> for u64 {
    fn from(delay: Delay) -> Self {
        delay.0
    }
}

impl TryFrom<u64> for Delay {
    type Error = &'static str;

    fn try_from(milliseconds: u64) -> Result<Self, Self::Error> {
        if milliseconds <= MAX_DELAY_MS {
            Ok(Self(milliseconds))
        } else {
            Err("a delay must be at most 60000 ms")
        }
    }
}

/// All faults in force: what `PUT /_control/faults` takes and `GET` gives.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Faults {
    /// Every request waits this long before its work, with its idempotency key in use.
    pub delay_ms: Delay,
    /// A search does not see what is younger than this: Stripe's lags behind by up to a minute.
    pub search_lag_ms: u64,
    /// Start of the random numbers that probabilities use; in answers, where they stand.
    pub seed: u64,
    /// Tried in order; the first that applies is the one a request meets.
    pub rules: Vec<FaultRule>,
}

/// What one request meets.
#[derive(Clone, Copy, Debug)]
pub struct ChosenFault {
    /// First it waits,
    pub delay: Duration,
    /// then this happens.
    pub fault: Option<Fault>,
}

impl Faults {
    /// Starts counting anew.
    #[must_use]
    pub fn put(mut self) -> Self {
        for rule in &mut self.rules {
            rule.applied = 0;
        }
        self
    }

    /// Decides what a request that runs meets, and counts it.
    pub fn choose(&mut self, operation: Operation) -> ChosenFault {
        self.choose_among(operation, |_| true)
    }

    /// Decides what a request meets whose answer is already kept: it cannot be replaced by a kept failure.
    pub fn choose_for_replay(&mut self, operation: Operation) -> ChosenFault {
        self.choose_among(operation, |fault| fault != Fault::FailKept)
    }

    fn choose_among(&mut self, operation: Operation, possible: impl Fn(Fault) -> bool) -> ChosenFault {
        let delay = Duration::from_millis(self.delay_ms.0);
        let seed = &mut self.seed;
        let met = self.rules.iter_mut().find(|rule| {
            rule.operation.is_none_or(|only| only == operation)
                && rule.times != Some(0)
                && possible(rule.fault)
                && happens(rule.probability, seed)
        });
        let Some(rule) = met else {
            return ChosenFault { delay, fault: None };
        };
        rule.times = rule.times.map(|times| times - 1);
        rule.applied += 1;
        ChosenFault {
            delay,
            fault: Some(rule.fault),
        }
    }
}

fn happens(Probability(probability): Probability, seed: &mut u64) -> bool {
    if probability >= 1.0 {
        return true;
    }
    // The upper 53 bits are all that a float between 0 and 1 can hold.
    let unit = (split_mix(seed) >> 11) as f64 / (1_u64 << 53) as f64;
    unit < probability
}

/// SplitMix64, the shortest generator that is good enough: <https://prng.di.unimi.it/splitmix64.c>.
fn split_mix(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let mut mixed = *state;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
