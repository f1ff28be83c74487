//! The store reads what shards say of themselves: how many have joined, in which epoch they are,
//! and what they have in draws that are not closed. It is done with the snapshot, every two
//! seconds, so that joins need not report.
//!
//! After a coordinator's data began a new epoch it may have forgotten what shards declared. So no
//! draw is closed before all shards have reported again, or have been silent for long. What a shard
//! that does not answer said before stays known: with that a draw enters it.

use std::collections::BTreeMap;

use futures_util::future::join_all;
use stanchion_shared::{
    epochs::{DrawEpochs, ShardEpochs},
    ids::{Draw, EventId, Shard},
    score::counts::ScoreCounts,
};

use super::{
    Store,
    command::{Redis, Script, plain, run, script},
    coordinator::{json, or_minus_one},
    keys::{CoordinatorKeys, ShardKeys},
    read_event::ReadEvent,
    reply::Reply,
    sessions::read_report,
    tickets::read_tickets,
};
use crate::{
    platform::StoreError,
    queue::{
        event::has_first_line,
        sessions::SessionReport,
        shard_reports::{DrawReport, REPORT_EVERY_MS, ReportTotals, ShardReport, joins_per_second},
    },
};

static REPORT: Script = script!("redis.lua", "shard/shard.lua", "shard/sessions.lua", "shard/report.lua");
static NOTE_REPORTS: Script = script!(
    "redis.lua",
    "coordinator/coordinator.lua",
    "coordinator/note_reports.lua"
);

/// Where a shard has not reported since the coordinator's epoch began, shards are asked this often, in
/// ms.
const REPORT_AGAIN_MS: u64 = 250;

/// Shards that are asked at once.
pub(super) const SHARDS_AT_ONCE: usize = 64;

/// A shard's report, with what a store that may be restored has to know besides.
struct FullReport {
    report: ShardReport,
    epochs: ShardEpochs,
    sessions: SessionReport,
}

impl ReadEvent {
    /// Whether shards have to report now.
    pub(super) fn reports_are_due(&self) -> bool {
        let every_ms = match self.all_reported {
            true => REPORT_EVERY_MS,
            false => REPORT_AGAIN_MS,
        };
        self.now.since(self.reported_at) >= every_ms
    }
}

impl<R: Redis> Store<'_, R> {
    /// What shards last reported in the coordinator's present epoch.
    pub(super) async fn last_reports(&self, event: &EventId) -> Result<BTreeMap<Shard, ShardReport>, StoreError> {
        let key = CoordinatorKeys::new(event).key("reports");
        let mut reply = plain(self.redis, "HVALS", &[key.as_bytes()]).await?;
        let mut reports = BTreeMap::new();
        while !reply.is_empty() {
            let report: ShardReport = reply.json()?;
            reports.insert(report.shard, report);
        }
        Ok(reports)
    }

    /// Reads the reports of all shards and stores them. A shard that does not answer holds up none of
    /// the others.
    pub(super) async fn collect_reports(&self, event: &EventId, read: &ReadEvent) -> Result<(), StoreError> {
        let shards: Vec<Shard> = read.state.settings.shards.all().collect();
        let mut all = Vec::with_capacity(shards.len());
        let mut reports = self.last_reports(event).await?;
        for some in shards.chunks(SHARDS_AT_ONCE) {
            let asked = some.iter().map(|&shard| self.read_report(event, shard, read));
            for (shard, answered) in some.iter().zip(join_all(asked).await) {
                match answered {
                    Ok(full) => all.push(full),
                    Err(error) => eprintln!("shard {} of {event} does not report: {error}", shard.0),
                }
            }
        }
        reports.extend(all.iter().map(|full| (full.report.shard, full.report.clone())));
        let totals = ReportTotals::of(reports.values());
        let mut arguments = vec![self.candidate()];
        let numbers = [
            u64::from(read.epoch),
            read.epochs_revision,
            totals.joined,
            all.len() as u64,
        ];
        arguments.extend(numbers.map(|number| number.to_string().into_bytes()));
        arguments.push(json(&totals.scores));
        let before = (read.reported.scores.joins(), read.reported_at);
        let rate = joins_per_second(before, (totals.scores.joins(), read.now));
        arguments.push(json(&rate));
        for full in &all {
            let shard = full.epochs.shard.0.to_string().into_bytes();
            arguments.extend([shard, json(&full.epochs), json(&full.report)]);
        }
        for full in &all {
            for one in &full.report.draws {
                let both = [one.draw.0.to_string(), full.epochs.shard.0.to_string()];
                arguments.extend(both.map(String::into_bytes));
            }
        }
        // A restored coordinator may have forgotten, and an earlier version was not told, in which draws
        // people of the first line are.
        let in_draws = all.iter().flat_map(|full| &full.report.draws);
        let first_line = in_draws
            .filter(|one| has_first_line(&one.tickets))
            .map(|one| one.draw)
            .max();
        if let Some(draw) = first_line.filter(|draw| !read.state.knows_first_line_in(*draw)) {
            self.change_event(event, |state, read| state.first_line_joins(draw, read.stamp()))
                .await?;
        }
        let keys = CoordinatorKeys::new(event).with(&[]);
        run(self.redis, &NOTE_REPORTS, &keys, arguments).await?.done()?;
        let sessions: Vec<SessionReport> = all.into_iter().map(|full| full.sessions).collect();
        self.tell_sessions(event, &sessions).await
    }

    async fn read_report(&self, event: &EventId, shard: Shard, read: &ReadEvent) -> Result<FullReport, StoreError> {
        let keys = ShardKeys::new(event, shard).with(&["frozen", "carried", "sessions", "ended", "told"]);
        let arguments = vec![
            self.candidate(),
            or_minus_one(read.state.progress.closed_through),
            read.epoch.to_string().into_bytes(),
        ];
        let mut reply = run(self.redis, &REPORT, &keys, arguments).await?;
        let epoch = reply.number()?;
        let mut report = ShardReport {
            shard,
            joined: reply.number()?,
            scores: scores(&mut reply)?,
            draws: Vec::new(),
            heard_at: read.now,
        };
        let sessions = read_report(shard, &mut reply)?;
        let draws = Vec::new();
        let mut epochs = ShardEpochs { shard, epoch, draws };
        while !reply.is_empty() {
            let draw = Draw(reply.number()?);
            let tickets = read_tickets(shard, &mut reply)?;
            let is_frozen = reply.done()?;
            // Where all tickets are of the present epoch there is nothing to judge.
            if tickets.epochs.iter().any(|start| start.epoch != epoch) {
                epochs.draws.push(DrawEpochs {
                    draw,
                    counts: tickets.frozen.counts,
                    epochs: tickets.epochs.clone(),
                });
            }
            report.draws.push(DrawReport {
                draw,
                is_frozen,
                tickets,
            });
        }
        report.draws.sort_unstable_by_key(|one| one.draw);
        Ok(FullReport {
            report,
            epochs,
            sessions,
        })
    }
}

fn scores(reply: &mut Reply) -> Result<ScoreCounts, StoreError> {
    let mut scores = ScoreCounts::default();
    for _ in 0..reply.number::<u32>()? {
        let counter = reply.text()?;
        scores.add(&counter, reply.number()?);
    }
    Ok(scores)
}
