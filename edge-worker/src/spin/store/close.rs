//! Closing draws: does the steps of [`crate::queue::closing`]. The first instance that sees in the
//! event that a draw is due closes it.
//!
//! Each step can be repeated, and done by several instances at once: only the first that writes it
//! changes anything. A crash anywhere leaves a step that the next one does again.

use stanchion_shared::{
    draw::beacon::VerifiedRound,
    ids::{Draw, EventId, Shard},
};

use super::{
    Store,
    command::{Redis, Script, run, script},
    coordinator::{Written, json},
    keys::CoordinatorKeys,
    read_event::{OnlyIf, ReadEvent},
    shard::MAX_TRIES,
};
use crate::{
    platform::StoreError,
    queue::{
        beacon::{self, AwaitedRound},
        closing::{ClosingRun, ClosingStep, DeclaredDraws, FrozenDraw},
        event::EventState,
        shard_tickets::ShardTickets,
    },
};

static CLOSE: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/close.lua");

/// What became of a closing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closed {
    /// The draw is closed, by this closing or by another one.
    Done,
    /// It is frozen, and its beacon's round is not out yet.
    Waits,
}

/// One draw on its way, in one epoch of the coordinator.
struct Closing<'a, R> {
    store: &'a Store<'a, R>,
    event: &'a EventId,
    epoch: u32,
    draw: Draw,
    /// What the shards of the draw said, and silent ones are entered with, in ascending order; `None`
    /// while that is not known here.
    tickets: Option<Vec<ShardTickets>>,
    /// The shards that did not answer when they were last asked.
    silent: Vec<(Draw, Shard)>,
}

impl ReadEvent {
    /// What closing goes by: of the shards' answers nothing is known here.
    pub(super) fn declared_draws(&self) -> DeclaredDraws {
        DeclaredDraws {
            first: self.first_declared,
            frozen: None,
        }
    }

    /// The draw that is to be closed, if there is a step that can be done now.
    pub(super) fn draw_to_close(&self) -> Option<Draw> {
        let step = ClosingRun::default().next_step(&self.state, &self.declared_draws(), self.now);
        match step {
            ClosingStep::Rest(_) => None,
            _ => self.first_declared,
        }
    }
}

impl<R: Redis> Store<'_, R> {
    /// Closes `draw`, the first that is declared and due in `read`, unless another closing has
    /// meanwhile.
    pub(super) async fn close(&self, event: &EventId, read: &ReadEvent, draw: Draw) -> Result<Closed, StoreError> {
        let closing = Closing {
            store: self,
            event,
            epoch: read.epoch,
            draw,
            tickets: None,
            silent: Vec::new(),
        };
        // Other work may have taken long since it was read.
        match closing.read().await? {
            Some(read) => closing.close(read).await,
            None => Ok(Closed::Done),
        }
    }
}

