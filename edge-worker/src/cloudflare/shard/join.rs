//! Joins. Those that arrive together are one commit: each puts itself on a queue, the first lets the others arrive, takes
//! all there are, decides them in one synchronous transaction, and answers everyone. A commit costs more than all else.
//!
//! The one await in between is the announcement: before the first number of a draw the coordinator must know that this
//! shard has tickets in it. What may happen meanwhile: more joins queue up; the draw is frozen here or its window ends. So
//! after the announcement everything is decided anew, from the clock on.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    time::Duration,
};

use futures_channel::oneshot;
use stanchion_shared::{
    human::ValidProof,
    identity::{Draw, EventId, Shard as ShardNumber},
    score::counts::counters,
    timestamp::UnixMillis,
};
use worker::{Delay, Error, Result};

use super::{
    super::{
        messages::{Announce, Announced, JoinMessage},
        now, objects,
    },
    Shard, broken,
    tables::{self, Memory, PROOFS_KEPT_MS, Place},
};
use crate::{
    person::JoinStep,
    platform::{JoinOutcome, StoreError},
};

/// Joins that may wait at once; more are told to come again. Some ten seconds of what a shard can do.
const MAX_WAITING: usize = 10_000;
/// Announcements that one join waits for. A second one is needed when a window ends meanwhile, more are a fault.
const MAX_ANNOUNCEMENTS: u8 = 5;

/// The joins that wait for the next commit.
#[derive(Default)]
pub(super) struct Queue {
    waiting: RefCell<Vec<Waiting>>,
    /// Somebody is emptying the queue.
    emptying: Cell<bool>,
}

struct Waiting {
    message: JoinMessage,
    announcements: u8,
    answer: oneshot::Sender<Result<JoinOutcome, StoreError>>,
}

impl Waiting {
    fn answer(self, answer: Result<JoinOutcome, StoreError>) {
        // Whoever has gone away asks again, and gets the same ticket.
        let _ = self.answer.send(answer);
    }
}

enum Decision {
    Answer(JoinOutcome),
    /// Nothing is written yet: the coordinator must know of this draw first.
    Announce(Draw),
}

impl Shard {
    pub(super) async fn join(&self, message: JoinMessage) -> Result<JoinOutcome, StoreError> {
        if self.queue.waiting.borrow().len() >= MAX_WAITING {
            return Err(StoreError("the shard has too many joins waiting".to_owned()));
        }
        let (answer, answered) = oneshot::channel();
        self.queue.waiting.borrow_mut().push(Waiting {
            message,
            announcements: 0,
            answer,
        });
        if !self.queue.emptying.replace(true) {
            Delay::from(Duration::ZERO).await;
            self.empty_queue().await;
        }
        answered
            .await
            .map_err(|_| StoreError("the shard lost a join".to_owned()))?
    }

    /// Until there is nothing left. The last look at the queue and the end of the task have no await between them, so no
    /// join is left behind.
    async fn empty_queue(&self) {
        loop {
            let batch = self.queue.waiting.take();
            if batch.is_empty() {
                self.queue.emptying.set(false);
                return;
            }
            let (draw, unanswered) = match self.decide_all(batch) {
                Some(undecided) => undecided,
                None => continue,
            };
            match self.announce(draw).await {
                // They were first: they stay before those who came meanwhile.
                Ok(()) => {
                    self.queue.waiting.borrow_mut().splice(0..0, unanswered);
                }
                Err(error) => unanswered
                    .into_iter()
                    .for_each(|waiting| waiting.answer(Err(error.clone()))),
            }
        }
    }

    /// One transaction. Comes back with the joins that need a draw announced, and that draw.
    fn decide_all(&self, batch: Vec<Waiting>) -> Option<(Draw, Vec<Waiting>)> {
        let decided = self.decide_in_one_transaction(&batch);
        let decisions = match decided {
            Ok(decisions) => decisions,
            Err(error) => {
                let error = broken(error);
                batch.into_iter().for_each(|waiting| waiting.answer(Err(error.clone())));
                return None;
            }
        };
        let mut undecided = Vec::new();
        let mut wanted = None;
        for (mut waiting, decision) in batch.into_iter().zip(decisions) {
            match decision {
                Decision::Answer(outcome) => waiting.answer(Ok(outcome)),
                Decision::Announce(_) if waiting.announcements == MAX_ANNOUNCEMENTS => {
                    waiting.answer(Err(StoreError("no draw could be announced".to_owned())));
                }
                Decision::Announce(draw) => {
                    waiting.announcements += 1;
                    wanted = wanted.or(Some(draw));
                    undecided.push(waiting);
                }
            }
        }
        wanted.map(|draw| (draw, undecided))
    }

