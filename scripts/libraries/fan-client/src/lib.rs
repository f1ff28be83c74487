//! HTTP as a fan's browser speaks it, and what is measured of it.
//!
//! # Layout
//! - [`FanClient`] sends a [`FanRequest`] until there is an answer that a page would show.
//! - [`Latencies`] has the time each [`RequestKind`] took, [`RequestCounts`] how many were sent and sent again.
//! - [`clock`] is the machine's clock.

mod client;
pub mod clock;
mod counts;
mod latency;

pub use client::{FanClient, FanError, FanRequest, FanResponse};
pub use counts::RequestCounts;
pub use latency::{Latencies, LatencyPercentiles, RequestKind};
