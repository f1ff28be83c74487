//! Sessions that need a slot: this shard asks the coordinator for it, many requests with one message,
//! and begins the session if it gets one.

use std::{
    cell::{Cell, RefCell},
    pin::pin,
    time::Duration,
};

use futures_channel::oneshot;
use futures_util::future::{Either, select};
use stanchion_shared::{ids::Tag, sessions::SessionTotals, timestamp::UnixMillis};
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
/// After an answer that did not give all, the next message waits for so long, in ms.
const ASK_AGAIN_MS: u64 = 100;
/// Those whose requests are with the coordinator look this often whether they have to ask themselves.
const LOOK_AGAIN: Duration = Duration::from_millis(50);
/// Requests that may wait at once; further ones get no slot.
const MAX_WAITING: usize = 10_000;
/// Requests in one message. What is left over is in the next one.
const MOST_REQUESTS: usize = 500;

/// The requests that wait for the next message.
#[derive(Default)]
pub(super) struct Queue {
    waiting: RefCell<Vec<Waiting>>,
    /// Since when a request of a fan is with the coordinator, for all that waited then.
    asking_since: Cell<Option<UnixMillis>>,
    ask_not_before: Cell<UnixMillis>,
    /// Until then nobody asks without a turn: there was no room.
    none_until: Cell<UnixMillis>,
    /// People whose sessions began with slots, of which the coordinator has not been told.
    used: RefCell<Vec<Tag>>,
}

struct Waiting {
    request: SlotRequest,
    asked_at: UnixMillis,
    answer: oneshot::Sender<bool>,
}

impl Queue {
    /// People whose sessions began with slots and of which the coordinator has not been told.
    pub(super) fn used(&self) -> Vec<Tag> {
        self.used.borrow().clone()
    }

    /// The coordinator was told of these.
    pub(super) fn note_told(&self, told: &[Tag]) {
        self.used.borrow_mut().retain(|person| !told.contains(person));
    }

    /// Whether nobody is asking. One that has asked for long was stopped with its request.
    fn is_free(&self) -> bool {
        let longest = 2 * SLOT_LIMIT.as_millis() as u64;
        self.asking_since.get().is_none_or(|since| now().since(since) > longest)
    }

    /// The next message's requests. Those who have waited for too long have given up.
    fn next_batch(&self) -> Vec<Waiting> {
        let oldest = now().minus(SLOT_LIMIT.as_millis() as u64);
        let mut waiting = self.waiting.borrow_mut();
        waiting.retain(|one| one.asked_at >= oldest);
        let rest = waiting.len().min(MOST_REQUESTS);
        waiting.drain(..rest).collect()
    }
}

impl Shard {
    pub(super) async fn claim(&self, claim: &Claim) -> std::result::Result<ClaimOutcome, StoreError> {
        let decide = |slot| move |known: Option<&Person>| person::claim(known, claim, slot, now());
        let first = self.change_person(claim.tag, decide(Slot::None)).map_err(broken)?;
        if first != ClaimOutcome::Full {
            return Ok(first);
        }
        let request = SlotRequest {
            of: SlotFor::Turn,
            tag: claim.tag,
        };
        self.with_slot(request, decide(Slot::Given), first, ClaimOutcome::window)
            .await
    }

    pub(super) async fn walk_in(&self, message: &WalkInMessage) -> std::result::Result<WalkInOutcome, StoreError> {
        let walk_in = &message.walk_in;
        self.exist(message).map_err(broken)?;
        let decide = |slot| move |known: Option<&Person>| person::walk_in(known, walk_in, slot, now());
        let first = self.change_person(walk_in.tag, decide(Slot::None)).map_err(broken)?;
        if first != WalkInOutcome::Full || walk_in.only_if_in {
            return Ok(first);
        }
        let request = SlotRequest {
            of: SlotFor::WalkIn,
            tag: walk_in.tag,
        };
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
        let (asked_at, tag) = (now(), request.tag);
        if !self.take_slot(request).await || now().since(asked_at) > BEGIN_WITHIN_MS {
            return Ok(without);
        }
        let outcome = self.change_person(tag, decide).map_err(broken)?;
        if window(&outcome).is_some() {
            self.slots.used.borrow_mut().push(tag);
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

    /// Whether the coordinator gives a slot. Of those who wait one asks for all, and gives the work to
    /// the next one after each message: nobody waits for the others' answers.
    async fn take_slot(&self, request: SlotRequest) -> bool {
        let queue = &self.slots;
        let is_walk_in = request.of == SlotFor::WalkIn;
        if (is_walk_in && now() < queue.none_until.get()) || queue.waiting.borrow().len() >= MAX_WAITING {
            return false;
        }
        let (answer, mut answered) = oneshot::channel();
        let asked_at = now();
        queue.waiting.borrow_mut().push(Waiting {
            request,
            asked_at,
            answer,
        });
        loop {
            if queue.is_free() {
                queue.asking_since.set(Some(now()));
                // Those that arrive together are one message.
                Delay::from(Duration::from_millis(queue.ask_not_before.get().since(now()))).await;
                self.ask_once().await;
                queue.asking_since.set(None);
            }
            match answered.try_recv() {
                Ok(Some(is_given)) => return is_given,
                Ok(None) => {}
                Err(_) => return false,
            }
            if let Either::Left((is_given, _)) = select(&mut answered, pin!(Delay::from(LOOK_AGAIN))).await {
                return is_given.unwrap_or(false);
            }
        }
    }

    /// One message for those who wait.
    async fn ask_once(&self) {
        let batch = self.slots.next_batch();
        if batch.is_empty() {
            return;
        }
        let requests = batch.iter().map(|waiting| waiting.request.clone()).collect();
        let given = self.ask_coordinator(requests).await.unwrap_or_else(|error| {
            console_error!("no slot is given: {error}");
            Vec::new()
        });
        let mut all = true;
        for (at, Waiting { request, answer, .. }) in batch.into_iter().enumerate() {
            let is_given = given.get(at).copied().unwrap_or(false);
            all &= is_given;
            if !is_given && request.of == SlotFor::WalkIn {
                self.slots.none_until.set(now().plus(self.tell_every_ms()));
            }
            // A client that has gone away leaves its slot, which is free again by itself.
            let _ = answer.send(is_given);
        }
        let again_ms = if all { 0 } else { ASK_AGAIN_MS };
        self.slots.ask_not_before.set(now().plus(again_ms));
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

/// Whether there are counts of sessions, or slots that were used, of which the coordinator was not told.
pub(super) fn is_news(totals: SessionTotals, told: SessionTotals, slots: &Queue) -> bool {
    totals != told || !slots.used.borrow().is_empty()
}
