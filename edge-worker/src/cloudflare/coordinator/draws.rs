//! Shards declare the draws they have tickets in, and report how many tickets they have given.

use std::collections::btree_map::Entry;

use stanchion_shared::{
    ids::{Draw, Shard},
    timestamp::UnixMillis,
};
use worker::{Error, Result};

use super::{
    super::{
        messages::{Declare, Declared, Report},
        now,
    },
    Coordinator,
    tables::{self, EventMemory},
};
use crate::queue::{
    declaration::DeclarationOutcome, event::has_first_line, sessions::tell_every_ms, shard_reports::report_every_ms,
};

impl Coordinator {
    /// Lets a shard into a draw, unless that draw is closed or being closed. Once it is let in, the
    /// draw waits for it.
    pub(super) fn declare(&self, declare: Declare) -> Result<Option<Declared>> {
        let Declare {
            shard,
            draw,
            first_line,
        } = declare;
        self.change(|event| {
            check_shard(event, shard)?;
            let outcome = event.state.judge_declaration(draw);
            if outcome == DeclarationOutcome::Open {
                let shards = event.declared.entry(draw).or_default();
                if let Entry::Vacant(place) = shards.entry(shard) {
                    tables::save_declaration(&self.database, draw, shard)?;
                    place.insert(None);
                    self.arm(event, UnixMillis(0))?;
                }
                if first_line {
                    self.first_line_joins(event, draw)?;
                }
            }
            Ok(Declared {
                outcome,
                report_every_ms: report_every_ms(event.state.settings.shards),
                tell_every_ms: tell_every_ms(event.state.settings.shards),
                windows: event.state.settings.windows(),
            })
        })
    }

    /// Before the shard gives numbers to people of the first line: see
    /// [`EventState::first_line_joins`](crate::queue::event::EventState::first_line_joins).
    fn first_line_joins(&self, event: &mut EventMemory, draw: Draw) -> Result<()> {
        match event.state.knows_first_line_in(draw) {
            true => Ok(()),
            false => self.change_state(event, |state| state.first_line_joins(draw, now())),
        }
    }

    /// Stores what a shard reports of itself, as far as it is news. A draw that it has frozen by
    /// itself needs no question any more.
    pub(super) fn report(&self, Report(mut report): Report) -> Result<Option<()>> {
        report.heard_at = now();
        self.change(|event| {
            check_shard(event, report.shard)?;
            for one in report.draws.iter().filter(|one| one.is_frozen) {
                event.note_frozen(&self.database, one.draw, one.tickets.clone())?;
            }
            // A shard that declared a draw to an earlier version did not say who is in it.
            let first_line = report.draws.iter().filter(|one| has_first_line(&one.tickets));
            if let Some(draw) = first_line.map(|one| one.draw).max() {
                self.first_line_joins(event, draw)?;
            }
            let closed_through = event.state.progress.closed_through;
            report.forget_through(closed_through);
            let known = match event.reports.entry(report.shard) {
                Entry::Vacant(place) => place.insert(report),
                Entry::Occupied(known) => {
                    let known = known.into_mut();
                    known.forget_through(closed_through);
                    if !known.grow(report) {
                        return Ok(());
                    }
                    known
                }
            };
            tables::save_report(&self.database, known)
        })
    }
}

pub(super) fn check_shard(event: &EventMemory, shard: Shard) -> Result<()> {
    match event.state.has_shard(shard) {
        true => Ok(()),
        false => Err(Error::RustError(format!("the event has no shard {}", shard.0))),
    }
}
