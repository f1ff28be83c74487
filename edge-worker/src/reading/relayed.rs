//! What a relay reads for everybody, and for how long it answers with what it has read. It passes
//! answers on as JSON, which it does not parse.

use std::{
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use serde::{Deserialize, Serialize};
use stanchion_shared::{ids::Draw, timestamp::UnixMillis};

use super::fan_out;

/// How long what may change is handed out, in ms.
const FRESH_MS: u64 = fan_out::RELAY_FRESH_MS;
/// What never changes is remembered, in bytes of JSON; a record of an event with 1,024 shards has
/// some 40 KiB.
const MAX_LASTING_BYTES: usize = 16 * 1024 * 1024;
/// Answers that may change are remembered up to this number; older ones are forgotten then.
const MAX_CHANGING: usize = 256;

/// Asks for something that every edge reads: a coordinator answers or, of the directory, its object.
/// Relays pass it on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub(crate) enum Read {
    /// `Option<Snapshot>`.
    Snapshot,
    /// `Option<ScheduleChunk>`: a chunk of the schedule, or the last one.
    Schedule(Option<u32>),
    /// `Option<SignedRecord>`: the record of a closed draw.
    Record(Draw),
    /// `Vec<Draw>`: the drawn windows of a page, complete up to a closed draw. A relay must not
    /// answer with what it read before that draw was closed, so the draw is part of the question.
    Drawn { page: u32, through: Draw },
    /// `Option<EventKey>`: the key that makes tags.
    EventKey,
    /// `Vec<EndedSession>`: a page of the list of sessions that ended early, at least up to a
    /// position: as with `Drawn`, a relay must not answer with what it read before.
    Ended { page: u64, through: u64 },
    /// `Vec<EventId>`: events of the directory, from this position on.
    Events(u32),
}

/// The JSON of an answer.
pub(crate) type Text = Rc<str>;

struct Aged {
    text: Text,
    /// When it was asked for: it is not older than this.
    asked_at: UnixMillis,
}

/// The answers that a relay remembers.
#[derive(Default)]
pub(crate) struct Relayed {
    /// What may change.
    changing: HashMap<Read, Aged>,
    /// What never changes.
    lasting: BTreeMap<Read, Text>,
    lasting_bytes: usize,
}

impl Relayed {
    /// The answer, if there is one that holds at `now`.
    pub(crate) fn recall(&self, read: Read, now: UnixMillis) -> Option<Text> {
        let young = |aged: &&Aged| now.since(aged.asked_at) <= FRESH_MS;
        let changing = self.changing.get(&read).filter(young).map(|aged| &aged.text);
        changing.or_else(|| self.lasting.get(&read)).cloned()
    }

    /// Remembers an answer that was asked for at `asked_at`.
    pub(crate) fn remember(&mut self, read: Read, text: &Text, asked_at: UnixMillis) {
        // A record and a key never change; that there is none yet does.
        if !matches!(read, Read::Record(_) | Read::EventKey) || &**text == "null" {
            if self.changing.len() >= MAX_CHANGING {
                self.changing
                    .retain(|_, aged| asked_at.since(aged.asked_at) <= FRESH_MS);
            }
            let text = Rc::clone(text);
            self.changing.insert(read, Aged { text, asked_at });
            return;
        }
        if self.lasting.insert(read, Rc::clone(text)).is_some() {
            return;
        }
        self.lasting_bytes += text.len();
        // Fans who know their place need no record, so the oldest draws are read least. The key comes
        // after all records.
        while self.lasting_bytes > MAX_LASTING_BYTES {
            let Some((_, oldest)) = self.lasting.pop_first() else {
                return;
            };
            self.lasting_bytes -= oldest.len();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);

    fn text(text: &str) -> Text {
        text.into()
    }

    #[test]
    fn a_list_is_never_answered_with_what_was_read_before_its_newest_entry_was_there() {
        let mut relayed = Relayed::default();
        let ended = |through| Read::Ended { page: 0, through };
        let drawn = |through| Read::Drawn {
            page: 0,
            through: Draw(through),
        };
        relayed.remember(ended(7), &text("seven"), NOW);
        relayed.remember(drawn(7), &text("seven draws"), NOW);
        assert_eq!(relayed.recall(ended(7), NOW).as_deref(), Some("seven"));
        assert_eq!(relayed.recall(ended(8), NOW), None, "one more has ended since");
        assert_eq!(relayed.recall(drawn(8), NOW), None);
        let other_page = Read::Ended { page: 1, through: 7 };
        assert_eq!(relayed.recall(other_page, NOW), None);
    }

    #[test]
    fn what_may_change_is_handed_out_for_a_moment_and_what_does_not_for_ever() {
        let mut relayed = Relayed::default();
        let record = Read::Record(Draw(3));
        relayed.remember(Read::Snapshot, &text("then"), NOW);
        relayed.remember(record, &text("null"), NOW);
        let later = NOW.plus(FRESH_MS);
        assert_eq!(relayed.recall(Read::Snapshot, later).as_deref(), Some("then"));
        assert_eq!(relayed.recall(record, later).as_deref(), Some("null"));
        assert_eq!(relayed.recall(Read::Snapshot, later.plus(1)), None);
        assert_eq!(
            relayed.recall(record, later.plus(1)),
            None,
            "that there is no record changes"
        );
        relayed.remember(record, &text("drawn"), later.plus(1));
        assert_eq!(relayed.recall(record, NOW.plus(u64::MAX / 2)).as_deref(), Some("drawn"));
    }

    #[test]
    fn memory_is_bounded_and_the_key_outlives_the_records() {
        let mut relayed = Relayed::default();
        relayed.remember(Read::EventKey, &text("key"), NOW);
        let record = text(&"r".repeat(1 << 20));
        for draw in 0..40 {
            relayed.remember(Read::Record(Draw(draw)), &record, NOW);
        }
        assert!(relayed.lasting_bytes <= MAX_LASTING_BYTES);
        assert_eq!(relayed.recall(Read::Record(Draw(0)), NOW), None);
        assert!(relayed.recall(Read::Record(Draw(39)), NOW).is_some());
        assert_eq!(relayed.recall(Read::EventKey, NOW).as_deref(), Some("key"));
        for page in 0..10_000 {
            let read = Read::Ended { page, through: 1 };
            relayed.remember(read, &text("[]"), NOW.plus(page));
        }
        assert!(relayed.changing.len() <= MAX_CHANGING + FRESH_MS as usize);
    }
}
