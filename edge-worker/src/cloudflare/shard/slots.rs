//! Sessions that need a slot: this shard asks the coordinator for it, many requests with one message,
//! and begins the session if it gets one.

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use futures_channel::oneshot;
use stanchion_shared::{
    ids::Tag,
    sessions::{SessionMark, SessionTotals},
    timestamp::UnixMillis,
};
use worker::{Delay, Error, Result, console_error};

use super::{
    super::{
        messages::{SlotsGiven, TakeSlots, WalkInMessage},
        now, objects,
    },
    Shard, broken,
    join::place_of,
    tables::{self, Place},
};
use crate::{
    platform::{Claim, ClaimOutcome, ShoppingWindow, StoreError, WalkInOutcome},
    queue::{
        person::{self, Person, PersonChange, Slot},
        room::{BEGIN_WITHIN_MS, SlotFor, SlotRequest},
    },
};

/// A coordinator that has not answered after this long gives no slot.
const SLOT_LIMIT: Duration = Duration::from_millis(1_500);
/// After an answer that did not give all, the next message waits for so long.
const ASK_AGAIN: Duration = Duration::from_millis(100);
/// Requests in one message. What is left over is in the next one.
const MOST_REQUESTS: usize = 500;

/// The requests that wait for the next message.
#[derive(Default)]
pub(super) struct Queue {
    waiting: RefCell<Vec<Waiting>>,
    /// A task is emptying the queue.
    emptying: Cell<bool>,
    /// Until then nobody asks without a turn: there was no room.
    none_until: Cell<UnixMillis>,
    /// Sessions that began with slots, of which the coordinator has not been told.
    used: RefCell<Vec<SessionMark>>,
}

struct Waiting {
    request: SlotRequest,
    answer: oneshot::Sender<bool>,
}

impl Queue {
    /// Sessions that began with slots and of which the coordinator has not been told.
    pub(super) fn used(&self) -> Vec<SessionMark> {
        self.used.borrow().clone()
    }

    /// The coordinator was told of these.
    pub(super) fn note_told(&self, told: &[SessionMark]) {
        self.used.borrow_mut().retain(|session| !told.contains(session));
    }
}

/// A slot for the session of this name.
fn request(of: SlotFor, tag: Tag, session: &str) -> std::result::Result<SlotRequest, StoreError> {
    let session = SessionMark::of(session).ok_or_else(|| StoreError("a session has no such name".to_owned()))?;
    Ok(SlotRequest { of, tag, session })
}

impl Shard {
    pub(super) async fn claim(&self, claim: &Claim) -> std::result::Result<ClaimOutcome, StoreError> {
        let decide = |slot| move |known: Option<&Person>| person::claim(known, claim, slot, now());
        let first = self.change_person(claim.tag, decide(Slot::None)).map_err(broken)?;
        if first != ClaimOutcome::Full {
            return Ok(first);
        }
        let request = request(SlotFor::Turn, claim.tag, &claim.session)?;
        self.with_slot(request, decide(Slot::Given), first, ClaimOutcome::window)
            .await
    }

    pub(super) async fn walk_in(&self, message: &WalkInMessage) -> std::result::Result<WalkInOutcome, StoreError> {
        let walk_in = &message.walk_in;
        self.exist(message).map_err(broken)?;
        let decide = |slot| move |known: Option<&Person>| person::walk_in(known, walk_in, slot, now());
        let first = self.change_person(walk_in.tag, decide(Slot::None)).map_err(broken)?;
        if first != WalkInOutcome::Full {
            return Ok(first);
        }
        let request = request(SlotFor::WalkIn, walk_in.tag, &walk_in.session)?;
        self.with_slot(request, decide(Slot::Given), first, WalkInOutcome::window)
            .await
    }

