//! Shopping sessions of an event, as every edge knows them: how many there are, and which of them
//! ended before their shop tokens do.
//!
//! Shards count the sessions of their people and tell the coordinator, and the snapshot carries the
//! sums.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// How many sessions began and are over, since the event was created. A session is over when it was
/// ended or its end has passed. One whose end moved after that, because a stop lengthened it or it was
/// used again, is revived: it runs on, and is over once more later.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "SessionTotalsFields", into = "SessionTotalsFields")]
pub struct SessionTotals {
    /// Sessions that began.
    pub begun: u64,
    /// So often one of these was over.
    pub over: u64,
    /// So often one of these went on although it was over. It is no fan who comes from the line.
    pub revived: u64,
    /// Of those that began, so many began without a turn, because there was room.
    pub walked_in: u64,
}

/// The JSON of [`SessionTotals`]: who reads it by eye wants to know how many run.
#[derive(Serialize, Deserialize)]
struct SessionTotalsFields {
    #[serde(default)]
    active: u64,
    begun: u64,
    over: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    revived: u64,
    #[serde(default, skip_serializing_if = "is_zero")]
    walked_in: u64,
}

fn is_zero(count: &u64) -> bool {
    *count == 0
}

impl From<SessionTotalsFields> for SessionTotals {
    fn from(fields: SessionTotalsFields) -> SessionTotals {
        let SessionTotalsFields {
            begun,
            over,
            revived,
            walked_in,
            ..
        } = fields;
        SessionTotals {
            begun,
            over,
            revived,
            walked_in,
        }
    }
}

impl From<SessionTotals> for SessionTotalsFields {
    fn from(totals: SessionTotals) -> SessionTotalsFields {
        SessionTotalsFields {
            active: totals.active(),
            begun: totals.begun,
            over: totals.over,
            revived: totals.revived,
            walked_in: totals.walked_in,
        }
    }
}

impl SessionTotals {
    /// Sessions that run.
    #[must_use]
    pub fn active(self) -> u64 {
        (self.begun + self.revived).saturating_sub(self.over)
    }

    /// Sessions that began with a turn.
    #[must_use]
    pub fn begun_by_turns(self) -> u64 {
        self.begun.saturating_sub(self.walked_in)
    }

    /// Whether no session ever began.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == SessionTotals::default()
    }

    /// Takes over counts that are larger: counts only grow, and messages may overtake one another.
    pub fn grow(&mut self, other: SessionTotals) {
        self.begun = self.begun.max(other.begun);
        self.over = self.over.max(other.over);
        self.revived = self.revived.max(other.revived);
        self.walked_in = self.walked_in.max(other.walked_in);
    }
}

impl std::iter::Sum for SessionTotals {
    fn sum<I: Iterator<Item = SessionTotals>>(all: I) -> SessionTotals {
        all.fold(SessionTotals::default(), |sum, one| SessionTotals {
            begun: sum.begun + one.begun,
            over: sum.over + one.over,
            revived: sum.revived + one.revived,
            walked_in: sum.walked_in + one.walked_in,
        })
    }
}

/// A session as the list of ended ones names it: the first 8 bytes of its name, which are random. Of
/// a million sessions two have the same mark with a probability of one in 30 million.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SessionMark(pub u64);

impl SessionMark {
    /// Hex digits of a mark.
    pub const DIGITS: usize = 16;

    /// The mark of the session with this name (the `jti` of its shop token); `None` if no session
    /// has such a name.
    #[must_use]
    pub fn of(session: &str) -> Option<SessionMark> {
        SessionMark::parse(session.get(..SessionMark::DIGITS)?)
    }

    /// Reads 16 hex digits; `None` if the text is something else.
    #[must_use]
    pub fn parse(text: &str) -> Option<SessionMark> {
        let is_hex = text.len() == SessionMark::DIGITS && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        is_hex.then(|| u64::from_str_radix(text, 16).ok().map(SessionMark))?
    }
}

