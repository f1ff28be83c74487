//! Signals: how the page was used before the join.
//!
//! They are counts and a rhythm. They contain nothing that was typed or looked at.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Most events of one kind. The page counts no further.
pub const MAX_EVENTS: u32 = 100_000;
/// Longest time on the page, in ms: a week.
pub const MAX_ON_PAGE_MS: u64 = 604_800_000;
/// Fewest intervals that say something about the rhythm. A person with a keyboard or a screen
/// reader needs few keys.
pub const FEWEST_INTERVALS: u32 = 8;
/// Up to this many percent of the mean as standard deviation the intervals are as regular as a
/// clock.
pub const REGULAR_UP_TO_PERCENT: u64 = 5;

/// How the page was used before the join. Only events that the browser marks as real (`isTrusted`)
/// are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signals {
    /// Presses and moves of a mouse or pen.
    pub pointer: u32,
    /// Touches.
    pub touch: u32,
    /// Keys pressed; a key that is held counts once.
    pub key: u32,
    /// Activations without a pointer, and text input. They include those of screen readers, voice
    /// control and password managers.
    pub assisted: u32,
    /// Number of intervals between presses, touches, keys and activations. `mean_ms` and
    /// `deviation_ms` are computed from them.
    pub intervals: u32,
    /// Mean of the intervals, in ms, rounded down.
    pub mean_ms: u32,
    /// Their standard deviation, in ms, rounded down.
    pub deviation_ms: u32,
    /// `navigator.webdriver`: the browser says that a program steers it.
    pub webdriver: bool,
    /// Time since the page was opened, in ms.
    pub on_page_ms: u64,
}

impl Signals {
    /// Parses what a client sent.
    ///
    /// # Errors
    /// A sentence: the form is wrong, a number is out of its limits, or the numbers contradict one
    /// another.
    pub fn parse(value: &Value) -> Result<Signals, String> {
        let signals = Signals::deserialize(value).map_err(|error| format!("signals are not as expected: {error}"))?;
        signals.check()?;
        Ok(signals)
    }

    fn check(&self) -> Result<(), String> {
        let counts = [
            ("pointer", self.pointer),
            ("touch", self.touch),
            ("key", self.key),
            ("assisted", self.assisted),
            ("intervals", self.intervals),
        ];
        if let Some((name, _)) = counts.iter().find(|(_, count)| *count > MAX_EVENTS) {
            return Err(format!("signals.{name} must be 0 to {MAX_EVENTS}"));
        }
        if self.on_page_ms > MAX_ON_PAGE_MS {
            return Err(format!("signals.on_page_ms must be 0 to {MAX_ON_PAGE_MS}"));
        }
        let events = u64::from(self.pointer) + u64::from(self.touch) + u64::from(self.key) + u64::from(self.assisted);
        let together_ms = u64::from(self.intervals) * u64::from(self.mean_ms);
        if together_ms > self.on_page_ms || u64::from(self.intervals) > events {
            return Err("signals contradict themselves: more intervals than fit".to_owned());
        }
        Ok(())
    }

    /// Whether nobody pointed, touched, typed or activated anything.
    #[must_use]
    pub fn no_input(&self) -> bool {
        self.pointer == 0 && self.touch == 0 && self.key == 0 && self.assisted == 0
    }

    /// Whether all of the input was as regular as a clock. One pause is enough to be a person.
    #[must_use]
    pub fn too_regular(&self) -> bool {
        self.intervals >= FEWEST_INTERVALS
            && u64::from(self.deviation_ms) * 100 <= u64::from(self.mean_ms) * REGULAR_UP_TO_PERCENT
    }
}
