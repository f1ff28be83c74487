//! Which shopping sessions of an event ended before their shop tokens do.
//!
//! Every snapshot has the end of the list. An instance that knows what was before it needs no more:
//! so an ended session is known here as soon as any other change. One that does not, because it is
//! new or because very many ended at once, reads the pages between. While these cannot be read, what
//! is known holds.

use std::collections::HashMap;

use stanchion_shared::{
    sessions::{ENDED_PER_PAGE, EndedSession, NewestEnded, SessionMark},
    timestamp::UnixMillis,
};

use super::{CachedEvent, KnownEvent, directory::Patience, find, nearby};
use crate::platform::{Platform, QueueStore, StoreError};

/// Full pages are shared nearby for so long, in seconds.
const NEARBY_SECONDS: u32 = 600;
/// Sessions whose tokens have ended are forgotten when twice as many are known as after the last
/// time, but not while there are fewer than these.
const FEW: usize = 1_024;

/// The ended sessions of an event, as far as this instance knows them.
#[derive(Default)]
pub(super) struct EndedSessions {
    /// The coordinator's epoch of the positions.
    epoch: u32,
    /// What is before this position is known, or its token has ended.
    through: u64,
    /// Until which second each token would be good.
    known: HashMap<SessionMark, u64>,
    forget_at: usize,
}

impl EndedSessions {
    /// A coordinator that was restored may give positions anew. What was known stays known.
    fn begin_epoch(&mut self, epoch: u32) {
        if self.epoch != epoch {
            (self.epoch, self.through) = (epoch, 0);
        }
    }

    /// Whether what is before the newest ones is known.
    fn reaches(&self, newest: &NewestEnded) -> bool {
        self.through >= newest.first().max(newest.begin)
    }

    fn add(&mut self, ended: &[EndedSession], now: UnixMillis) {
        self.known.extend(ended.iter().map(|one| (one.session, one.until)));
        if self.known.len() >= self.forget_at.max(FEW) {
            self.known.retain(|_, until| *until > now.floor_seconds());
            self.forget_at = 2 * self.known.len();
        }
    }

    fn add_newest(&mut self, newest: &NewestEnded, now: UnixMillis) {
        if self.through >= newest.end {
            return;
        }
        self.add(&newest.newest, now);
        if self.reaches(newest) {
            self.through = newest.end;
        }
    }
}

/// Whether a session of the event has ended, as far as can be known.
pub(crate) async fn has_ended<P: Platform>(platform: &P, known: &KnownEvent, session: &str) -> bool {
    let newest = &known.ended;
    let Some(mark) = SessionMark::of(session) else {
        return false;
    };
    // The event of a snapshot is known.
    let Ok(cached) = find(platform, &known.event_id, Patience::TakeLast).await else {
        return false;
    };
    cached.ended.borrow_mut().begin_epoch(known.epochs.coordinator);
    let reaches = || cached.ended.borrow().reaches(newest).then_some(());
    if !newest.is_empty() && reaches().is_none() {
        let ask = async || read_pages(platform, &cached, known).await;
        // Who is silent is in the log. What is known holds.
        let _ = cached.ended_pages.answer(platform, reaches, ask).await;
    }
    let now = platform.now();
    let mut ended = cached.ended.borrow_mut();
    ended.add_newest(newest, now);
    ended.known.get(&mark).is_some_and(|until| *until > now.floor_seconds())
}

/// Reads the pages before the newest ones.
async fn read_pages<P: Platform>(
    platform: &P,
    cached: &CachedEvent,
    known: &KnownEvent,
) -> Result<UnixMillis, StoreError> {
    let asked_at = platform.now();
    let (epoch, until) = (known.epochs.coordinator, known.ended.first());
    let mut position = cached.ended.borrow().through.max(known.ended.begin);
    while position < until {
        let page = position / ENDED_PER_PAGE;
        let page_end = (page + 1) * ENDED_PER_PAGE;
        // What comes after `until` the snapshot itself has.
        let through = page_end.min(until);
        let key = format!("ended/{}/{epoch}/{page}", known.event_id);
        let is_full = page_end <= until;
        let kept: Option<Vec<EndedSession>> = match is_full {
            true => nearby::recall(platform, &key).await,
            false => None,
        };
        let read = match kept {
            Some(kept) => kept,
            None => {
                let read = platform.store().ended_sessions(&known.event_id, page, through).await?;
                if is_full {
                    nearby::keep(platform, &key, &read, NEARBY_SECONDS).await;
                }
                read
            }
        };
        position = through;
        let mut ended = cached.ended.borrow_mut();
        ended.add(&read, platform.now());
        // Another request may have begun an epoch meanwhile, with positions of its own.
        if ended.epoch == epoch {
            ended.through = ended.through.max(position);
        }
    }
    Ok(asked_at)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn newest(begin: u64, end: u64, marks: &[u64]) -> NewestEnded {
        let ended = |mark: &u64| EndedSession {
            session: SessionMark(*mark),
            until: 2_000,
        };
        NewestEnded {
            begin,
            end,
            newest: marks.iter().map(ended).collect(),
        }
    }

    #[test]
    fn an_instance_that_knows_what_was_before_asks_for_nothing() {
        let mut ended = EndedSessions::default();
        assert!(ended.reaches(&newest(0, 2, &[1, 2])), "it is the whole list");
        ended.add_newest(&newest(0, 2, &[1, 2]), NOW);
        assert!(ended.reaches(&newest(0, 4, &[3, 4])));
        assert!(!ended.reaches(&newest(0, 5, &[4, 5])), "3 is missing");
        assert!(
            !ended.reaches(&newest(3, 5, &[4, 5])),
            "it may have been 3 that was forgotten, or not"
        );
    }

    #[test]
    fn what_is_new_counts_at_once_also_where_something_before_it_is_missing() {
        let mut ended = EndedSessions::default();
        ended.add_newest(&newest(0, 5, &[4, 5]), NOW);
        assert!(ended.known.contains_key(&SessionMark(5)));
        assert_eq!(ended.through, 0, "1 to 3 are still to be read");
    }

    #[test]
    fn a_new_epoch_forgets_positions_and_no_session() {
        let mut ended = EndedSessions::default();
        ended.begin_epoch(7);
        ended.add_newest(&newest(0, 2, &[1, 2]), NOW);
        ended.begin_epoch(7);
        assert_eq!(ended.through, 2);
        ended.begin_epoch(8);
        assert_eq!((ended.through, ended.known.len()), (0, 2));
    }

    #[test]
    fn sessions_whose_tokens_have_ended_are_forgotten_before_memory_doubles() {
        let mut ended = EndedSessions::default();
        for mark in 0..4 * FEW as u64 {
            let until = if mark % 4 == 0 { 2_000 } else { 1_000 };
            let one = EndedSession {
                session: SessionMark(mark),
                until,
            };
            ended.add(&[one], NOW);
        }
        assert!(ended.known.len() < 2 * FEW, "{}", ended.known.len());
        assert!((0..FEW as u64).all(|mark| ended.known.contains_key(&SessionMark(4 * mark))));
    }
}
