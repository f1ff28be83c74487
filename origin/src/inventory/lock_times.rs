//! How long a seat lock lives. Redis's clock alone judges whether a lock is over
//! (`scripts/section.lua`).
//!
//! - In a cart: the event's `lock_ms` ([`LOCK_MS`]), and never longer than the shopping session.
//!   See `scripts/lock.lua`.
//! - From the beginning of a checkout: at least [`CHECKOUT_LOCK_MS`], once per lock. See
//!   `scripts/extend.lua`.

pub use crate::events::new_event::LOCK_MS;

/// How long a lock lives at least once its checkout has begun, in milliseconds: enough for every
/// retry towards the payment provider.
pub const CHECKOUT_LOCK_MS: u64 = 300_000;
