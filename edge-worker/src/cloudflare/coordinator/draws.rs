//! Shards announce the draws they have tickets in, and report how many tickets they have given.

use std::collections::btree_map::Entry;

use stanchion_shared::{timestamp::UnixMillis, wire::PutEvent};
use worker::{Error, Result};

use super::{
    super::messages::{Announce, Announced, Report},
    Coordinator,
    tables::{self, Event},
};

/// A shard reports at most this often, in ms.
const REPORT_EVERY_MS: u64 = 2_000;
/// Reports of all shards together are at most this many a second.
const REPORTS_PER_SECOND: u64 = 32;

fn report_every_ms(put: &PutEvent) -> u64 {
    (u64::from(put.shards.get()) * 1_000 / REPORTS_PER_SECOND).max(REPORT_EVERY_MS)
}

impl Coordinator {
    /// Lets a shard into a draw, unless that draw is closed or being closed. Once it is let in, the draw waits for it.
    pub(super) fn announce(&self, announce: Announce) -> Result<Option<Announced>> {
        let Announce { shard, draw } = announce;
        self.change(|event| {
            check_shard(event, shard.0)?;
            let progress = &event.rules.progress;
            let refused_through = progress.closing.max(progress.closed_through);
            if let Some(frozen_through) = refused_through.filter(|&through| draw <= through) {
                return Ok(Announced::Refused { frozen_through });
            }
            let shards = event.announced.entry(draw).or_default();
            if let Entry::Vacant(place) = shards.entry(shard) {
                tables::save_announcement(&self.database, draw, shard)?;
                place.insert(None);
                self.arm(event, UnixMillis(0))?;
            }
            Ok(Announced::Open {
                report_every_ms: report_every_ms(&event.rules.put.put),
            })
        })
    }

    /// Notes how many tickets a shard has given, and its scores. Reports may overtake one another: the counts only grow.
    pub(super) fn report(&self, report: Report) -> Result<Option<()>> {
        let Report { shard, joined, scores } = report;
        self.change(|event| {
            check_shard(event, shard.0)?;
            let known = event.joined.entry(shard).or_default();
            if joined > *known {
                tables::save_joined(&self.database, shard, joined)?;
                *known = joined;
            }
            let known = event.scores.entry(shard).or_default();
            if scores.joins() > known.joins() {
                tables::save_scores(&self.database, shard, &scores)?;
                *known = scores;
            }
            Ok(())
        })
    }
}

/// A shard that the event does not have would be left out of every record's digest: its tickets must not come to be.
fn check_shard(event: &Event, shard: u16) -> Result<()> {
    if shard < event.rules.put.put.shards.get() {
        Ok(())
    } else {
        Err(Error::RustError(format!("the event has no shard {shard}")))
    }
}
