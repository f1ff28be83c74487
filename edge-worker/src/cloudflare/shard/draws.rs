//! Freezing a draw, reading its log, and reporting how many have joined.

use stanchion_shared::{draw::digest::FrozenShard, identity::Draw};
use worker::{Result, console_error};

use super::{
    super::{
        messages::{Freeze, HexLog, Report},
        now, objects,
    },
    Shard,
    tables::{self, Memory},
};

impl Shard {
    /// Ends a draw here. Joins from now on are in a later one, so the answer is the same for ever, and it leaves the object
    /// only when everything that it counts is on disk.
    pub(super) fn freeze(&self, freeze: Freeze) -> Result<FrozenShard> {
        let frozen = self.change(|memory| {
            memory.freeze_through(&self.database, freeze.draw)?;
            tables::load_draw(&self.database, freeze.draw)
        })?;
        // A shard that announced itself and crashed before it wrote anything has nothing to remember: it asks again before
        // it gives a number, and is refused.
        Ok(frozen.flatten().unwrap_or_else(|| tables::nothing_of(freeze.shard)))
    }

    /// The public log of a frozen draw.
    pub(super) fn log(&self, draw: Draw) -> Result<Option<HexLog>> {
        let slot = self.loaded()?;
        if slot.as_ref().is_none_or(|memory| memory.frozen_through < Some(draw)) {
            return Ok(None);
        }
        let tickets = tables::load_draw(&self.database, draw)?;
        let count = tickets.map_or(0, |tickets| tickets.counts.iter().copied().map(u64::from).sum());
        tables::load_log(&self.database, draw, count).map(Some)
    }

    /// Sets the alarm for the next report, if there is something to tell. Never on a join's own way.
    pub(super) fn arm(&self, memory: &Memory) -> Result<()> {
        if memory.told() == self.reported.get() {
            return Ok(());
        }
        self.arm_soon(memory)
    }

    /// Sets the alarm for the time of the next report, unless it is set.
    pub(super) fn arm_soon(&self, memory: &Memory) -> Result<()> {
        if !self.will_report.replace(true) {
            self.database.set_alarm(now().plus(memory.place.report_every_ms))?;
        }
        Ok(())
    }

    /// On the alarm: tells the coordinator how many have joined, if it does not know, and forgets what nobody needs any more.
    /// A report that fails is made again later; the count in it is the whole count.
    pub(super) async fn report(&self) -> Result<()> {
        self.will_report.set(false);
        let told = self.change(|memory| {
            tables::forget_proofs(&self.database, now())?;
            let report = Report {
                shard: memory.place.shard,
                joined: memory.joined,
                scores: memory.scores.clone(),
            };
            Ok((memory.place.event_id.clone(), memory.told(), report))
        })?;
        let Some((event_id, told, report)) = told else {
            return Ok(());
        };
        if told != self.reported.get() {
            match objects::patiently(self.objects.coordinator(&event_id, report)).await {
                Ok(()) => self.reported.set(told),
                Err(error) => console_error!("a shard could not report: {error}"),
            }
        }
        self.loaded()?.as_ref().map_or(Ok(()), |memory| self.arm(memory))?;
        self.forget_sightings()
    }
}
