//! What an instance remembers between requests.
//!
//! # Layout
//! - [`event_cache`]: snapshots of events, draw records, schedules, the keys for tags.
//! - [`asking`]: what many want to know of a source is asked once.
//! - [`response_cache`]: responses of the origin that are the same for everybody.
//! - [`account_cache`]: responses of the origin that belong to one account.
//! - [`lru`]: the bounded map that most memories are made of.
//! - [`single_flight`]: how many requests may ask another server the same question at once.

pub(crate) mod account_cache;
pub(crate) mod asking;
pub(crate) mod event_cache;
pub(crate) mod lru;
pub(crate) mod response_cache;
pub(crate) mod single_flight;
