//! A session is used: it does not become idle.

use stanchion_shared::timestamp::UnixMillis;

use super::{Person, PersonChange};
use crate::platform::{KeepOutcome, KeepSession, ShoppingWindow};

/// Keeps a session that is used. A person whom the shard does not know has none.
pub(crate) fn keep_session(known: Option<&Person>, keep: &KeepSession, now: UnixMillis) -> PersonChange<KeepOutcome> {
    PersonChange::of(known, KeepOutcome::Over, |person| person.keep_session(keep, now))
}

impl Person {
    /// Keeps the newest session, if it has this name. One that became idle while this shard was
    /// silent goes on: its shopper was there.
    pub(super) fn keep_session(&mut self, keep: &KeepSession, now: UnixMillis) -> KeepOutcome {
        let has_left = self.left;
        let runs = |window: &&mut ShoppingWindow| {
            window.session == keep.session && window.ended_at.is_none() && now < window.ends_at
        };
        let window = self.newest_window().filter(runs);
        // Who gave the ticket up is out, also if the store forgot that the session was ended.
        let Some(window) = window.filter(|window| window.walked_in || !has_left) else {
            return KeepOutcome::Over;
        };
        window.use_at(now, Some(keep.idle_ms));
        KeepOutcome::Kept {
            until: window.over_at(),
        }
    }
}
