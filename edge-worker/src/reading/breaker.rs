//! A source of answers, such as the coordinator, a relay or Redis, that was silent is left alone
//! for a while, so that its silence costs nobody more than one question. The first question
//! afterwards is the probe: if it is answered, all goes on.

use stanchion_shared::timestamp::UnixMillis;

/// How long a source is left alone after its first silence, in ms. Each further one doubles it.
pub(crate) const FIRST_REST_MS: u64 = 250;
/// The longest that a source is left alone, in ms: so much later than the source itself all is
/// well.
pub(crate) const LONGEST_REST_MS: u64 = 4_000;

/// What is remembered of one source.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Breaker {
    /// Silences one after the other.
    silences: u32,
    rests_until: UnixMillis,
}

impl Breaker {
    /// Whether the source is to be left alone.
    pub(crate) fn rests(self, now: UnixMillis) -> bool {
        now < self.rests_until
    }

    /// Whether the last question was answered.
    pub(crate) fn is_well(self) -> bool {
        self.silences == 0
    }

    /// The source did not answer.
    pub(crate) fn note_silence(&mut self, now: UnixMillis) {
        let rest_ms = FIRST_REST_MS << self.silences.min(16);
        self.rests_until = now.plus(rest_ms.min(LONGEST_REST_MS));
        self.silences += 1;
    }

    /// The source answered.
    pub(crate) fn note_answer(&mut self) {
        *self = Breaker::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: UnixMillis = UnixMillis(1_000_000);

    #[test]
    fn each_silence_is_followed_by_twice_the_rest_up_to_the_longest() {
        let (mut breaker, mut now, mut rests) = (Breaker::default(), START, Vec::new());
        assert!(breaker.is_well() && !breaker.rests(now));
        for _ in 0..20 {
            breaker.note_silence(now);
            let rest = (0..).find(|&ms| !breaker.rests(now.plus(ms))).unwrap();
            rests.push(rest);
            now = now.plus(rest);
        }
        assert_eq!(rests[..5], [250, 500, 1_000, 2_000, 4_000]);
        assert!(rests[5..].iter().all(|&rest| rest == LONGEST_REST_MS), "{rests:?}");
    }

    #[test]
    fn one_answer_makes_all_well() {
        let mut breaker = Breaker::default();
        (0..9).for_each(|_| breaker.note_silence(START));
        assert!(breaker.rests(START) && !breaker.is_well());
        breaker.note_answer();
        assert!(!breaker.rests(START) && breaker.is_well());
        breaker.note_silence(START);
        assert!(!breaker.rests(START.plus(FIRST_REST_MS)), "it begins anew");
    }
}
