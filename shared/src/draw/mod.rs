//! Draws: the random order of all fans who joined in the same arrival window.
//!
//! A draw is fixed before it is random. Its secret is committed to before the first join, its
//! tickets are frozen when the window ends, and its record lets anybody check every place.
//!
//! * [`announcement`]: what is fixed and public before the first join.
//! * [`membership`]: which draw a join belongs to.
//! * [`chain`]: the secrets.
//! * [`digest`]: what pins the tickets of a draw.
//! * [`shuffle`]: the permutation.
//! * [`beacon`]: public randomness, verified.
//! * [`record`]: what is published when a draw is closed.
//! * [`place`]: from a ticket number and a record to a place.

pub mod announcement;
pub mod beacon;
pub mod chain;
pub mod digest;
pub mod membership;
pub mod place;
pub mod record;
pub mod shuffle;
