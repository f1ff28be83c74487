//! What the edge publishes about an event for everybody, read over HTTP: all that a check of a place needs.
//!
//! The program `stanchion-verify` checks one fan's place with it; the check of the invariants checks all places.

mod public_data;

pub use public_data::{ClosedDraw, PublicData, PublicDataError, PublicSchedule, ShardLog};
