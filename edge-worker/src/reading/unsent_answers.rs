//! Answers of a protected site that were counted here and not told to the coordinator yet: in an
//! isolate, and in a relay that passes on what isolates told it.
//!
//! Nothing is told for its own sake: counts travel with a question that is asked anyway. They are
//! handed over at most once, and what is lost with a question, an isolate or a relay is lost. The
//! brake goes by shares of all answers, so that some are missing changes nothing.

use stanchion_shared::{meter::SiteAnswers, timestamp::UnixMillis};

/// Counts are forgotten when they are older than this, in ms: the brake looks at the last seconds.
const KEPT_MS: u64 = 10_000;
/// So many answers are told before the next question is due anyway, and so is a slow one: an
/// instance of some runtimes does not live until then.
const TOLD_FROM: u64 = 32;
/// But not more often than this, in ms.
const TOLD_EVERY_MS: u64 = 1_000;

/// See the module.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct UnsentAnswers {
    answers: SiteAnswers,
    /// When the first of them was counted.
    since: UnixMillis,
    /// When counts were last handed over.
    taken_at: UnixMillis,
}

impl UnsentAnswers {
    /// Counts more.
    pub(crate) fn note(&mut self, answers: SiteAnswers, now: UnixMillis) {
        self.forget_old(now);
        if self.answers.is_empty() {
            self.since = now;
        }
        self.answers.add(answers);
    }

    /// Hands over what was counted: it is not here any more.
    pub(crate) fn take(&mut self, now: UnixMillis) -> SiteAnswers {
        self.forget_old(now);
        self.taken_at = now;
        std::mem::take(&mut self.answers)
    }

    /// Whether there is anything to hand over.
    pub(crate) fn is_empty(&self) -> bool {
        self.answers.is_empty()
    }

    /// Whether it is worth a question of its own.
    pub(crate) fn is_due(&self, now: UnixMillis) -> bool {
        let counts = self.answers.sum();
        let is_much = counts.total() >= TOLD_FROM || counts.slow > 0;
        is_much && now.since(self.taken_at) >= TOLD_EVERY_MS
    }

    fn forget_old(&mut self, now: UnixMillis) {
        if now.since(self.since) > KEPT_MS {
            self.answers = SiteAnswers::default();
        }
    }
}

#[cfg(test)]
mod tests {
    use stanchion_shared::meter::{AnswerCounts, AnswerGroup};

    use super::*;

    const START: UnixMillis = UnixMillis(1_800_000_000_000);

    fn of_a_session(counts: AnswerCounts) -> SiteAnswers {
        SiteAnswers::of(AnswerGroup::of("a session"), counts)
    }

    fn well(well: u64) -> SiteAnswers {
        of_a_session(AnswerCounts {
            well,
            ..AnswerCounts::default()
        })
    }

    #[test]
    fn what_was_counted_is_handed_over_once() {
        let mut unsent = UnsentAnswers::default();
        assert!(unsent.is_empty());
        unsent.note(well(2), START);
        unsent.note(well(3), START.plus(900));
        assert!(!unsent.is_empty());
        assert_eq!(unsent.take(START.plus(1_000)), well(5));
        assert!(unsent.is_empty());
        assert_eq!(unsent.take(START.plus(1_001)), well(0));
    }

    #[test]
    fn what_is_older_than_the_brake_looks_is_forgotten() {
        let mut unsent = UnsentAnswers::default();
        unsent.note(well(2), START);
        assert_eq!(unsent.clone().take(START.plus(KEPT_MS)), well(2));
        assert_eq!(unsent.clone().take(START.plus(KEPT_MS + 1)), well(0));
        unsent.note(well(1), START.plus(KEPT_MS + 1));
        assert_eq!(unsent.take(START.plus(KEPT_MS + 2)), well(1));
    }

    #[test]
    fn many_answers_or_a_slow_one_are_worth_a_question_once_a_second() {
        let mut unsent = UnsentAnswers::default();
        unsent.note(well(TOLD_FROM - 1), START);
        assert!(!unsent.is_due(START));
        unsent.note(well(1), START);
        assert!(unsent.is_due(START), "the first ones of an instance");
        unsent.take(START);
        let slow = of_a_session(AnswerCounts {
            slow: 1,
            ..AnswerCounts::default()
        });
        unsent.note(slow, START.plus(1));
        assert!(!unsent.is_due(START.plus(TOLD_EVERY_MS - 1)));
        assert!(unsent.is_due(START.plus(TOLD_EVERY_MS)));
    }
}
