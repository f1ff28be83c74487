//! A site says that a session is over.

use stanchion_shared::timestamp::UnixMillis;

use super::{Person, PersonChange};
use crate::platform::{EndOutcome, EndSession};

/// Ends a session. A person whom the shard does not know has none.
pub(crate) fn end_session(known: Option<&Person>, end: &EndSession, now: UnixMillis) -> PersonChange<EndOutcome> {
    PersonChange::of(known, EndOutcome::Unknown, |person| person.end_session(end, now))
}

impl Person {
    /// Ends the newest session, if it has this name.
    pub(super) fn end_session(&mut self, end: &EndSession, now: UnixMillis) -> EndOutcome {
        match self.newest_window().filter(|window| window.session == end.session) {
            Some(window) => {
                window.end(now);
                EndOutcome::Over
            }
            None => EndOutcome::Unknown,
        }
    }
}
