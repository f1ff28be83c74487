//! Draws: who is in which one, the byte-exact shuffle, and the record with which anybody can check it.
//!
//! [`announcement`] is what is fixed before the first join, [`membership`] says which draw a join belongs to, [`chain`] makes the secrets, [`digest`] pins who joined, [`shuffle`]
//! is the permutation, [`beacon`] verifies public randomness, [`record`] is what is published when a draw closes, [`place`] turns a ticket and a record into a place.

pub mod announcement;
pub mod beacon;
pub mod chain;
pub mod digest;
pub mod membership;
pub mod place;
pub mod record;
pub mod shuffle;
