//! The meter of a protected site: the rule of the shop's origin, by what shards say of sessions and
//! gates of the site's answers.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

use super::{
    AnswerCounts, Brake, BrakeCause, BrakeLimits, HEADROOM_SECONDS, LineReading, MeterHistory, MeterLimits,
    MeterReading, ON_THEIR_WAY_MS, SiteAnswers, Stock, decide,
};
use crate::{
    schedule::{LEASE_MS, Rate},
    timestamp::UnixMillis,
};

/// A site is metered this often, in ms.
pub const METER_EVERY_MS: u64 = 1_000;
/// So long after a session began shards have told the coordinator of it, in ms.
const TOLD_AFTER_MS: u64 = 2_000;
/// Counts of sessions that are remembered at most: as many seconds as a fan can be on the way.
const MOST_COUNTS: usize = 128;

/// The limits of a site, as its event's policy has them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteLimits {
    /// Most places per second.
    pub most_per_second: Rate,
    /// Most sessions at once.
    pub at_once: u32,
    /// When the site counts as overloaded.
    pub brake: BrakeLimits,
    /// Fans that are called beyond the room, where sessions need slots ([`crate::room`]).
    pub called_ahead: u32,
}

/// What is known of a site and its queue at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteReading {
    /// How far the line is.
    pub line: LineReading,
    /// Places left to serve.
    pub waiting: u64,
    /// Sessions that ever began with a turn.
    pub begun: u64,
    /// Sessions that run.
    pub active: u64,
    /// Fans whose turn has come, and who wait for a free slot.
    pub wait_for_slot: u64,
    /// What gates counted, all together, since somebody began to add it up.
    pub answers: SiteAnswers,
    /// The rate in force.
    pub rate: Rate,
}

/// What the meter decides.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SiteDecision {
    /// Places per second.
    pub rate: Rate,
    /// How long the rate may hold if nobody meters again, in ms: as long as it takes to use up the
    /// room that there is.
    pub lease_ms: u64,
}

/// What an admin sees of the meter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteMeterReport {
    /// The rate that was decided last.
    pub rate_per_second: Rate,
    /// Sessions that run.
    pub active: u64,
    /// Fans who were let in, or will be within two seconds, and are not in yet. They count as
    /// sessions.
    pub on_their_way: u32,
    /// Most sessions at once at present: `at_once`, or less while the site is braked.
    pub most_at_once: u32,
    /// Why it is less.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub braked_by: Option<BrakeCause>,
    /// How the site answered in the last seconds ([`super::BRAKE_LOOK_MS`]).
    pub answers: AnswerCounts,
}

/// What was known at one instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct SessionCount {
    at: UnixMillis,
    /// Places served.
    served: u64,
    /// Sessions that had begun.
    begun: u64,
}

/// The meter of one site. It is stored with the event, so that a restart forgets nothing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SiteMeter {
    history: MeterHistory,
    brake: Brake,
    /// Oldest first.
    counts: VecDeque<SessionCount>,
    /// The gates' counts that were judged already.
    judged: SiteAnswers,
}

impl SiteLimits {
    /// The rate while nobody is in or on the way.
    #[must_use]
    pub fn first_rate(&self) -> Rate {
        let by_room = Rate::from_milli(u64::from(self.at_once) * 1_000 / HEADROOM_SECONDS);
        self.most_per_second.min(by_room)
    }
}

impl SiteMeter {
    /// A meter that begins while `rate` is in force.
    #[must_use]
    pub fn new(rate: Rate) -> SiteMeter {
        SiteMeter {
            history: MeterHistory::new(rate),
            brake: Brake::default(),
            counts: VecDeque::new(),
            judged: SiteAnswers::default(),
        }
    }

