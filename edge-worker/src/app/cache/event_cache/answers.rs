//! What this instance counts of the answers of an event's site, until the coordinator is told.

use stanchion_shared::{ids::EventId, meter::SiteAnswers};

use super::{CachedEvent, EVENTS, snapshots};
use crate::platform::Platform;

impl CachedEvent {
    /// Whether something was counted that was not told.
    pub(super) fn has_unsent_answers(&self) -> bool {
        !self.unsent_answers.get().is_empty()
    }

    /// What a question to the coordinator takes along.
    pub(super) fn take_answers<P: Platform>(&self, platform: &P) -> SiteAnswers {
        let mut unsent = self.unsent_answers.get();
        let taken = unsent.take(platform.now());
        self.unsent_answers.set(unsent);
        taken
    }
}

/// Counts answers of the event's site. The coordinator learns of them with the next question, which
/// this request asks if enough were counted.
pub(crate) async fn note_answers<P: Platform>(platform: &P, event: &EventId, answers: SiteAnswers) {
    let Some(cached) = EVENTS.with_borrow_mut(|events| events.find(event)) else {
        return; // so long ago that the event is forgotten: the counts would be as old
    };
    let now = platform.now();
    let mut unsent = cached.unsent_answers.get();
    unsent.note(answers, now);
    cached.unsent_answers.set(unsent);
    if unsent.is_due(now) {
        Box::pin(snapshots::replace(platform, &cached)).await;
    }
}