impl fmt::Display for SessionMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl fmt::Debug for SessionMark {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl Serialize for SessionMark {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for SessionMark {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        SessionMark::parse(&text).ok_or_else(|| D::Error::custom("a session's mark is 16 hex digits"))
    }
}

/// A session that ended before its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedSession {
    /// Which.
    pub session: SessionMark,
    /// Its shop token would be good until this second since 1970. Afterwards it is forgotten.
    pub until: u64,
}

/// Ended sessions that a snapshot has at most: so many may end between two snapshots of an instance
/// without a further question.
pub const NEWEST_ENDED: usize = 256;
/// Ended sessions on one page of the list.
pub const ENDED_PER_PAGE: u64 = 1_024;
/// Ended sessions that an event remembers. When one more ends, the oldest is forgotten, and its shop
/// token is good again until it ends.
pub const MOST_ENDED: usize = 131_072;

/// The end of the list of sessions that ended before their ends. Positions in the list count from 0,
/// and an entry never moves.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewestEnded {
    /// The position of the first entry that is not forgotten.
    pub begin: u64,
    /// The position after the last entry.
    pub end: u64,
    /// The last entries, at most [`NEWEST_ENDED`].
    pub newest: Vec<EndedSession>,
}

impl NewestEnded {
    /// Whether no session ever ended early.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.end == 0
    }

    /// The position of the first entry that is here.
    #[must_use]
    pub fn first(&self) -> u64 {
        self.end.saturating_sub(self.newest.len() as u64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(begun: u64, over: u64) -> SessionTotals {
        SessionTotals {
            begun,
            over,
            revived: 0,
            walked_in: 0,
        }
    }

    #[test]
    fn totals_are_shown_with_what_runs_and_are_never_below_nothing() {
        let totals = counts(5, 2);
        let json = serde_json::to_string(&totals).unwrap();
        assert_eq!(json, r#"{"active":3,"begun":5,"over":2}"#);
        assert_eq!(serde_json::from_str::<SessionTotals>(&json).unwrap(), totals);
        assert_eq!(counts(1, 2).active(), 0);
        let revived = SessionTotals {
            revived: 1,
            ..counts(5, 3)
        };
        assert_eq!(revived.active(), 3, "three of five are over, and one of them went on");
        let json = serde_json::to_string(&revived).unwrap();
        assert_eq!(json, r#"{"active":3,"begun":5,"over":3,"revived":1}"#);
        assert_eq!(serde_json::from_str::<SessionTotals>(&json).unwrap(), revived);
        let walked_in = SessionTotals { walked_in: 4, ..totals };
        let json = serde_json::to_string(&walked_in).unwrap();
        assert_eq!(json, r#"{"active":3,"begun":5,"over":2,"walked_in":4}"#);
        assert_eq!(serde_json::from_str::<SessionTotals>(&json).unwrap(), walked_in);
        assert_eq!((totals.begun_by_turns(), walked_in.begun_by_turns()), (5, 1));
    }

    #[test]
    fn a_message_that_was_overtaken_takes_nothing_back() {
        let mut known = counts(5, 2);
        known.grow(counts(4, 3));
        assert_eq!(known, counts(5, 3));
    }

    #[test]
    fn a_mark_is_read_as_it_is_written() {
        let mark = SessionMark::of("00ff00ff00ff00ff1234567812345678").unwrap();
        assert_eq!(mark.to_string(), "00ff00ff00ff00ff");
        assert_eq!(SessionMark::parse("00ff00ff00ff00ff"), Some(mark));
        assert_eq!(SessionMark::of("a session that nobody has"), None);
        assert_eq!(SessionMark::of("00ff00ff00ff00f"), None);
        for text in [
            "",
            "0123456789abcde",
            "0123456789abcdef0",
            "0123456789abcdeg",
            "+123456789abcdef",
        ] {
            assert_eq!(SessionMark::parse(text), None, "{text}");
        }
    }
}
