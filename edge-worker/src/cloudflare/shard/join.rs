//! Joins. Those that arrive together are one commit: each puts itself on a queue, the first lets
//! the others arrive, takes all there are, decides them in one synchronous transaction, and answers
//! everyone. A commit costs more than all else.
//!
//! The one await in between is the declaration: before the first number of a draw the coordinator
//! must know that this shard has tickets in it, and before the first one of the first line that,
//! too. What may happen meanwhile: more joins queue up; the draw is frozen here or its window ends.
//! So after the declaration everything is decided anew, from the clock on.

use std::{
    cell::{Cell, RefCell},
    collections::BTreeSet,
    time::Duration,
};

use futures_channel::oneshot;
use stanchion_shared::{
    ids::{Draw, EventId, Shard as ShardNumber},
    timestamp::UnixMillis,
};
use worker::{Delay, Error, Result};

use super::{
    super::{
        messages::{Declare, JoinMessage},
        now, objects,
    },
    Shard, broken,
    tables::{self, Place, ShardMemory},
};
use crate::{
    platform::{JoinOutcome, StoreError},
    queue::{
        declaration::DeclarationOutcome,
        event::is_first_line,
        join::{JoinDecision, JoinFacts, decide},
        sessions::TELL_EVERY_MS,
        shard_reports::REPORT_EVERY_MS,
    },
};

/// Joins that may wait at once; further ones are told to come again. A shard does so many in some
/// ten seconds.
const MAX_WAITING: usize = 10_000;
/// Declarations that one join waits for. A second one is needed when a window ends meanwhile, more
/// are a fault.
pub(super) const MAX_DECLARATIONS: u8 = 5;

/// A coordinator that has not answered a declaration after this long is silent: the fans who wait
/// for it are told to come again.
const DECLARE_LIMIT: Duration = Duration::from_millis(1_500);

/// The joins that wait for the next commit.
#[derive(Default)]
pub(super) struct Queue {
    waiting: RefCell<Vec<Waiting>>,
    /// A task is emptying the queue.
    emptying: Cell<bool>,
}

struct Waiting {
    message: JoinMessage,
    declarations: u8,
    answer: oneshot::Sender<Result<JoinOutcome, StoreError>>,
}

impl Waiting {
    fn answer(self, answer: Result<JoinOutcome, StoreError>) {
        // A client that has gone away asks again, and gets the same ticket.
        let _ = self.answer.send(answer);
    }
}

enum Step {
    Answer(JoinOutcome),
    /// Nothing is written yet: the coordinator must know of this draw first.
    Declare {
        draw: Draw,
        first_line: bool,
    },
}

/// A draw that joins need declared.
struct WantedDraw {
    draw: Draw,
    /// People of the first line are among them.
    first_line: bool,
}

