//! Shopping sessions: what a shard counts of those of its people, and what the coordinator knows of
//! all of them. Pure: the runtimes store what comes back.
//!
//! A shard tells the coordinator how many sessions began and are over, and which ended before their
//! shop tokens do. The coordinator keeps these in a list to which it only appends. Every gate knows
//! the list, so such a token is dead there within [`TOKEN_DEAD_MS`].

pub(crate) mod event_sessions;
pub(crate) mod telling;

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    ids::{Shard, ShardCount, Tag},
    schedule::EFFECT_DELAY_MS,
    sessions::{EndedSession, SessionMark, SessionTotals},
    timestamp::UnixMillis,
};

use crate::platform::ShoppingWindow;

/// So long after a session was ended its shop token is good nowhere any more, in ms: as long as any
/// other change takes, and as much longer as a shard may have to wait until it tells of it. That
/// depends on the number of shards; this is for the most. So long its person gets no other token.
pub(crate) const TOKEN_DEAD_MS: u64 = EFFECT_DELAY_MS + tell_every_ms_of(ShardCount::MAX) - TELL_EVERY_MS;

/// All shards together tell the coordinator of sessions at most this often a second, where each
/// message is one of its own: half of what one object serves.
pub(crate) const SESSION_MESSAGES_PER_SECOND: u64 = 500;
/// A shard tells the coordinator of sessions this often at most, in ms.
pub(crate) const TELL_EVERY_MS: u64 = 500;
/// Ended sessions in one message. What is left over is in the next one.
pub(crate) const MOST_ENDED_TOLD: u32 = 1_000;

/// How often one of so many shards may tell the coordinator of sessions, in ms, where each message
/// is one of its own. The first change after a quiet time is told at once.
pub(crate) fn tell_every_ms(shards: ShardCount) -> u64 {
    tell_every_ms_of(shards.get())
}

const fn tell_every_ms_of(shards: u16) -> u64 {
    let every_ms = shards as u64 * 1_000 / SESSION_MESSAGES_PER_SECOND;
    if every_ms > TELL_EVERY_MS {
        every_ms
    } else {
        TELL_EVERY_MS
    }
}

/// What happened to a session, for its shard's count.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SessionChange {
    /// It began.
    Began {
        session: String,
        /// When it is over by itself.
        over_at: UnixMillis,
        /// It began without a turn.
        walked_in: bool,
    },
    /// It will be over at another instant.
    Moved { session: String, over_at: UnixMillis },
    /// It was ended.
    Ended {
        session: String,
        /// Its shop token would be good until this second since 1970.
        token_until: u64,
    },
}

impl SessionChange {
    /// What happened between two states of a person's newest shopping window. It is there as long
    /// as its ticket, so one that is gone was over before.
    pub(crate) fn between(before: Option<&ShoppingWindow>, after: Option<&ShoppingWindow>) -> Option<SessionChange> {
        let after = after?;
        let session = || after.session.clone();
        let over_at = after.over_at();
        match before.filter(|before| before.session == after.session) {
            None => Some(SessionChange::Began {
                session: session(),
                over_at,
                walked_in: after.walked_in,
            }),
            Some(before) if before.ended_at.is_none() && after.ended_at.is_some() => Some(SessionChange::Ended {
                session: session(),
                token_until: after.ends_at.floor_seconds() + 1,
            }),
            Some(before) if before.over_at() != over_at => Some(SessionChange::Moved {
                session: session(),
                over_at,
            }),
            Some(_) => None,
        }
    }
}

/// What a shard tells of its people's sessions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SessionReport {
    pub(crate) shard: Shard,
    /// The whole counts.
    pub(crate) totals: SessionTotals,
    /// Those that ended before their shop tokens do, and of which the coordinator has not been told.
    pub(crate) ended: Vec<EndedSession>,
    /// People whose sessions began with a slot and are in the counts: their slots count no more by
    /// themselves ([`super::room`]).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) slots_used: Vec<Tag>,
}

/// An ended session as the coordinator's list has it; `None` if no token has such a name.
pub(crate) fn ended_session(session: &str, token_until: u64) -> Option<EndedSession> {
    Some(EndedSession {
        session: SessionMark::of(session)?,
        until: token_until,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn however_many_shards_there_are_a_token_is_dead_before_its_person_gets_another() {
        for shards in (0..=10).map(|power| 1 << power) {
            let every_ms = tell_every_ms(ShardCount::new(shards).unwrap());
            // The first change after a quiet time is told at once, so what counts is the longest wait.
            let dead_after_ms = EFFECT_DELAY_MS + every_ms.saturating_sub(TELL_EVERY_MS);
            assert!(dead_after_ms <= TOKEN_DEAD_MS, "{shards} shards");
        }
        assert_eq!(TOKEN_DEAD_MS, 3_548);
    }

    fn window(ends_at: u64, ended_at: Option<u64>) -> ShoppingWindow {
        ShoppingWindow {
            session: "s".to_owned(),
            claimed_at: UnixMillis(0),
            ends_at: UnixMillis(ends_at),
            ended_at: ended_at.map(UnixMillis),
            idle_at: None,
            walked_in: false,
        }
    }

    #[test]
    fn few_shards_tell_twice_a_second_and_all_together_keep_within_the_budget() {
        let every = |shards| tell_every_ms(ShardCount::new(shards).unwrap());
        assert_eq!(
            [every(1), every(256), every(512), every(1_024)],
            [500, 512, 1_024, 2_048]
        );
        for shards in [1, 2, 64, 256, 512, 1_024] {
            assert!(u64::from(shards) * 1_000 / every(shards) <= SESSION_MESSAGES_PER_SECOND);
        }
    }

    #[test]
    fn each_change_of_a_window_is_told_once() {
        let (runs, longer, ended) = (window(9_000, None), window(9_500, None), window(9_500, Some(700)));
        let between = |before, after| SessionChange::between(before, after);
        let session = || "s".to_owned();
        assert_eq!(between(None, None), None);
        assert_eq!(
            between(None, Some(&runs)),
            Some(SessionChange::Began {
                session: session(),
                over_at: UnixMillis(9_000),
                walked_in: false
            })
        );
        assert_eq!(
            between(Some(&runs), Some(&longer)),
            Some(SessionChange::Moved {
                session: session(),
                over_at: UnixMillis(9_500)
            })
        );
        assert_eq!(
            between(Some(&longer), Some(&ended)),
            Some(SessionChange::Ended {
                session: session(),
                token_until: 10
            })
        );
        assert_eq!(between(Some(&ended), Some(&ended)), None);
        assert_eq!(between(Some(&ended), None), None, "a new ticket");
    }
}