    /// Decides once more with a slot, if there is one in time. A slot that is not used then is free
    /// again by itself.
    async fn with_slot<T>(
        &self,
        request: SlotRequest,
        decide: impl Fn(Option<&Person>) -> PersonChange<T>,
        without: T,
        window: impl Fn(&T) -> Option<&ShoppingWindow>,
    ) -> std::result::Result<T, StoreError> {
        let (asked_at, tag, session) = (now(), request.tag, request.session);
        if !self.take_slot(request).await || now().since(asked_at) > BEGIN_WITHIN_MS {
            return Ok(without);
        }
        let outcome = self.change_person(tag, decide).map_err(broken)?;
        if window(&outcome).and_then(|window| SessionMark::of(&window.session)) == Some(session) {
            self.slots.used.borrow_mut().push(session);
        }
        Ok(outcome)
    }

    /// A shard that nobody ever joined begins to exist.
    fn exist(&self, message: &WalkInMessage) -> Result<()> {
        let mut slot = self.loaded()?;
        if slot.is_none() {
            let place = place_of(&message.event_id, message.shard);
            *slot = Some(self.database.transaction(|| tables::create(&self.database, place))?);
        }
        Ok(())
    }

    /// Whether the coordinator gives a slot.
    async fn take_slot(&self, request: SlotRequest) -> bool {
        if request.of == SlotFor::WalkIn && now() < self.slots.none_until.get() {
            return false;
        }
        let (answer, answered) = oneshot::channel();
        self.slots.waiting.borrow_mut().push(Waiting { request, answer });
        if !self.slots.emptying.replace(true) {
            // Those that arrive together are one message.
            Delay::from(Duration::ZERO).await;
            self.ask_for_slots().await;
        }
        answered.await.unwrap_or(false)
    }

    /// Until there is nothing left. The last look at the queue and the end of the task have no await
    /// between them, so no request is left behind.
    async fn ask_for_slots(&self) {
        loop {
            let mut batch = self.slots.waiting.take();
            if batch.is_empty() {
                self.slots.emptying.set(false);
                return;
            }
            let rest = batch.split_off(batch.len().min(MOST_REQUESTS));
            self.slots.waiting.borrow_mut().splice(0..0, rest);
            let requests = batch.iter().map(|waiting| waiting.request.clone()).collect();
            let given = self.ask_coordinator(requests).await.unwrap_or_else(|error| {
                console_error!("no slot is given: {error}");
                Vec::new()
            });
            let all = given.len() == batch.len() && given.iter().all(|given| *given);
            for (at, Waiting { request, answer }) in batch.into_iter().enumerate() {
                let is_given = given.get(at).copied().unwrap_or(false);
                if !is_given && request.of == SlotFor::WalkIn {
                    self.slots.none_until.set(now().plus(self.tell_every_ms()));
                }
                // A client that has gone away leaves its slot, which is free again by itself.
                let _ = answer.send(is_given);
            }
            if !all {
                Delay::from(ASK_AGAIN).await;
            }
        }
    }

    async fn ask_coordinator(&self, requests: Vec<SlotRequest>) -> std::result::Result<Vec<bool>, StoreError> {
        let place = self
            .loaded()
            .map_err(broken)?
            .as_ref()
            .map(|memory| memory.place.clone());
        let place = place.ok_or_else(|| broken(Error::RustError("the shard was forgotten".to_owned())))?;
        let message = TakeSlots {
            shard: place.shard,
            requests,
        };
        let asked = self.objects.coordinator(&place.event_id, message);
        let SlotsGiven { given, tell_every_ms } = objects::within(SLOT_LIMIT, asked).await?;
        if tell_every_ms != place.tell_every_ms {
            let place = Place { tell_every_ms, ..place };
            let saved = self.change(|memory| {
                self.database.save("shard", &place)?;
                memory.place = place;
                Ok(())
            });
            saved.map_err(broken)?;
        }
        Ok(given)
    }

    fn tell_every_ms(&self) -> u64 {
        let known = self
            .loaded()
            .ok()
            .and_then(|slot| Some(slot.as_ref()?.place.tell_every_ms));
        known.unwrap_or(crate::queue::sessions::TELL_EVERY_MS)
    }
}

/// The counts of sessions that a shard has not told.
pub(super) fn is_news(totals: SessionTotals, told: SessionTotals, slots: &Queue) -> bool {
    totals != told || !slots.used.borrow().is_empty()
}