impl<R: Redis> Closing<'_, R> {
    async fn close(mut self, mut read: ReadEvent) -> Result<Closed, StoreError> {
        let mut run = ClosingRun::default();
        loop {
            let declared = DeclaredDraws {
                frozen: self.tickets.clone(),
                ..read.declared_draws()
            };
            let changed = match run.next_step(&read.state, &declared, read.now) {
                ClosingStep::Rest(_) => return Ok(Closed::Waits),
                // A shard that does not answer in the time that a command to Redis may take is asked
                // again by whoever closes next.
                ClosingStep::Freeze {
                    after,
                    through,
                    until: _,
                } => {
                    let now = read.now;
                    let end = |state: &mut EventState| state.end_declarations(after, through, now);
                    // On disk before any shard is asked.
                    let Some(changed) = self.change(read, OnlyIf::First(self.draw), end).await? else {
                        return Ok(Closed::Done);
                    };
                    self.freeze(&changed, after, through, &mut run).await?;
                    // It may have taken long.
                    self.read().await?
                }
                ClosingStep::EnterSilent { after, through } => {
                    let now = read.now;
                    let reports = self.store.last_reports(self.event).await?;
                    let silent = std::mem::take(&mut self.silent);
                    let enter = |state: &mut EventState| drop(state.enter_silent(&silent, &reports, now));
                    let Some(changed) = self.change(read, OnlyIf::First(self.draw), enter).await? else {
                        return Ok(Closed::Done);
                    };
                    self.log_silent(&changed, &silent);
                    // Those that are entered need not be asked again.
                    self.freeze(&changed, after, through, &mut run).await?;
                    run.entered();
                    Some(changed)
                }
                ClosingStep::NoteFrozen { draw, through } => {
                    let frozen = declared.frozen.as_deref();
                    let note = |state: &mut EventState| state.note_frozen(draw, frozen, through);
                    self.change(read, OnlyIf::Anything, note).await?
                }
                ClosingStep::AskBeacon(_, awaited) => {
                    let round = self.ask_beacon(&awaited).await?;
                    return self.finish(Some(round)).await;
                }
                ClosingStep::Finish(_) => return self.finish(None).await,
            };
            match changed {
                Some(changed) => read = changed,
                None => return Ok(Closed::Done),
            }
        }
    }

    /// Asks the shards of which it is not known what they have in these draws.
    async fn freeze(
        &mut self,
        read: &ReadEvent,
        after: Option<Draw>,
        through: Draw,
        run: &mut ClosingRun,
    ) -> Result<(), StoreError> {
        let answers = self.store.freeze_declared(self.event, read, after, through).await?;
        self.silent = answers.silent;
        match self.silent.is_empty() {
            true => run.froze(through),
            false => run.unanswered(read.now),
        }
        if self.silent.iter().all(|&(draw, _)| draw != self.draw) && after < Some(self.draw) {
            let of_draw = answers.frozen.into_iter().filter(|(draw, _)| *draw == self.draw);
            self.tickets = Some(of_draw.map(|(_, tickets)| tickets).collect());
        }
        Ok(())
    }

    /// Tells the operators which shards are entered without an answer.
    fn log_silent(&self, read: &ReadEvent, silent: &[(Draw, Shard)]) {
        for &(draw, shard) in silent {
            let Some(entered) = read.state.entry_of(draw, shard) else {
                continue;
            };
            eprintln!(
                "shard {} of {} is missing in draw {}: entered with {} tickets, as it last reported",
                shard.0,
                self.event,
                draw.0,
                entered.count()
            );
        }
    }

    /// Reads the event. `None`: the draw is closed, or another one comes first.
    async fn read(&self) -> Result<Option<ReadEvent>, StoreError> {
        let Some(read) = self.store.read_event(self.event).await? else {
            return Err(StoreError("the event is gone".to_owned()));
        };
        if read.epoch != self.epoch {
            return Err(StoreError("the event was restored while a draw was closed".to_owned()));
        }
        Ok(Some(read).filter(|read| read.first_declared == Some(self.draw)))
    }

    /// Writes a change of the event if there is one, and returns the event with it; `None` as in
    /// [`Closing::read`].
    async fn change(
        &self,
        mut read: ReadEvent,
        only_if: OnlyIf,
        change: impl Fn(&mut EventState),
    ) -> Result<Option<ReadEvent>, StoreError> {
        for _ in 0..MAX_TRIES {
            let mut state = read.state.clone();
            change(&mut state);
            if state == read.state {
                return Ok(Some(read));
            }
            let written = self.store.write_event(self.event, &read, &state, only_if).await?;
            match self.read().await? {
                Some(again) if written => return Ok(Some(again)),
                Some(again) => read = again,
                None => return Ok(None),
            }
        }
        Err(StoreError("the event changes too often".to_owned()))
    }

    /// Reads the round and verifies it.
    async fn ask_beacon(&self, awaited: &AwaitedRound) -> Result<VerifiedRound, StoreError> {
        let Some(outside) = &self.store.outside else {
            return Err(StoreError("this store was given no way to a beacon".to_owned()));
        };
        beacon::fetch(awaited, outside.beacon_url, outside.send).await
    }

    /// Every shard is frozen, and the round is there: writes the record, if the data is still in
    /// the epoch in which the shards were asked.
    async fn finish(mut self, round: Option<VerifiedRound>) -> Result<Closed, StoreError> {
        let shards = match self.tickets.take() {
            Some(tickets) => tickets,
            // Another closing froze them, and what they said is stored.
            None => {
                let Some(read) = self.read().await? else {
                    return Ok(Closed::Done);
                };
                let mut run = ClosingRun::default();
                self.freeze(&read, None, self.draw, &mut run).await?;
                let silent = || StoreError("a shard of a frozen draw does not answer".to_owned());
                self.tickets.take().ok_or_else(silent)?
            }
        };
        let secret = self.store.secret(self.event, self.draw).await?;
        for _ in 0..MAX_TRIES {
            let Some(read) = self.store.read_event(self.event).await? else {
                return Err(StoreError("the event is gone".to_owned()));
            };
            if read.state.progress.closed_through >= Some(self.draw) {
                return Ok(Closed::Done);
            }
            if read.epoch != self.epoch || !read.may_close() || read.state.progress.closing < Some(self.draw) {
                return Err(StoreError("the event was restored while a draw was closed".to_owned()));
            }
            let mut state = read.state.clone();
            let frozen = FrozenDraw {
                draw: self.draw,
                shards: shards.clone(),
                secret,
                beacon: round.clone(),
            };
            let record = state.close(frozen, self.store.signing_keys, read.stamp());
            let keys = CoordinatorKeys::new(self.event).with(&["segments", "stops", "records"]);
            let written = Written::new(&state, read.stamp());
            let mut arguments = self.store.guard(&read);
            arguments.extend(written.parts);
            arguments.extend([
                self.draw.0.to_string().into_bytes(),
                record.as_ref().map_or_else(Vec::new, json),
            ]);
            arguments.extend(written.retired);
            if run(self.store.redis, &CLOSE, &keys, arguments).await?.done()? {
                return Ok(Closed::Done);
            }
        }
        Err(StoreError("the event changes too often".to_owned()))
    }
}
