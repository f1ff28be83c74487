//! Which shopping sessions of an event ended before their shop tokens do.
//!
//! Every snapshot has the end of the list. An instance that knows what was before it needs no more:
//! so an ended session is known here as soon as any other change. One that does not, because it is
//! new or because very many ended at once, reads the pages between, some of them at once. Each page
//! that has come counts, whatever becomes of the others. While they cannot be read, what is known
//! holds.

use std::{
    collections::{BTreeMap, HashMap},
    pin::pin,
    time::Duration,
};

use futures_util::{
    future::select,
    stream::{self, StreamExt},
};
use stanchion_shared::{
    sessions::{ENDED_PER_PAGE, EndedSession, NewestEnded, SessionMark},
    timestamp::UnixMillis,
};

use super::{super::asking::ANSWER_LIMIT_MS, CachedEvent, KnownEvent, directory::Patience, find, nearby};
use crate::platform::{Platform, QueueStore, StoreError};

/// Full pages are shared nearby for so long, in seconds.
const NEARBY_SECONDS: u32 = 600;
/// Sessions whose tokens have ended are forgotten when twice as many are known as after the last
/// time, but not while there are fewer than these.
const FEW: usize = 1_024;
/// Pages that are read at once: as many connections a request may have open on Cloudflare.
const PAGES_AT_ONCE: usize = 6;
/// The pages that have come after so long are an answer, in ms. It is less than a question may take,
/// and the next question is about the others.
const PAGES_LIMIT_MS: u64 = ANSWER_LIMIT_MS * 3 / 4;

/// A page of the list, up to a position.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct ListPart {
    page: u64,
    through: u64,
}

impl ListPart {
    /// Whether it is the whole page, which does not change any more.
    fn is_full(self) -> bool {
        self.through == (self.page + 1) * ENDED_PER_PAGE
    }
}

/// The ended sessions of an event, as far as this instance knows them.
#[derive(Default)]
pub(super) struct EndedSessions {
    /// The coordinator's epoch of the positions.
    epoch: u32,
    /// What is before this position is known, or its token has ended.
    through: u64,
    /// The pages that are known beyond it, and before which position.
    beyond: BTreeMap<u64, u64>,
    /// Until which second each token would be good.
    known: HashMap<SessionMark, u64>,
    forget_at: usize,
}

impl EndedSessions {
    /// A coordinator that was restored may give positions anew. What was known stays known.
    fn begin_epoch(&mut self, epoch: u32) {
        if self.epoch != epoch {
            (self.epoch, self.through) = (epoch, 0);
            self.beyond.clear();
        }
    }

    /// Whether what is before the newest ones is known.
    fn reaches(&self, newest: &NewestEnded) -> bool {
        self.through >= newest.first().max(newest.begin)
    }

    /// The parts of the list before the newest ones that are not known.
    fn missing(&mut self, newest: &NewestEnded) -> Vec<ListPart> {
        self.through = self.through.max(newest.begin);
        let (mut parts, mut position) = (Vec::new(), self.through);
        while position < newest.first() {
            let page = position / ENDED_PER_PAGE;
            // What comes after the first of the newest the snapshot itself has.
            let through = ((page + 1) * ENDED_PER_PAGE).min(newest.first());
            if self.beyond.get(&page).is_none_or(|known| *known < through) {
                parts.push(ListPart { page, through });
            }
            position = through;
        }
        parts
    }

