//! Closing draws, on the alarm: does the steps of [`crate::queue::closing`].
//!
//! What may happen at the awaits (for shards' answers and for the beacon's):
//! - declarations: those up to the last draw that has ended are refused since before the first
//!   shard was asked;
//! - puts: they cannot move the windows or the beacon any more, which are fixed before the first
//!   draw is due, and the schedule is read only in the last step;
//! - reports and reads: a shard that has frozen the draw by itself need not be asked.
//!
//! Two alarms never run at once.
//!
//! What a shard says is stored at once, so a crash asks only for the rest. So is what a shard that
//! does not answer is entered with: on disk before the record is signed, like everything else.

use std::time::Duration;

use futures_util::stream::{self, StreamExt};
use stanchion_shared::{
    draw::beacon::VerifiedRound,
    ids::{Draw, EventId, Shard},
    timestamp::UnixMillis,
};
use worker::{Error, Result, console_error};

use super::{
    super::{configuration::configuration, messages::Freeze, now, objects, origin},
    Coordinator,
    tables::{self, EventMemory},
};
use crate::{
    platform::StoreError,
    queue::{
        beacon::{self, AwaitedRound},
        closing::{ClosingRun, ClosingStep, FrozenDraw, freeze_time::FREEZES_AT_ONCE},
        shard_tickets::ShardTickets,
    },
};

/// A draw that could not be closed is tried again after this long, in ms.
pub(super) const RETRY_MS: u64 = 250;
/// A beacon that has not answered after this long is asked again later: well before the round of a
/// draw that ends meanwhile is out, so that it is frozen first
/// ([`stanchion_shared::policy::FREEZE_MS`]).
const BEACON_TIME_LIMIT: Duration = Duration::from_millis(1_500);
/// A shard that has not answered after this long is asked again, in ms, so that it holds up none of
/// the others: they are asked a few at once.
const FREEZE_TIME_LIMIT_MS: u64 = 600;
/// Shards that are asked in one alarm: a runtime bounds the messages of one invocation.
pub(super) const FREEZES_PER_ALARM: usize = 200;

/// What is to be done next, with what it takes to do it.
enum Work {
    Freeze(Unfrozen),
    AskBeacon(Draw, AwaitedRound),
    Finish(Draw),
    /// It is done: what is to be written without asking another object was written with the
    /// decision.
    Noted,
    Rest(UnixMillis),
}

/// Draws in shards that have not said yet what they have in them.
struct Unfrozen {
    event_id: EventId,
    after: Option<Draw>,
    through: Draw,
    /// Shards that have not answered then are not waited for.
    until: UnixMillis,
    shards: Vec<(Draw, Shard)>,
}

impl Coordinator {
    /// Closes all draws that are due, in order, as far as one alarm may: with so many freezes as
    /// are `left` of [`FREEZES_PER_ALARM`]. Returns the earliest instant at which the next draw may
    /// be closed.
    pub(super) async fn close_due(&self, left: &mut usize) -> Result<UnixMillis> {
        let mut run = ClosingRun::default();
        loop {
            match self.next_work(&mut run, now())? {
                Work::Freeze(unfrozen) => {
                    let asked = unfrozen.shards.len().min(*left);
                    *left -= asked;
                    self.freeze_all(&unfrozen, asked).await;
                    let is_frozen = self.is_frozen(&unfrozen)?;
                    match is_frozen {
                        true => run.froze(unfrozen.through),
                        false if asked < unfrozen.shards.len() => return Ok(now()),
                        false => run.unanswered(now()),
                    }
                }
                Work::AskBeacon(draw, awaited) => match self.ask_beacon(&awaited).await {
                    Ok(round) => self.finish(draw, Some(round))?,
                    Err(error) => {
                        console_error!("a draw waits for its beacon: {error}");
                        run.beacon_failed(now());
                    }
                },
                Work::Finish(draw) => self.finish(draw, None)?,
                Work::Noted => {}
                Work::Rest(until) => return Ok(until),
            }
        }
    }

    /// What is to be done at `now`. Draws that are to be frozen are from now on closed to
    /// declarations: on disk before any shard is asked, for no message leaves the object before
    /// that.
    fn next_work(&self, run: &mut ClosingRun, now: UnixMillis) -> Result<Work> {
        let work = self.change(|event| {
            let declared = event.declared_draws();
            match run.next_step(&event.state, &declared, now) {
                ClosingStep::Rest(until) => {
                    // Before the first draw has ended, one that ends earlier may still be declared.
                    let is_due = event.close_at(UnixMillis(0)).is_some_and(|at| at <= now);
                    Ok(Work::Rest(until.filter(|_| is_due).unwrap_or_default()))
                }
                ClosingStep::Freeze { after, through, until } => {
                    self.change_state(event, |state| state.end_declarations(after, through, now))?;
                    Ok(Work::Freeze(Unfrozen {
                        event_id: event.state.constants.event_id.clone(),
                        after,
                        through,
                        until,
                        shards: event.unfrozen(after, through),
                    }))
                }
                ClosingStep::EnterSilent { after, through } => {
                    self.enter_silent(event, after, through, now)?;
                    match event.unfrozen(after, through).is_empty() {
                        true => run.froze(through),
                        false => run.entered(),
                    }
                    Ok(Work::Noted)
                }
                ClosingStep::NoteFrozen { draw, through } => {
                    let frozen = declared.frozen.as_deref();
                    self.change_state(event, |state| state.note_frozen(draw, frozen, through))?;
                    Ok(Work::Noted)
                }
                ClosingStep::AskBeacon(draw, awaited) => Ok(Work::AskBeacon(draw, awaited)),
                ClosingStep::Finish(draw) => Ok(Work::Finish(draw)),
            }
        })?;
        Ok(work.unwrap_or(Work::Rest(UnixMillis(0))))
    }

