//! Closing a draw, as steps that both runtimes do: [`ClosingRun::next_step`] says what is next, the
//! runtime does it and asks again. What the last step writes is in [`record`], what becomes of shards
//! that do not answer in [`silent`].
//!
//! 1. [`Freeze`](ClosingStep::Freeze): from now on no shard may declare a draw that has ended, and
//!    every shard that declared the first of them gives no number in it any more.
//! 2. [`EnterSilent`](ClosingStep::EnterSilent): whoever has not answered by the deadline is entered
//!    as it last reported.
//! 3. A draw that waits for no beacon, or has no tickets, is [finished](ClosingStep::Finish).
//! 4. Draws that have ended since are frozen, too: a draw must be frozen before its own round is
//!    out.
//! 5. [`NoteFrozen`](ClosingStep::NoteFrozen): what is frozen is public before the round is out.
//! 6. The draw [rests](ClosingStep::Rest) until its round is out; then the beacon is
//!    [asked](ClosingStep::AskBeacon), and with its answer the draw is finished.
//!
//! A crash after any step changes nothing in the record: which shards are in it was decided when
//! declarations ended, a frozen shard says the same for ever, who is entered without an answer
//! stays so, a round has one signature, and everything else is fixed or follows from earlier
//! records.

pub(crate) mod freeze_time;
mod record;
mod silent;

use stanchion_shared::{
    draw::{
        chain,
        digest::{self, FrozenShard},
    },
    ids::Draw,
    snapshot::FrozenTickets,
    timestamp::UnixMillis,
};

pub(crate) use record::FrozenDraw;
pub(crate) use silent::MissedDraw;

use super::{beacon::AwaitedRound, event::EventState, join::JOIN_GRACE_MS, shard_tickets::ShardTickets};

/// A beacon that did not answer, or not with its round, is asked again after this long, in ms.
/// Other edges ask it, too.
const ASK_AGAIN_MS: u64 = 1_000;
/// Shards that did not answer are asked again after this long, in ms.
const FREEZE_AGAIN_MS: u64 = 250;
/// However late a closing is, its shards have this long to answer, in ms.
const LEAST_PATIENCE_MS: u64 = 500;

/// What a runtime knows of the draws that are declared and not closed.
#[derive(Clone, Debug, Default)]
pub(crate) struct DeclaredDraws {
    /// The first of them; `None` if there is none.
    pub(crate) first: Option<Draw>,
    /// What all shards of the first one said when they were frozen, and what silent ones are entered
    /// with. `None` while that is not known here.
    pub(crate) frozen: Option<Vec<ShardTickets>>,
}

/// What is to be done next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClosingStep {
    /// Nothing before this instant; `None`: nothing is declared.
    Rest(Option<UnixMillis>),
    /// Two things, one after the other. [Declarations end](EventState::end_declarations), and that
    /// is on disk before any shard is asked. Then each shard is asked to freeze its draws after
    /// `after` and up to `through`: those that it has declared and is not entered in yet. At `until`
    /// nobody waits any longer for a shard that has not answered.
    Freeze {
        after: Option<Draw>,
        through: Draw,
        until: UnixMillis,
    },
    /// The shards that did not answer the last [`Freeze`](ClosingStep::Freeze) are
    /// [entered](EventState::enter_silent) in its draws.
    EnterSilent { after: Option<Draw>, through: Draw },
    /// [Notes](EventState::note_frozen) that `draw` waits for its round, and that all draws up to
    /// `through` are frozen.
    NoteFrozen { draw: Draw, through: Draw },
    /// Asks for the round of `draw`, and finishes the draw with it.
    AskBeacon(Draw, AwaitedRound),
    /// Finishes a draw that needs no round.
    Finish(Draw),
}

/// One run of closing: what it has seen and the event does not remember.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct ClosingRun {
    frozen_through: Option<Draw>,
    ask_not_before: UnixMillis,
    /// When the last [`ClosingStep::Freeze`] ended without the answers of all, and whether the silent
    /// ones whose deadline has passed were entered since.
    unanswered: Option<(UnixMillis, bool)>,
}

impl ClosingRun {
    /// What is to be done at `now`.
    pub(crate) fn next_step(&self, event: &EventState, declared: &DeclaredDraws, now: UnixMillis) -> ClosingStep {
        let Some(first) = declared.first else {
            return ClosingStep::Rest(None);
        };
        let due_at = event.due_at(first);
        if due_at > now {
            return ClosingStep::Rest(Some(due_at));
        }
        let progress = &event.progress;
        let is_noted = progress.frozen.is_some_and(|frozen| frozen.draw == first);
        let is_drawn = match &declared.frozen {
            Some(shards) => event.is_drawn(first, shards),
            None if is_noted && progress.frozen_through >= Some(first) => true,
            None => return self.freeze(event, None, first, now),
        };
        let Some(awaited) = event.awaited_round(first).filter(|_| is_drawn) else {
            return ClosingStep::Finish(first);
        };
        let known = self.frozen_through.max(progress.frozen_through);
        let frozen_through = known.map_or(first, |known| known.max(first));
        let ended = event.last_ended(first, now);
        // When the next draw is due; after the end of the chain of secrets there is none.
        let open = event.settings.windows().draw_at(now.minus(JOIN_GRACE_MS));
        let mut until = open.map_or(UnixMillis::MAX, |open| event.due_at(open));
        if frozen_through < ended {
            match self.freeze(event, Some(frozen_through), ended, now) {
                ClosingStep::Rest(Some(again)) => until = until.min(again),
                step => return step,
            }
        }
        if !is_noted || progress.frozen_through < Some(frozen_through) {
            let through = frozen_through;
            return ClosingStep::NoteFrozen { draw: first, through };
        }
        let ask_at = awaited.at.max(self.ask_not_before);
        if ask_at <= now {
            return ClosingStep::AskBeacon(first, awaited);
        }
        ClosingStep::Rest(Some(until.min(ask_at)))
    }