impl Shard {
    pub(super) async fn join(&self, message: JoinMessage) -> Result<JoinOutcome, StoreError> {
        if self.queue.waiting.borrow().len() >= MAX_WAITING {
            return Err(StoreError("the shard has too many joins waiting".to_owned()));
        }
        let (answer, answered) = oneshot::channel();
        self.queue.waiting.borrow_mut().push(Waiting {
            message,
            declarations: 0,
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

    /// Until there is nothing left. The last look at the queue and the end of the task have no
    /// await between them, so no join is left behind.
    async fn empty_queue(&self) {
        loop {
            let batch = self.queue.waiting.take();
            if batch.is_empty() {
                self.queue.emptying.set(false);
                return;
            }
            let (wanted, unanswered) = match self.decide_all(batch) {
                Some(undecided) => undecided,
                None => continue,
            };
            match self.declare(wanted.draw, wanted.first_line).await {
                // They were first: they stay before joins that came meanwhile.
                Ok(()) => {
                    self.queue.waiting.borrow_mut().splice(0..0, unanswered);
                }
                Err(error) => unanswered
                    .into_iter()
                    .for_each(|waiting| waiting.answer(Err(error.clone()))),
            }
        }
    }

    /// Decides the joins that wait, as far as nothing has to be declared for them: they were here
    /// before a draw is frozen.
    pub(super) fn decide_waiting(&self) {
        let batch = self.queue.waiting.take();
        if batch.is_empty() {
            return;
        }
        if let Some((_, undecided)) = self.decide_all(batch) {
            self.queue.waiting.borrow_mut().splice(0..0, undecided);
        }
    }

    /// One transaction. Comes back with the joins that need a draw declared, and that draw.
    fn decide_all(&self, batch: Vec<Waiting>) -> Option<(WantedDraw, Vec<Waiting>)> {
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
        let mut wanted: Option<WantedDraw> = None;
        for (mut waiting, decision) in batch.into_iter().zip(decisions) {
            match decision {
                Step::Answer(outcome) => waiting.answer(Ok(outcome)),
                Step::Declare { .. } if waiting.declarations == MAX_DECLARATIONS => {
                    waiting.answer(Err(StoreError("no draw could be declared".to_owned())));
                }
                Step::Declare { draw, first_line } => {
                    waiting.declarations += 1;
                    let wanted = wanted.get_or_insert(WantedDraw { draw, first_line });
                    wanted.first_line |= first_line && wanted.draw == draw;
                    undecided.push(waiting);
                }
            }
        }
        wanted.map(|wanted| (wanted, undecided))
    }

    fn decide_in_one_transaction(&self, batch: &[Waiting]) -> Result<Vec<Step>> {
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
                self.alarm.set(None);
            }
        }
        decided
    }

    fn decide(
        &self,
        memory: &mut ShardMemory,
        message: &JoinMessage,
        now: UnixMillis,
        grown: &mut BTreeSet<Draw>,
    ) -> Result<Step> {
        let JoinMessage { join, attempt, .. } = message;
        let proof = join.proof.as_ref();
        let proof_used_by = proof
            .map(|proof| tables::load_proof(&self.database, proof))
            .transpose()?;
        let known = tables::load_person(&self.database, join.tag)?;
        let facts = JoinFacts {
            now,
            frozen_through: memory.frozen_through,
            person: known.as_ref(),
            proof_used_by: proof_used_by.flatten(),
        };
        let (mut write, outcome) = match decide(join, *attempt, &facts) {
            JoinDecision::Answer(outcome) => return Ok(Step::Answer(outcome)),
            JoinDecision::Write(write, outcome) => (write, outcome),
            JoinDecision::Number(draw, tier, mut write) => {
                if !memory.may_number(draw, tier) {
                    let first_line = is_first_line(tier);
                    return Ok(Step::Declare { draw, first_line });
                }
                let numbered = memory.number(&self.database, draw, tier, join.tag)?;
                grown.insert(draw);
                write.person = write.person.with_ticket(tier, numbered);
                let held = write.person.held.clone().expect("it was just given");
                (write, JoinOutcome::Numbered(held))
            }
        };
        if known.as_ref() != Some(&write.person) {
            tables::save_person(&self.database, join.tag, &write.person)?;
        }
        if let Some(proof) = write.proof.take() {
            tables::save_proof(&self.database, proof, *attempt)?;
        }
        memory.scores.count(&write.counters);
        Ok(Step::Answer(outcome))
    }

    /// Tells the coordinator of a draw and opens it here, or learns that it is too late for it.
    pub(super) async fn declare(&self, draw: Draw, first_line: bool) -> Result<(), StoreError> {
        let (place, has_left_over) = self
            .loaded()
            .map_err(broken)?
            .as_ref()
            .map(|memory| (memory.place.clone(), !memory.left_over.is_empty()))
            .ok_or_else(|| broken(Error::RustError("the shard was forgotten".to_owned())))?;
        // Whoever is left over is carried into the draw, and may be of the first line.
        let first_line = first_line || has_left_over;
        let declare = Declare {
            shard: place.shard,
            draw,
            first_line,
        };
        let declared = objects::within(DECLARE_LIMIT, self.objects.coordinator(&place.event_id, declare)).await?;
        let changed = self.change(|memory| match declared.outcome {
            DeclarationOutcome::Open => {
                let place = Place {
                    report_every_ms: declared.report_every_ms,
                    tell_every_ms: declared.tell_every_ms,
                    windows: Some(declared.windows),
                    ..memory.place.clone()
                };
                if memory.place != place {
                    self.database.save("shard", &place)?;
                    memory.place = place;
                }
                memory.open(&self.database, draw, first_line)?;
                self.arm(memory)
            }
            DeclarationOutcome::Refused { frozen_through } => memory.freeze_through(&self.database, frozen_through),
        });
        changed.map_err(broken).map(|_| ())
    }
}

/// Where a shard is, as its first message says.
pub(super) fn place_of(event: &EventId, shard: ShardNumber) -> Place {
    Place {
        event_id: event.clone(),
        shard,
        report_every_ms: REPORT_EVERY_MS, // until the coordinator says another one
        tell_every_ms: TELL_EVERY_MS,
        windows: None,
    }
}
