//! The schedule: a public, piecewise-linear curve 'places served by now', and its inverse 'when was place p served'.
//!
//! All numbers are integers, so that everybody who computes gets the same: a [`Rate`] is in thousandths of a place per
//! second, and thousandths per second times milliseconds are [`MicroPlaces`].
//!
//! Nothing is retroactive: whatever is accepted takes effect [`EFFECT_DELAY_MS`] later, and a snapshot older than that is
//! never used, so every edge agrees on the past and on the present. The one exception proves the rule: a lease that ran
//! out made the curve flat at an instant that everybody knew beforehand.

mod curve;
mod pace;
mod rate;
mod segment;
mod stops;

pub use curve::{Change, Schedule};
pub use pace::{PACE_WINDOW_MS, STANDSTILL_COUNTS_MS};
pub use rate::Rate;
pub use segment::{MicroPlaces, Segment};
pub use stops::{Stop, Stops};

/// From accepting a change to its effect, in ms; also the oldest snapshot that may be used.
pub const EFFECT_DELAY_MS: u64 = 2_000;
