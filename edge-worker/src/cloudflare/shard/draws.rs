//! Freezing a draw, reading its log, reporting what has joined, and carrying on what a draw that was
//! closed without this shard left over.

use stanchion_shared::{ids::Draw, timestamp::UnixMillis};
use worker::{Error, Result, console_error};

use super::{
    super::{
        messages::{Freeze, Heard, HexLog, Report, Settle},
        now, objects,
    },
    Shard, broken,
    join::MAX_DECLARATIONS,
    tables::{self, ShardMemory},
};
use crate::{
    platform::StoreError,
    queue::{
        shard_reports::{DrawReport, ShardReport},
        shard_tickets::ShardTickets,
    },
};

/// An alarm rings within this time, in ms, unless the one before is still at work.
const OVERDUE_MS: u64 = 1_000;

impl Shard {
    /// Ends a draw here. Joins from now on are in a later one, so the answer is the same for ever,
    /// and it leaves the object only when everything that it counts is on disk.
    pub(super) fn freeze(&self, freeze: Freeze) -> Result<ShardTickets> {
        self.decide_waiting();
        let frozen = self.change(|memory| {
            memory.freeze_through(&self.database, freeze.draw)?;
            tables::load_draw(&self.database, freeze.draw)
        })?;
        // A shard that declared itself and crashed before it wrote anything has nothing to
        // remember: it asks again before it gives a number, and is refused.
        let tickets = frozen.flatten().map(|stored| stored.tickets);
        Ok(tickets.unwrap_or_else(|| ShardTickets::none(freeze.shard)))
    }

    /// Learns how draws were closed while this shard was silent, and brings what they left over into
    /// a later draw.
    pub(super) async fn settle(&self, settle: Settle) -> Result<(), StoreError> {
        self.change(|memory| memory.settle(&self.database, &settle.entered))
            .map_err(broken)?;
        for _ in 0..MAX_DECLARATIONS {
            let next = |memory: &ShardMemory| {
                let mut draw = settle.windows.draw_after(memory.frozen_through, now())?;
                // A draw in which numbers were given already is no draw for them.
                while memory.open.contains_key(&draw) {
                    draw = Draw(draw.0 + 1);
                }
                Some(draw)
            };
            let draw = match self.loaded().map_err(broken)?.as_ref() {
                Some(memory) if !memory.left_over.is_empty() => next(memory),
                _ => return Ok(()),
            };
            let ended = || {
                broken(Error::RustError(
                    "there are no draws any more for what is left over".to_owned(),
                ))
            };
            self.declare(draw.ok_or_else(ended)?, false).await?;
        }
        Err(StoreError("no draw could be declared for what is left over".to_owned()))
    }

    /// The public log of a frozen draw.
    pub(super) fn log(&self, draw: Draw) -> Result<Option<HexLog>> {
        let slot = self.loaded()?;
        if slot.as_ref().is_none_or(|memory| memory.frozen_through < Some(draw)) {
            return Ok(None);
        }
        let tickets = tables::load_draw(&self.database, draw)?;
        let count = tickets.map_or(0, |stored| stored.tickets.count());
        tables::load_log(&self.database, draw, count).map(Some)
    }

    /// Sets the alarm for what is to be done next: a report if there is news, or the end of a window.
    /// A join never waits for either.
    pub(super) fn arm(&self, memory: &ShardMemory) -> Result<()> {
        if memory.reportable() != self.reported.get() {
            self.report_soon(memory);
        }
        let report_at = self.next_report.get().at();
        let next = [report_at, memory.freezes_at(), self.sessions_at(memory)];
        let next = next.into_iter().flatten().min();
        next.map_or(Ok(()), |at| self.ring_at(at))
    }

    /// Sets the alarm for the time of the next report, unless it is set.
    pub(super) fn arm_soon(&self, memory: &ShardMemory) -> Result<()> {
        self.report_soon(memory);
        self.arm(memory)
    }

    fn report_soon(&self, memory: &ShardMemory) {
        let mut next = self.next_report.get();
        next.soon(memory.place.report_every_ms, now());
        self.next_report.set(next);
    }

    /// Sets the alarm, if none is set for sooner. One alarm replaces the other. One that is long due
    /// and has not rung is set anew.
    pub(super) fn ring_at(&self, at: UnixMillis) -> Result<()> {
        let now = now();
        let is_overdue = |set: UnixMillis| now.since(set) > OVERDUE_MS;
        if self.alarm.get().is_none_or(|set| at < set || is_overdue(set)) {
            self.database.set_alarm(at)?;
            self.alarm.set(Some(at));
        }
        Ok(())
    }

    /// On the alarm: freezes the draws whose windows have ended, and reports to the coordinator what
    /// is in them and how many have joined, if any of it is news. Forgets what is needed no more. A
    /// report that fails is made again later; the count in it is the whole count. What is frozen the
    /// coordinator asks for, if it does not hear it.
    pub(super) async fn freeze_and_report(&self) -> Result<()> {
        self.decide_waiting();
        let report = self.change(|memory| {
            tables::forget_proofs(&self.database, now())?;
            let frozen = memory.freeze_due(&self.database, now())?;
            let has_changed = memory.reportable() != self.reported.get();
            let mut next = self.next_report.get();
            let is_sent = next.is_sent(!frozen.is_empty(), has_changed, now());
            self.next_report.set(next);
            let report = is_sent.then(|| Report(report(memory, frozen)));
            Ok((memory.place.event_id.clone(), memory.reportable(), report))
        })?;
        let Some((event_id, reportable, report)) = report else {
            return Ok(());
        };
        if let Some(report) = report {
            match objects::within_limit(self.objects.coordinator(&event_id, report)).await {
                Ok(Heard::Noted | Heard::NoEvent) => self.reported.set(reportable),
                Err(error) => console_error!("a shard could not report: {error}"),
            }
        }
        self.loaded()?.as_ref().map_or(Ok(()), |memory| self.arm(memory))?;
        self.forget_identifiers()
    }
}

fn report(memory: &ShardMemory, frozen: Vec<(Draw, ShardTickets)>) -> ShardReport {
    let draw_report = |is_frozen| {
        move |(draw, tickets)| DrawReport {
            draw,
            is_frozen,
            tickets,
        }
    };
    let open = memory.open.iter().map(|(&draw, tickets)| (draw, tickets.clone()));
    let frozen = frozen.into_iter().map(draw_report(true));
    ShardReport {
        shard: memory.place.shard,
        joined: memory.joined,
        scores: memory.scores.clone(),
        draws: frozen.chain(open.map(draw_report(false))).collect(),
        heard_at: UnixMillis(0), // the coordinator's to say
    }
}
