//! The schedule: a public, piecewise-linear curve of the places served so far, and its inverse, the
//! instant at which a place is served.
//!
//! All arithmetic is in integers, so that everybody who computes gets the same result. A [`Rate`]
//! is in thousandths of a place per second; multiplied by milliseconds it gives [`MicroPlaces`].
//!
//! Nothing is retroactive. Every accepted change takes effect [`EFFECT_DELAY_MS`] later, and a
//! snapshot older than that is never used, so all edges agree on the past and on the present. A
//! lease that runs out is no exception: it makes the curve flat at an instant that everybody knew
//! beforehand.

mod chunk;
mod curve;
mod lease;
mod live_part;
mod openings;
mod rate;
mod second_line;
mod segment;
mod stops;
mod wait_estimate;

use crate::limits::Limits;

pub use chunk::{SEGMENTS_PER_CHUNK, ScheduleChunk};
pub use curve::{Schedule, ScheduleChange};
pub use live_part::{Archive, EXACT_SEGMENTS, EXACT_STOPS, SUMMARY_PARTS};
pub use rate::Rate;
pub use second_line::SecondLine;
pub use segment::{MicroPlaces, Segment};
pub use stops::{Stop, Stops};
pub use wait_estimate::{ESTIMATE_SPAN_MS, Pace, STANDSTILL_COUNTS_MS};

/// How long admission goes on after the last release of the origin that the edge accepted, in ms.
pub const LEASE_MS: Limits = Limits {
    default: 10_000,
    least: 3_000,
    most: 60_000,
};
/// The time from accepting a change to its effect, in ms. It is also the age of the oldest snapshot
/// that may be used.
pub const EFFECT_DELAY_MS: u64 = 2_000;
