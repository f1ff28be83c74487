//! What shards tell the coordinator of themselves: how many tickets they have given, and how joins
//! were scored. On Cloudflare a shard sends its report; on Spin the store reads all of them.

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    ids::{Draw, Shard, ShardCount},
    score::counts::ScoreCounts,
    sessions::{NewestEnded, SessionTotals},
    timestamp::UnixMillis,
};

use super::shard_tickets::ShardTickets;

/// A shard reports this often at most, in ms.
pub(crate) const REPORT_EVERY_MS: u64 = 2_000;
/// All shards together report at most this often a second, where each report is a message of its
/// own.
const REPORTS_PER_SECOND: u64 = 32;
/// The rate of joins is measured over at least this long, in ms, where shards report one by one.
const RATE_OVER_MS: u64 = 2 * REPORT_EVERY_MS;

/// How often one of so many shards reports, in ms, where each report is a message of its own.
pub(crate) fn report_every_ms(shards: ShardCount) -> u64 {
    (u64::from(shards.get()) * 1_000 / REPORTS_PER_SECOND).max(REPORT_EVERY_MS)
}

/// When a shard that sends its reports sends the next one. Its alarm rings for other things, too.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct NextReport {
    /// `None`: nothing new is to be reported.
    at: Option<UnixMillis>,
}

impl NextReport {
    /// When there is one.
    pub(crate) fn at(self) -> Option<UnixMillis> {
        self.at
    }

    /// There is something new: it is reported `every_ms` later, unless a report is due sooner.
    pub(crate) fn soon(&mut self, every_ms: u64, now: UnixMillis) {
        self.at.get_or_insert(now.plus(every_ms));
    }

    /// Whether a report is sent at an alarm. A draw that the shard has just frozen is reported at once;
    /// that something else is new since the last report waits for its time.
    pub(crate) fn is_sent(&mut self, has_frozen: bool, has_changed: bool, now: UnixMillis) -> bool {
        let is_due = self.at.is_none_or(|at| at <= now);
        let is_sent = has_frozen || (has_changed && is_due);
        if is_sent || is_due {
            self.at = None;
        }
        is_sent
    }
}

/// What a shard has in a draw that is not closed, as far as it has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct DrawReport {
    pub(crate) draw: Draw,
    /// The shard gives no number in it any more.
    pub(crate) is_frozen: bool,
    pub(crate) tickets: ShardTickets,
}

/// What one shard says, over all draws.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ShardReport {
    pub(crate) shard: Shard,
    /// Tickets given.
    pub(crate) joined: u64,
    /// How joins were scored, the whole count.
    pub(crate) scores: ScoreCounts,
    /// What it has in draws that are not closed, in ascending order: what a draw enters if the shard
    /// is silent at its close.
    #[serde(default)]
    pub(crate) draws: Vec<DrawReport>,
    /// When the coordinator heard it.
    #[serde(default)]
    pub(crate) heard_at: UnixMillis,
}

impl ShardReport {
    /// Takes over the counts of a report that are larger than the known ones: counts only grow, and
    /// reports may overtake one another. Returns whether any was.
    pub(crate) fn grow(&mut self, report: ShardReport) -> bool {
        let (has_joined, was_scored) = (report.joined > self.joined, report.scores.joins() > self.scores.joins());
        let mut has_grown = has_joined || was_scored;
        for one in report.draws {
            match self.draws.iter_mut().find(|known| known.draw == one.draw) {
                Some(known) if known.tickets.count() >= one.tickets.count() => {}
                Some(known) => {
                    *known = one;
                    has_grown = true;
                }
                None => {
                    self.draws.push(one);
                    has_grown = true;
                }
            }
        }
        self.heard_at = self.heard_at.max(report.heard_at);
        if has_joined {
            self.joined = report.joined;
        }
        if was_scored {
            self.scores = report.scores;
        }
        has_grown
    }

    /// Forgets draws that are closed.
    pub(crate) fn forget_through(&mut self, closed_through: Option<Draw>) {
        self.draws.retain(|one| Some(one.draw) > closed_through);
    }
}

/// What all shards last said, together.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ReportTotals {
    /// Tickets given.
    pub(crate) joined: u64,
    pub(crate) scores: ScoreCounts,
    /// Scored joins a second, see [`joins_per_second`].
    pub(crate) joins_per_second: u64,
    /// Shopping sessions; told apart from the reports.
    pub(crate) sessions: SessionTotals,
    /// The last of those that ended early.
    pub(crate) ended: NewestEnded,
    /// Slots that were given, and whose sessions are not among the counts.
    pub(crate) slots_given: u64,
    /// Fans whose turn has come, and who lately found no slot free.
    pub(crate) wait_for_slot: u64,
}

impl ReportTotals {
    /// Sessions that run, and those that are about to begin.
    pub(crate) fn active(&self) -> u64 {
        self.sessions.active().saturating_add(self.slots_given)
    }

    /// The sums; the rate is to be measured by the caller.
    pub(crate) fn of<'a>(reports: impl IntoIterator<Item = &'a ShardReport>) -> ReportTotals {
        let mut totals = ReportTotals::default();
        for report in reports {
            totals.joined += report.joined;
            totals.scores.merge(&report.scores);
        }
        totals
    }
}