    /// How the draws after `after` and up to `through` are frozen: their shards are asked, and asked
    /// again, until the deadline has passed; then those that are silent are entered.
    fn freeze(&self, event: &EventState, after: Option<Draw>, through: Draw, now: UnixMillis) -> ClosingStep {
        let deadline = event.freeze_deadline(first_after(after, through));
        match self.unanswered {
            Some((_, false)) if now >= deadline => ClosingStep::EnterSilent { after, through },
            Some((at, _)) if now < at.plus(FREEZE_AGAIN_MS) => ClosingStep::Rest(Some(at.plus(FREEZE_AGAIN_MS))),
            _ => {
                let patience = now.plus(LEAST_PATIENCE_MS);
                // Later draws do not hold up the first one, which waits for its round.
                let until = match after {
                    None => deadline.max(patience),
                    Some(_) => patience,
                };
                ClosingStep::Freeze { after, through, until }
            }
        }
    }

    /// Every shard has done [`ClosingStep::Freeze`], or is entered without an answer.
    pub(crate) fn froze(&mut self, through: Draw) {
        self.frozen_through = self.frozen_through.max(Some(through));
        self.unanswered = None;
    }

    /// A shard did not answer to a [`ClosingStep::Freeze`].
    pub(crate) fn unanswered(&mut self, now: UnixMillis) {
        self.unanswered = Some((now, false));
    }

    /// [`ClosingStep::EnterSilent`] is done, and there are shards left whose deadline has not passed.
    pub(crate) fn entered(&mut self) {
        if let Some((_, entered)) = &mut self.unanswered {
            *entered = true;
        }
    }

    /// The beacon did not answer, or not with the round.
    pub(crate) fn beacon_failed(&mut self, now: UnixMillis) {
        self.ask_not_before = now.plus(ASK_AGAIN_MS);
    }
}

/// The first draw of a range as [`ClosingStep::Freeze`] names it.
fn first_after(after: Option<Draw>, through: Draw) -> Draw {
    after.map_or(through, |after| Draw(after.0 + 1))
}

impl EventState {
    /// When a draw closes.
    pub(crate) fn closed_at(&self, draw: Draw) -> UnixMillis {
        self.settings.windows().closed_at(draw)
    }

    /// When the closing of a draw begins: joins that came before its end may still be on their way.
    pub(crate) fn due_at(&self, draw: Draw) -> UnixMillis {
        self.closed_at(draw).plus(JOIN_GRACE_MS)
    }

    /// Whether a draw with these shards gets a record: it has tickets, or misses a shard.
    fn is_drawn(&self, draw: Draw, shards: &[ShardTickets]) -> bool {
        shards.iter().any(|shard| shard.count() > 0) || self.missed_in(draw).next().is_some()
    }

    /// The last draw that is due at `now`, but `draw` at least: all of them can be frozen at once.
    pub(crate) fn last_ended(&self, draw: Draw, now: UnixMillis) -> Draw {
        let open = self.settings.windows().draw_at(now.minus(JOIN_GRACE_MS));
        let first_not_ended = open.map_or(chain::LENGTH, |open| open.0);
        Draw(first_not_ended.saturating_sub(1)).max(draw)
    }

    /// The draws after `after` and up to `through` are about to be frozen: from now on nothing is
    /// declared up to the last draw that is due, `through` at least. The deadline of their shards
    /// counts from the first time.
    pub(crate) fn end_declarations(&mut self, after: Option<Draw>, through: Draw, now: UnixMillis) {
        let ended = self.last_ended(through, now);
        if self.progress.closing < Some(first_after(after, through)) {
            self.progress.closing_since = now;
        }
        self.progress.closing = self.progress.closing.max(Some(ended));
    }

    /// `draw`, the first that is not closed, waits for its round, and every shard is frozen in all
    /// that it declared up to `through`. What the shards of `draw` said becomes public; `None` if
    /// it is already.
    pub(crate) fn note_frozen(&mut self, draw: Draw, frozen: Option<&[ShardTickets]>, through: Draw) {
        if let Some(frozen) = frozen {
            let frozen: Vec<FrozenShard> = frozen.iter().map(|shard| shard.frozen).collect();
            let tickets_digest = digest::tickets_digest(self.settings.shards, &frozen);
            let pinned_at = self.pinned(draw).late_at;
            self.progress.frozen = Some(FrozenTickets {
                draw,
                tickets_digest,
                pinned_at,
            });
        }
        self.progress.frozen_through = self.progress.frozen_through.max(Some(through));
    }
}

#[cfg(test)]
mod silence_model;
#[cfg(test)]
mod tests;