    fn decide_in_one_transaction(&self, batch: &[Waiting]) -> Result<Vec<Decision>> {
        let first = batch.first().expect("the caller looked");
        let mut slot = self.loaded()?;
        let now = now();
        let mut fresh = None;
        let decided = self.database.transaction(|| {
            let memory = match slot.as_mut() {
                Some(memory) => memory,
                None => fresh.insert(tables::create(
                    &self.database,
                    place_of(&first.message.event_id, first.message.shard),
                )?),
            };
            let scored_before = memory.scores.joins();
            let mut grown = BTreeSet::new();
            let decisions = batch
                .iter()
                .map(|waiting| self.decide(memory, &waiting.message, now, &mut grown))
                .collect::<Result<Vec<_>>>()?;
            for draw in grown {
                tables::save_draw(&self.database, draw, &memory.open[&draw])?;
            }
            if memory.scores.joins() != scored_before {
                self.database.save("scores", &memory.scores)?;
            }
            self.arm(memory)?;
            Ok(decisions)
        });
        match &decided {
            Ok(_) if fresh.is_some() => *slot = fresh,
            Ok(_) => {}
            Err(_) => {
                *slot = None;
                self.will_report.set(false);
            }
        }
        decided
    }

    fn decide(
        &self,
        memory: &mut Memory,
        message: &JoinMessage,
        now: UnixMillis,
        grown: &mut BTreeSet<Draw>,
    ) -> Result<Decision> {
        let join = &message.join;
        let proof = match &join.proof {
            Some(proof) => self.judge_proof(proof, message, now)?,
            None => Proof::NotNeeded,
        };
        if matches!(proof, Proof::Used) {
            return Ok(Decision::Answer(JoinOutcome::ProofUsed));
        }
        let draw = join.windows.and_then(|windows| memory.draw_at(&windows, now));
        let known = tables::load_person(&self.database, join.tag)?;
        let mut person = known.clone().unwrap_or_default();
        let outcome = match person.join(join, draw, now) {
            JoinStep::Answer(outcome) => outcome,
            JoinStep::Number(tier) => {
                let Some(draw) = draw else {
                    return Ok(Decision::Answer(JoinOutcome::without_draws(join)));
                };
                if !memory.open.contains_key(&draw) {
                    return Ok(Decision::Announce(draw));
                }
                let numbered = memory.number(&self.database, draw, tier, join.tag)?;
                grown.insert(draw);
                person = person.with_ticket(tier, numbered);
                JoinOutcome::Numbered(person.held.clone().expect("it was just given"))
            }
        };
        if known.as_ref() != Some(&person) {
            tables::save_person(&self.database, join.tag, &person)?;
        }
        if let Proof::Unused(proof) = proof {
            tables::save_proof(&self.database, proof, message.attempt)?;
            if let Some(score) = &join.score {
                memory.scores.count(&counters(score, join.verdict));
            }
        }
        Ok(Decision::Answer(outcome))
    }

    fn judge_proof<'a>(&self, proof: &'a ValidProof, message: &JoinMessage, now: UnixMillis) -> Result<Proof<'a>> {
        // Whether it was used is not remembered any more.
        if now > proof.expires_at.plus(PROOFS_KEPT_MS) {
            return Ok(Proof::Used);
        }
        Ok(match tables::load_proof(&self.database, proof)? {
            None => Proof::Unused(proof),
            Some(attempt) if attempt == message.attempt => Proof::UsedByThis,
            Some(_) => Proof::Used,
        })
    }

    /// Tells the coordinator of a draw and opens it here, or learns that it is too late for it.
    async fn announce(&self, draw: Draw) -> Result<(), StoreError> {
        let place = self
            .loaded()
            .map_err(broken)?
            .as_ref()
            .map(|memory| memory.place.clone())
            .ok_or_else(|| broken(Error::RustError("the shard was forgotten".to_owned())))?;
        let announce = Announce {
            shard: place.shard,
            draw,
        };
        let announced = objects::patiently(self.objects.coordinator(&place.event_id, announce)).await?;
        let changed = self.change(|memory| match announced {
            Announced::Open { report_every_ms } => {
                if memory.place.report_every_ms != report_every_ms {
                    memory.place.report_every_ms = report_every_ms;
                    self.database.save("shard", &memory.place)?;
                }
                memory.open(&self.database, draw)
            }
            Announced::Refused { frozen_through } => memory.freeze_through(&self.database, frozen_through),
        });
        changed.map_err(broken).map(|_| ())
    }
}

/// What a proof is worth.
enum Proof<'a> {
    NotNeeded,
    Unused(&'a ValidProof),
    /// The same operation again: its first answer was lost.
    UsedByThis,
    Used,
}

/// Where a shard is, as its first message says.
pub(super) fn place_of(event: &EventId, shard: ShardNumber) -> Place {
    Place {
        event_id: event.clone(),
        shard,
        report_every_ms: 2_000, // until the coordinator says what it wants
    }
}
