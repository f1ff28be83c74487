//! When a shard tells the coordinator of sessions, where each message is one of its own.
//!
//! What was not heard is told again: first after the usual time, then each time after twice as long,
//! up to [`LONGEST_PAUSE_MS`]. When a session begins or ends meanwhile, it is told at the usual pace:
//! the coordinator may be back, and the token of a session that was ended has to be dead soon. A
//! coordinator that has no such event ends it. The event was deleted then: a shard learns of its event
//! from a draw that the coordinator let it into.

use stanchion_shared::timestamp::UnixMillis;

/// The longest time between two messages to a coordinator that is silent, in ms.
pub(crate) const LONGEST_PAUSE_MS: u64 = 60_000;

/// See the module. The default is a shard that has told nothing.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Telling {
    /// The pace.
    not_before: UnixMillis,
    /// When what was not heard is told again.
    again_at: UnixMillis,
    /// Messages that were not heard, one after the other.
    silences: u32,
}

impl Telling {
    /// When news is told that there is now.
    pub(crate) fn tell_at(self, now: UnixMillis) -> UnixMillis {
        self.not_before.max(self.again_at).max(now)
    }

    /// Something is told now. The next message is `every_ms` later at the earliest.
    pub(crate) fn begin(&mut self, every_ms: u64, now: UnixMillis) {
        self.not_before = now.plus(every_ms);
    }

    /// A session began or ended.
    pub(crate) fn note_news(&mut self) {
        self.again_at = self.not_before;
    }

    /// The coordinator has heard it, or has no such event.
    pub(crate) fn note_answer(&mut self) {
        (self.again_at, self.silences) = (self.not_before, 0);
    }

    /// The coordinator has not heard it.
    pub(crate) fn note_silence(&mut self, every_ms: u64, now: UnixMillis) {
        let pause_ms = every_ms.saturating_mul(1 << self.silences.min(16));
        self.silences += 1;
        self.again_at = now.plus(pause_ms.min(LONGEST_PAUSE_MS));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    #[test]
    fn news_is_told_at_once_after_a_quiet_time_and_not_sooner_than_the_pace_allows() {
        let mut telling = Telling::default();
        assert_eq!(telling.tell_at(NOW), NOW);
        telling.begin(500, NOW);
        telling.note_answer();
        assert_eq!(telling.tell_at(NOW.plus(1)), NOW.plus(500));
        assert_eq!(telling.tell_at(NOW.plus(900)), NOW.plus(900));
    }

    #[test]
    fn what_happens_while_the_coordinator_is_silent_is_told_at_the_usual_pace() {
        let mut telling = Telling::default();
        for _ in 0..10 {
            telling.begin(500, NOW);
            telling.note_silence(500, NOW);
        }
        assert_eq!(telling.tell_at(NOW), NOW.plus(LONGEST_PAUSE_MS));
        telling.note_news();
        assert_eq!(telling.tell_at(NOW), NOW.plus(500));
    }

    #[test]
    fn a_silent_coordinator_is_told_less_and_less_often_and_as_often_as_ever_once_it_answers() {
        let (mut telling, mut now, mut pauses) = (Telling::default(), NOW, Vec::new());
        for _ in 0..100 {
            telling.begin(500, now);
            telling.note_silence(500, now);
            let next = telling.tell_at(now);
            pauses.push(next.since(now));
            now = next;
        }
        assert_eq!(
            pauses[..8],
            [500, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, LONGEST_PAUSE_MS]
        );
        assert!(pauses[8..].iter().all(|pause| *pause == LONGEST_PAUSE_MS));
        telling.begin(500, now);
        telling.note_answer();
        assert_eq!(telling.tell_at(now), now.plus(500));
        telling.note_silence(500, now);
        assert_eq!(telling.tell_at(now), now.plus(500));
    }
}
