//! What this instance last told shards of the use of sessions, and heard of them.
//!
//! Many requests come with a token that is half over: a page asks for its parts at once, and a program
//! may keep no cookie and send the same token for minutes. The shard writes at each word, so it gets
//! one of each session now and then.

use stanchion_shared::timestamp::UnixMillis;

use crate::app::cache::{asking::SHARD_LIMIT_MS, lru::Lru};

/// Sessions that are surely remembered. With as many older ones they take some 2 MiB.
const REMEMBERED: usize = 4_096;
/// A shard hears of the use of a session once in an eighth of the idle time. So a session may end an
/// eighth of the idle time sooner than its last use says, and no more.
const TOLD_PARTS: u64 = 8;

/// What the shard said of a session that is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// It is over then, unless it is used again.
    Until(UnixMillis),
    /// It is over.
    Over,
}

/// What is known of a session here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Known {
    /// The shard is to be told.
    Nothing,
    /// Another request tells it just now.
    IsTold,
    /// It was told a short time ago.
    Told(Word),
}

#[derive(Clone, Copy)]
struct Entry {
    told_at: UnixMillis,
    /// `None` while the answer is on its way.
    word: Option<Word>,
}

/// See the module. Keys are the names of sessions.
pub(super) struct KeptSessions(Lru<String, Entry>);

impl KeptSessions {
    pub(super) fn new() -> KeptSessions {
        KeptSessions(Lru::new(REMEMBERED))
    }

    /// What is known of a session that is used at `now`. With [`Known::Nothing`] the caller tells the
    /// shard, and calls [`KeptSessions::note`] with what it says.
    pub(super) fn ask(&mut self, session: &str, idle_ms: u64, now: UnixMillis) -> Known {
        let known = match self.0.find(&session.to_owned()) {
            Some(Entry { told_at, word: None }) if now.since(told_at) <= SHARD_LIMIT_MS => Known::IsTold,
            Some(Entry {
                told_at,
                word: Some(word),
            }) if now.since(told_at) <= idle_ms / TOLD_PARTS => Known::Told(word),
            _ => Known::Nothing,
        };
        if known == Known::Nothing {
            let entry = Entry {
                told_at: now,
                word: None,
            };
            self.0.put(session.to_owned(), entry);
        }
        known
    }

    /// What the shard said to what it was told at `told_at`. If it is silent nothing is noted, and it
    /// is told again after the time that a shard may take.
    pub(super) fn note(&mut self, session: &str, told_at: UnixMillis, word: Word) {
        let word = Some(word);
        self.0.put(session.to_owned(), Entry { told_at, word });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_800_000_000_000);
    const IDLE_MS: u64 = 80_000;

    #[test]
    fn a_shard_is_told_once_in_an_eighth_of_the_idle_time_however_many_requests_come() {
        let mut sessions = KeptSessions::new();
        let mut told = 0;
        for ms in (0..IDLE_MS).step_by(10) {
            let now = NOW.plus(ms);
            match sessions.ask("a", IDLE_MS, now) {
                Known::Nothing => {
                    told += 1;
                    sessions.note("a", now, Word::Until(now.plus(IDLE_MS)));
                }
                known => assert!(matches!(known, Known::Told(Word::Until(until)) if until > now)),
            }
        }
        assert_eq!(told, TOLD_PARTS);
        assert_eq!(sessions.ask("b", IDLE_MS, NOW), Known::Nothing, "another session");
    }

    #[test]
    fn of_requests_at_once_one_tells_the_shard() {
        let mut sessions = KeptSessions::new();
        assert_eq!(sessions.ask("a", IDLE_MS, NOW), Known::Nothing);
        assert_eq!(sessions.ask("a", IDLE_MS, NOW.plus(SHARD_LIMIT_MS)), Known::IsTold);
        // It was silent, or the request that told it was stopped.
        assert_eq!(sessions.ask("a", IDLE_MS, NOW.plus(SHARD_LIMIT_MS + 1)), Known::Nothing);
    }

    #[test]
    fn that_a_session_is_over_is_remembered_too() {
        let mut sessions = KeptSessions::new();
        sessions.ask("a", IDLE_MS, NOW);
        sessions.note("a", NOW, Word::Over);
        assert_eq!(sessions.ask("a", IDLE_MS, NOW.plus(1)), Known::Told(Word::Over));
    }
}
