//! How many requests of an instance ask somebody outside the same thing at once. Pure: the clock is brought.

use std::time::Duration;

use stanchion_shared::timestamp::UnixMillis;

/// Questions that are open. Each is remembered by its time, and not only counted: a runtime may drop a request whose client is
/// gone, and then nothing of it runs any more that could say so.
pub(super) struct Questions {
    most: usize,
    /// Whoever asks gives up after this long, in ms.
    patience_ms: u64,
    sent_at: Vec<UnixMillis>,
}

impl Questions {
    pub(super) fn new(most: usize, patience: Duration) -> Questions {
        Questions {
            most,
            patience_ms: u64::try_from(patience.as_millis()).expect("a patience of seconds"),
            sent_at: Vec::new(),
        }
    }

    /// Whether one more may be asked now; it is open then.
    pub(super) fn begin(&mut self, now: UnixMillis) -> bool {
        self.forget_lost(now);
        let may = self.sent_at.len() < self.most;
        if may {
            self.sent_at.push(now);
        }
        may
    }

    /// The one that was begun then is over. One that nobody waits for any more may be it, too.
    pub(super) fn end(&mut self, sent_at: UnixMillis) {
        if let Some(index) = self.sent_at.iter().position(|&open| open == sent_at) {
            self.sent_at.swap_remove(index);
        }
    }

    pub(super) fn is_any_open(&mut self, now: UnixMillis) -> bool {
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
        let mut questions = Questions::new(2, Duration::from_secs(1));
        let now = UnixMillis(START);
        assert!(!questions.is_any_open(now));
        assert_eq!([(); 4].map(|()| questions.begin(now)), [true, true, false, false]);
        questions.end(UnixMillis(START - 1));
        assert!(!questions.begin(now), "that was another one");
        questions.end(now);
        assert_eq!([(); 2].map(|()| questions.begin(now)), [true, false]);
    }

    #[test]
    fn one_that_never_ends_is_in_nobodys_way_after_its_patience() {
        let mut questions = Questions::new(1, Duration::from_secs(1));
        assert!(questions.begin(UnixMillis(START)));
        assert!(!questions.begin(UnixMillis(START + 999)));
        assert!(questions.is_any_open(UnixMillis(START + 999)));
        assert!(!questions.is_any_open(UnixMillis(START + 1_000)));
        assert!(questions.begin(UnixMillis(START + 1_000)));
    }
}
