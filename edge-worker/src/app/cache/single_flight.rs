//! How many requests of an instance ask the same question of another server at once. Pure: the
//! clock is passed in.

use std::time::Duration;

use stanchion_shared::timestamp::UnixMillis;

/// The questions that are open. Each is remembered by the instant at which it was sent, and not
/// only counted: a runtime may drop a request when its client goes away, and then nothing of that
/// request runs that could end its question.
pub(crate) struct SingleFlight {
    /// How many questions may be open at once.
    most: usize,
    /// A question that is older than this is lost, in ms.
    patience_ms: u64,
    sent_at: Vec<UnixMillis>,
}

impl SingleFlight {
    /// Lets `most` questions be open at once. `patience` is how long a request waits for the answer
    /// to its question.
    pub(crate) fn new(most: usize, patience: Duration) -> SingleFlight {
        SingleFlight {
            most,
            patience_ms: u64::try_from(patience.as_millis()).expect("a patience of seconds"),
            sent_at: Vec::new(),
        }
    }

    /// Whether one more question may be sent now. If so it counts as open.
    pub(crate) fn begin(&mut self, now: UnixMillis) -> bool {
        self.forget_lost(now);
        let may = self.sent_at.len() < self.most;
        if may {
            self.sent_at.push(now);
        }
        may
    }

    /// Ends the question that began at `sent_at`. A question that was already forgotten as lost may
    /// end, too.
    pub(crate) fn end(&mut self, sent_at: UnixMillis) {
        if let Some(index) = self.sent_at.iter().position(|&open| open == sent_at) {
            self.sent_at.swap_remove(index);
        }
    }

    /// Whether a question is open.
    pub(crate) fn is_any_open(&mut self, now: UnixMillis) -> bool {
        self.forget_lost(now);
        !self.sent_at.is_empty()
    }

    fn forget_lost(&mut self, now: UnixMillis) {
        self.sent_at.retain(|&sent_at| now.since(sent_at) < self.patience_ms);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: u64 = 1_000_000;

    #[test]
    fn no_more_than_so_many_are_open_and_one_that_ends_makes_room() {
        let mut questions = SingleFlight::new(2, Duration::from_secs(1));
        let now = UnixMillis(START);
        assert!(!questions.is_any_open(now));
        assert_eq!([(); 4].map(|()| questions.begin(now)), [true, true, false, false]);
        questions.end(UnixMillis(START - 1));
        assert!(!questions.begin(now), "that was another one");
        questions.end(now);
        assert_eq!([(); 2].map(|()| questions.begin(now)), [true, false]);
    }

    #[test]
    fn a_question_that_never_ends_is_in_nobodys_way_after_its_patience() {
        let mut questions = SingleFlight::new(1, Duration::from_secs(1));
        assert!(questions.begin(UnixMillis(START)));
        assert!(!questions.begin(UnixMillis(START + 999)));
        assert!(questions.is_any_open(UnixMillis(START + 999)));
        assert!(!questions.is_any_open(UnixMillis(START + 1_000)));
        assert!(questions.begin(UnixMillis(START + 1_000)));
    }
}