    /// A part is known.
    fn note_page(&mut self, part: ListPart) {
        self.beyond.insert(part.page, part.through);
        while let Some(through) = self.beyond.remove(&(self.through / ENDED_PER_PAGE)) {
            self.through = self.through.max(through);
        }
        let page = self.through / ENDED_PER_PAGE;
        self.beyond.retain(|known, _| *known > page);
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

/// Reads the pages before the newest ones that are not known.
async fn read_pages<P: Platform>(
    platform: &P,
    cached: &CachedEvent,
    known: &KnownEvent,
) -> Result<UnixMillis, StoreError> {
    let asked_at = platform.now();
    let parts = cached.ended.borrow_mut().missing(&known.ended);
    let limit = platform.sleep(Duration::from_millis(PAGES_LIMIT_MS));
    read_some(parts, limit, async |part| {
        read_page(platform, cached, known, part).await
    })
    .await?;
    Ok(asked_at)
}

/// Reads parts, [`PAGES_AT_ONCE`] at once, until the first that cannot be read or until `limit`.
///
/// # Errors
/// None has come.
async fn read_some(
    parts: Vec<ListPart>,
    limit: impl Future<Output = ()>,
    read: impl AsyncFn(ListPart) -> Result<(), StoreError>,
) -> Result<(), StoreError> {
    let (mut come, mut failed) = (0, None);
    {
        let mut reads = stream::iter(parts)
            .map(|part| read(part))
            .buffer_unordered(PAGES_AT_ONCE);
        let all = async {
            while let Some(read) = reads.next().await {
                match read {
                    Ok(()) => come += 1,
                    Err(error) => {
                        failed = Some(error);
                        return;
                    }
                }
            }
        };
        select(pin!(all), pin!(limit)).await;
    }
    if come > 0 {
        return Ok(());
    }
    Err(failed.unwrap_or_else(|| StoreError("no page of ended sessions came in time".to_owned())))
}

/// Reads a part, and counts what is in it.
async fn read_page<P: Platform>(
    platform: &P,
    cached: &CachedEvent,
    known: &KnownEvent,
    part: ListPart,
) -> Result<(), StoreError> {
    let epoch = known.epochs.coordinator;
    let ListPart { page, through } = part;
    let key = format!("ended/{}/{epoch}/{page}", known.event_id);
    let kept: Option<Vec<EndedSession>> = match part.is_full() {
        true => nearby::recall(platform, &key).await,
        false => None,
    };
    let read = match kept {
        Some(kept) => kept,
        None => {
            let read = platform.store().ended_sessions(&known.event_id, page, through).await?;
            if part.is_full() {
                nearby::keep(platform, &key, &read, NEARBY_SECONDS).await;
            }
            read
        }
    };
    let mut ended = cached.ended.borrow_mut();
    ended.add(&read, platform.now());
    // Another request may have begun an epoch meanwhile, with positions of its own.
    if ended.epoch == epoch {
        ended.note_page(part);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        cell::{Cell, RefCell},
        future::poll_fn,
        task::{Context, Poll, Waker},
    };

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

    fn part(page: u64, through: u64) -> ListPart {
        ListPart { page, through }
    }

    #[test]
    fn pages_may_come_in_any_order_and_only_what_is_missing_is_asked_for_again() {
        const PAGE: u64 = ENDED_PER_PAGE;
        let mut ended = EndedSessions::default();
        let marks: Vec<u64> = (0..10).collect();
        let end = 3 * PAGE + 100;
        let list = newest(PAGE / 2, end, &marks);
        let last = part(3, end - 10);
        let all = [part(0, PAGE), part(1, 2 * PAGE), part(2, 3 * PAGE), last];
        assert_eq!(ended.missing(&list), all);
        assert_eq!(all.map(ListPart::is_full), [true, true, true, false]);
        ended.note_page(last);
        ended.note_page(all[1]);
        assert_eq!((ended.through, ended.missing(&list)), (PAGE / 2, vec![all[0], all[2]]));
        ended.note_page(all[0]);
        assert_eq!((ended.through, ended.missing(&list)), (2 * PAGE, vec![all[2]]));
        // The list has grown meanwhile: more of the last page is needed.
        let longer = newest(PAGE / 2, end + 50, &marks);
        assert_eq!(ended.missing(&longer), [all[2], part(3, end + 40)]);
        ended.note_page(all[2]);
        assert_eq!((ended.through, ended.beyond.len()), (end - 10, 0));
        assert!(ended.reaches(&list) && ended.missing(&list).is_empty());
        ended.begin_epoch(1);
        assert_eq!(ended.missing(&newest(0, 2 * PAGE, &[])).len(), 2);
    }

    /// Is ready when it is looked at after so many times.
    async fn looks(mut times: usize) {
        poll_fn(|context| {
            if times == 0 {
                return Poll::Ready(());
            }
            times -= 1;
            context.waker().wake_by_ref();
            Poll::Pending
        })
        .await;
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let (mut future, mut context) = (pin!(future), Context::from_waker(Waker::noop()));
        loop {
            if let Poll::Ready(done) = future.as_mut().poll(&mut context) {
                return done;
            }
        }
    }

    #[test]
    fn pages_are_read_some_at_once_and_what_has_come_by_the_limit_is_kept() {
        let parts = |count| (0..count).map(|page| part(page, (page + 1) * ENDED_PER_PAGE)).collect();
        let (open, most, come) = (Cell::new(0), Cell::new(0), RefCell::new(Vec::new()));
        let read = async |part: ListPart| {
            open.set(open.get() + 1);
            most.set(most.get().max(open.get()));
            // The third page never comes.
            looks(if part.page == 2 { usize::MAX } else { 3 }).await;
            open.set(open.get() - 1);
            come.borrow_mut().push(part.page);
            Ok(())
        };
        let read_all = block_on(read_some(parts(20), looks(100), read));
        assert_eq!((read_all, most.get()), (Ok(()), PAGES_AT_ONCE));
        assert_eq!(come.borrow().len(), 19, "all but one: {come:?}");
        let silent = block_on(read_some(parts(20), looks(10), async |_| {
            looks(usize::MAX).await;
            Ok(())
        }));
        assert!(silent.is_err());
        let failing = block_on(read_some(parts(20), looks(10), async |_| {
            Err(StoreError("no".to_owned()))
        }));
        assert_eq!(failing, Err(StoreError("no".to_owned())));
        let done = block_on(read_some(parts(3), looks(usize::MAX), async |part| {
            (part.page < 1).then_some(()).ok_or_else(|| StoreError("no".to_owned()))
        }));
        assert_eq!(done, Ok(()), "the first page counts");
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
