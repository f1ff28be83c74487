//! The check of the invariants of an on-sale: each one judged from independent evidence.
//!
//! # Layout
//! - [`evidence`] is what only fans can see, written down while they buy.
//! - [`sources`] reads what is stored: PostgreSQL, Redis, the payment gateway's ledger. What the edge publishes is read by
//!   [`stanchion_verify`].
//! - [`monitor`] reads some of it again and again while fans buy.
//! - [`gate_attempts`] tries to get past the gate.
//! - [`judge`] gathers the facts of an event and asks [`invariants`], one file each.
//! - [`curve`] works out turns from the public schedule, independently of `shared/`.
//! - [`report`] is for people and for programs. [`addresses`] says where everything is, [`command`] is the program
//!   `stanchion-invariants`.

pub mod addresses;
pub mod command;
mod curve;
pub mod evidence;
pub mod gate_attempts;
pub mod invariants;
pub mod judge;
pub mod monitor;
pub mod report;
pub mod sources;