/// How many joined a second between two counts; less than a second between them counts as a second.
pub(crate) fn joins_per_second(earlier: (u64, UnixMillis), now: (u64, UnixMillis)) -> u64 {
    let elapsed_ms = now.1.since(earlier.1).max(1_000);
    now.0.saturating_sub(earlier.0).saturating_mul(1_000) / elapsed_ms
}

/// The rate of joins where shards report one by one, each in its own time. A restart measures anew.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct JoinRate {
    /// Scored joins, and when they were counted; the beginning of 1970 before the first count.
    counted: (u64, UnixMillis),
    per_second: u64,
}

impl JoinRate {
    /// The rate at `now`, while `joins` are known: the last one until it is old enough to measure
    /// the next.
    pub(crate) fn measure(&mut self, joins: u64, now: UnixMillis) -> u64 {
        if now.since(self.counted.1) >= RATE_OVER_MS {
            let has_before = self.counted.1 > UnixMillis(0);
            let counted = (joins, now);
            self.per_second = if has_before {
                joins_per_second(self.counted, counted)
            } else {
                0
            };
            self.counted = counted;
        }
        self.per_second
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pace_of_joins_is_counted_over_a_second_or_longer() {
        let pace = |joins, at| joins_per_second((1_000, UnixMillis(10_000)), (joins, UnixMillis(at)));
        assert_eq!(pace(9_000, 10_500), 8_000);
        assert_eq!(pace(9_000, 14_000), 2_000);
        assert_eq!(pace(900, 18_000), 0);
    }

    #[test]
    fn the_first_count_after_a_start_has_nothing_to_compare_with() {
        let mut rate = JoinRate::default();
        assert_eq!(rate.measure(8_000, UnixMillis(100_000)), 0);
        assert_eq!(rate.measure(9_000, UnixMillis(101_000)), 0, "too soon");
        assert_eq!(rate.measure(16_000, UnixMillis(104_000)), 2_000);
        assert_eq!(rate.measure(99_000, UnixMillis(105_000)), 2_000, "too soon again");
    }

    #[test]
    fn a_report_that_was_overtaken_changes_nothing() {
        let report = |joined, scored| {
            let mut scores = ScoreCounts::default();
            scores.add("tier.human", scored);
            let shard = Shard(3);
            ShardReport {
                shard,
                joined,
                scores,
                draws: Vec::new(),
                heard_at: UnixMillis(0),
            }
        };
        let mut known = report(5, 5);
        assert!(!known.grow(report(4, 4)));
        assert_eq!(known, report(5, 5));
        assert!(known.grow(report(6, 5)));
        assert!(known.grow(report(5, 7)));
        assert_eq!(known, report(6, 7));
        let totals = ReportTotals::of([&known, &report(1, 1)]);
        assert_eq!((totals.joined, totals.scores.joins()), (7, 8));
    }

    #[test]
    fn what_a_shard_has_in_a_draw_only_grows_until_the_draw_is_closed() {
        let report = |humans: &[u32]| {
            let draws = humans.iter().zip(0..).map(|(&humans, draw)| {
                let mut tickets = ShardTickets::none(Shard(3));
                tickets.frozen.counts = [0, humans, 0];
                DrawReport {
                    draw: Draw(draw),
                    is_frozen: false,
                    tickets,
                }
            });
            ShardReport {
                shard: Shard(3),
                joined: 9,
                scores: ScoreCounts::default(),
                draws: draws.collect(),
                heard_at: UnixMillis(7),
            }
        };
        let mut known = report(&[5]);
        assert!(!known.grow(report(&[4])) && !known.grow(report(&[5])));
        assert!(known.grow(report(&[4, 0])), "another draw");
        assert!(known.grow(report(&[6, 1])));
        assert_eq!(known, report(&[6, 1]));
        known.forget_through(Some(Draw(0)));
        assert_eq!(known.draws, report(&[6, 1]).draws[1..]);
    }

    #[test]
    fn an_alarm_that_rings_for_something_else_brings_no_report_forward() {
        let (now, mut next) = (UnixMillis(100_000), NextReport::default());
        next.soon(2_000, now);
        // The coordinator is told of sessions, say, and joins go on meanwhile.
        for ms in (0..2_000).step_by(100) {
            next.soon(2_000, now.plus(ms));
            assert!(!next.is_sent(false, true, now.plus(ms)), "after {ms} ms");
            assert_eq!(next.at(), Some(now.plus(2_000)), "nor does it put it off");
        }
        assert!(next.is_sent(false, true, now.plus(2_000)));
        assert_eq!(next.at(), None);
        next.soon(2_000, now);
        assert!(!next.is_sent(false, false, now.plus(2_000)), "nothing is new any more");
        assert_eq!(next.at(), None);
    }

    #[test]
    fn a_draw_that_was_frozen_is_reported_at_once_with_what_else_is_new() {
        let (now, mut next) = (UnixMillis(100_000), NextReport::default());
        next.soon(2_000, now);
        assert!(next.is_sent(true, true, now.plus(1)));
        assert_eq!(next.at(), None);
    }

    #[test]
    fn many_shards_report_seldom() {
        let every = |shards| report_every_ms(ShardCount::new(shards).unwrap());
        assert_eq!([every(1), every(64), every(1_024)], [2_000, 2_000, 32_000]);
    }
}