    /// Decides the rate at `now`.
    pub fn decide(
        &mut self,
        limits: &SiteLimits,
        reading: &SiteReading,
        now: UnixMillis,
    ) -> (SiteDecision, SiteMeterReport) {
        let answers = reading.answers.since(self.judged);
        self.judged = reading.answers;
        self.brake.judge(&limits.brake, answers, reading.active, now);
        self.brake.turn_off_once_grown(limits.at_once, now);
        let limited = MeterLimits {
            most_per_second: limits.most_per_second,
            most_shoppers: self.brake.most_sessions(limits.at_once, now),
        };
        self.history.saw(now, reading.line);
        let seen = self.seen_lately(reading, self.history.long_called(now), now);
        let observed = MeterReading {
            shopping: u32::try_from(reading.active).unwrap_or(u32::MAX),
            on_their_way: self.history.on_their_way(now, seen, reading.waiting),
            stock: Stock::Uncounted,
            paused: false,
            rate: reading.rate,
        };
        // Who waits for a slot was called, and may have been so long ago.
        let wait_for_slot = u32::try_from(reading.wait_for_slot).unwrap_or(u32::MAX);
        let called = MeterReading {
            on_their_way: observed.on_their_way.saturating_add(wait_for_slot),
            ..observed
        };
        let to_call = MeterLimits {
            most_shoppers: limited.most_shoppers.saturating_add(limits.called_ahead),
            ..limited
        };
        let rate = decide(&to_call, &called).rate;
        self.history.put_rate(now, rate);
        let decision = SiteDecision {
            rate,
            lease_ms: lease_ms(called.headroom(&to_call), rate),
        };
        let report = SiteMeterReport {
            rate_per_second: rate,
            active: reading.active,
            on_their_way: observed.on_their_way,
            most_at_once: limited.most_shoppers,
            braked_by: self.brake.cause(),
            answers: self.brake.lately().sum(),
        };
        (decision, report)
    }

    /// Returns how many of the fans with places after `long_called` have surely begun their sessions.
    /// Shards count sessions without their places, so it is worked out from how many began when:
    /// - At most as many as began since the line was at `long_called`.
    /// - At least as many as began in all, less one session for each place up to `long_called`.
    /// - At least as many as began since [`ON_THEIR_WAY_MS`] ago, less the time until a shard tells of
    ///   a session: by then the sessions of the fans up to `long_called` were counted, if they asked in
    ///   time.
    ///
    /// In doubt fewer fans count as seen and more as on their way, which is the safe side.
    fn seen_lately(&mut self, reading: &SiteReading, long_called: u64, now: UnixMillis) -> u32 {
        self.counts.push_back(SessionCount {
            at: now,
            served: reading.line.served,
            begun: reading.begun,
        });
        let is_early = |counts: &VecDeque<SessionCount>| {
            let next = counts.get(1);
            next.is_some_and(|next| next.served <= long_called && next.at <= now.minus(ON_THEIR_WAY_MS))
        };
        while is_early(&self.counts) || self.counts.len() > MOST_COUNTS {
            self.counts.pop_front();
        }
        let since = |count: Option<&SessionCount>| {
            let before = count.map_or(reading.begun, |count| count.begun);
            reading.begun.saturating_sub(before)
        };
        let told_at = now.minus(ON_THEIR_WAY_MS - TOLD_AFTER_MS);
        let at_line = self.counts.iter().rev().find(|count| count.served <= long_called);
        let most = since(at_line.or(self.counts.front()));
        let later = since(self.counts.iter().find(|count| count.at >= told_at));
        let seen = reading.begun.saturating_sub(long_called).max(later).min(most);
        u32::try_from(seen).unwrap_or(u32::MAX)
    }
}

/// How long `rate` takes to use up the room, in ms, within what a lease may last.
fn lease_ms(headroom: u32, rate: Rate) -> u64 {
    let uses_up = (u64::from(headroom) * 1_000_000).checked_div(rate.milli());
    uses_up.unwrap_or(LEASE_MS.most).clamp(LEASE_MS.least, LEASE_MS.most)
}

#[cfg(test)]
mod tests;
