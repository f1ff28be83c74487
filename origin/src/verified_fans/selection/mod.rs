//! The selection: some or all of the registered fans become verified fans, by lot. The API calls a
//! selection a draw.
//!
//! Round k selects from the fans who are registered and not verified after round k-1. A round is
//! selected once: a repeated request gets the same result. So a lost answer costs nothing, and
//! nobody repeats a round until the result pleases.
//!
//! A round begins with one short transaction ([`begin`]), after registration has closed. It fixes
//! the list by its digest, and only then takes the seed from the operating system. Both go into the
//! audit log. The rest is done in pieces ([`work`]): by the request ([`select`]) while it is quick,
//! otherwise in the background.
//!
//! An account's rank is
//!
//! ```text
//! SHA-256("stanchion/fans/v1" || 0x00 || event id || 0x00 || round as u32 LE || seed || account id in ASCII)
//! ```
//!
//! and the accounts with the lowest ranks are selected. So all registered fans have the same
//! chance, and everybody with the list can repeat the selection.

mod begin;
mod round;
mod select;
mod work;

pub(super) use round::SelectionState;
pub use round::{MAX_ROUNDS, RANK_DOMAIN};
pub use select::ANSWERED_WITHIN;
pub(super) use select::select;
pub use work::{ACCOUNTS_PER_PIECE, finish_all_begun, finish_begun_forever};