    /// Enters the shards that have not answered by their deadline, as they last reported.
    fn enter_silent(&self, event: &mut EventMemory, after: Option<Draw>, through: Draw, now: UnixMillis) -> Result<()> {
        let silent = event.unfrozen(after, through);
        let reports = std::mem::take(&mut event.reports);
        let entered = self.change_state(event, |state| state.enter_silent(&silent, &reports, now));
        event.reports = reports;
        for missed in entered? {
            let heard = missed.heard_at.map_or("never".to_owned(), |at| at.to_string());
            console_error!(
                "shard {} of {} is missing in draw {}: last heard of {heard}, entered with {} tickets",
                missed.shard().0,
                event.state.constants.event_id,
                missed.draw.0,
                missed.entered.count(),
            );
            event.note_frozen(&self.database, missed.draw, missed.entered)?;
        }
        Ok(())
    }

    /// Asks the first `count` of what is unfrozen, the last shards first: each says by itself when
    /// it has frozen a draw, and the first ones do so first.
    async fn freeze_all(&self, unfrozen: &Unfrozen, count: usize) {
        let asked = unfrozen.shards.iter().rev().take(count);
        let asked = asked.map(|&(draw, shard)| self.freeze(unfrozen, draw, shard));
        let answers: Vec<Result<()>> = stream::iter(asked).buffer_unordered(FREEZES_AT_ONCE).collect().await;
        for error in answers.into_iter().filter_map(Result::err).take(1) {
            console_error!("a draw is not frozen yet: {error}");
        }
    }

    /// Freezes a draw in one shard, unless that has said by itself that it is, or it is too late.
    async fn freeze(&self, unfrozen: &Unfrozen, draw: Draw, shard: Shard) -> Result<()> {
        let is_unfrozen = self.read(|event| Ok(event.is_unfrozen(draw, shard)))?;
        let left_ms = unfrozen.until.since(now());
        if is_unfrozen != Some(true) || left_ms == 0 {
            return Ok(());
        }
        let asked = self.objects.shard(&unfrozen.event_id, shard, Freeze { shard, draw });
        let answered = objects::within(Duration::from_millis(left_ms.min(FREEZE_TIME_LIMIT_MS)), asked).await;
        let tickets: ShardTickets = answered.map_err(|error| Error::RustError(error.to_string()))?;
        self.change(|event| event.note_frozen(&self.database, draw, tickets))
            .map(|_| ())
    }

    /// Whether every shard has said what it has in these draws.
    fn is_frozen(&self, unfrozen: &Unfrozen) -> Result<bool> {
        let left = self.read(|event| Ok(event.unfrozen(unfrozen.after, unfrozen.through)))?;
        Ok(left.is_none_or(|left| left.is_empty()))
    }

    /// Reads the round and verifies it.
    async fn ask_beacon(&self, awaited: &AwaitedRound) -> Result<VerifiedRound, StoreError> {
        let config = configuration(&self.env).map_err(StoreError)?;
        let send = |request| origin::fetch(request, BEACON_TIME_LIMIT);
        beacon::fetch(awaited, &config.beacon_url, send).await
    }

    /// Every shard is frozen, and the round is there: writes the record and all that belongs to it
    /// in one transaction.
    fn finish(&self, draw: Draw, beacon: Option<VerifiedRound>) -> Result<()> {
        let config = configuration(&self.env).map_err(Error::RustError)?;
        let now = now();
        self.change(|event: &mut EventMemory| {
            let shards = event.declared.remove(&draw).unwrap_or_default();
            let frozen: Option<Vec<ShardTickets>> = shards.into_values().collect();
            let frozen = frozen.ok_or_else(|| Error::RustError("a shard is not frozen".to_owned()))?;
            let secret = tables::load_chain(&self.database)?
                .secret(draw)
                .ok_or_else(|| Error::RustError("the chain of secrets has ended".to_owned()))?;
            let frozen = FrozenDraw {
                draw,
                shards: frozen,
                secret,
                beacon,
            };
            let record = self.change_state(event, |state| state.close(frozen, &config.signing_keys, now))?;
            if let Some(record) = record {
                tables::save_record(&self.database, &record)?;
            }
            tables::forget_declarations(&self.database, draw)
        })?;
        Ok(())
    }
}
