//! The event, as its one coordinator keeps it: what the first put fixed, what later puts change,
//! and how far draws are closed. Pure: a runtime reads the event, the clock and what shards said,
//! and writes what has changed, all or nothing.
//!
//! # Layout
//! - this file: the parts of the event, its puts, and the snapshot that edges read;
//! - [`settings`]: which settings a put may not change;
//! - [`curve`]: what the settings say of the curve;
//! - [`lease`]: what keeps the curve going;
//! - [`meter`]: how fast people come into a protected site;
//! - [`room`]: how much room there is for people without a turn;
//! - [`second_line`]: when suspects move up.
//!
//! How draws are closed is in [`super::closing`].

mod curve;
mod lease;
mod meter;
mod room;
mod second_line;
mod settings;

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::chain::SecretChain,
    epochs::Epochs,
    event_settings::EventSettings,
    ids::{Bytes32, Draw, EventId, EventKey},
    schedule::{Rate, Schedule, ScheduleChange},
    snapshot::{FrozenTickets, Snapshot},
    timestamp::UnixMillis,
    wire::{PutAccepted, PutEvent, PutRelease},
};

use super::{Attempt, closing::MissedDraw, shard_reports::ReportTotals};
use crate::platform::PutOutcome;
use lease::LeaseHolder;
use meter::MeterState;
pub(crate) use second_line::{SecondLineProgress, has_first_line, is_first_line};

/// What the first put fixed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct EventConstants {
    pub(crate) event_id: EventId,
    /// The queue opened with the first put.
    pub(crate) opened_at: UnixMillis,
    pub(crate) key: EventKey,
    pub(crate) commitment: Bytes32,
}

/// What changes while the event runs: every accepted put writes it, every answer of a protected site
/// that is asked for its health, and every decision of the site's meter.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct LiveState {
    pub(crate) version: u64,
    /// The operation that brought this version, and what it was answered.
    pub(crate) attempt: Option<Attempt>,
    pub(crate) effective_at: UnixMillis,
    pub(crate) lease_until: Option<UnixMillis>,
    pub(crate) paused: bool,
    pub(crate) sold_out: bool,
    /// The longest shopping session that the settings ever allowed, in ms: sessions of that length
    /// may still run.
    pub(crate) longest_shopping_ms: u64,
    /// When a protected site that is asked for its health last said that it is well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) site_well_at: Option<UnixMillis>,
    /// When it was asked last it was not. Only where a meter decides.
    #[serde(default, skip_serializing_if = "is_false")]
    pub(crate) site_is_ill: bool,
    /// Most shopping sessions at once, as the origin put it with its last release.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) at_once: Option<u32>,
    /// The meter of a protected site, once it has decided.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    meter: Option<MeterState>,
}

fn is_false(value: &bool) -> bool {
    !value
}

/// How far draws are closed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct ClosingProgress {
    /// Draws up to this one are being closed: nothing is declared up to it any more.
    pub(crate) closing: Option<Draw>,
    /// Everything up to this draw is closed, draws without tickets included.
    pub(crate) closed_through: Option<Draw>,
    /// The last draw that has a record.
    pub(crate) last_closed: Option<Draw>,
    pub(crate) draws_closed: u32,
    /// The last place of the first line, or of suspects who have moved up before it for good.
    pub(crate) last_place: u64,
    /// Hash of the last record, zeros before the first.
    pub(crate) last_hash: Bytes32,
    /// The draw that waits for its beacon's round, with all its shards frozen.
    #[serde(default)]
    pub(crate) frozen: Option<FrozenTickets>,
    /// Every shard is frozen in all that was declared up to this draw. Noted only while a draw
    /// waits for its beacon.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) frozen_through: Option<Draw>,
    /// When declarations ended for the first draw of those that are being closed.
    #[serde(default)]
    pub(crate) closing_since: UnixMillis,
    /// Draws that are closed without the answer of a shard, until the shard has learnt it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) missed: Vec<MissedDraw>,
    #[serde(default, skip_serializing_if = "SecondLineProgress::is_empty")]
    pub(crate) second_line: SecondLineProgress,
}

impl ClosingProgress {
    const START: ClosingProgress = ClosingProgress {
        closing: None,
        closed_through: None,
        last_closed: None,
        draws_closed: 0,
        last_place: 0,
        last_hash: Bytes32([0; 32]),
        frozen: None,
        frozen_through: None,
        closing_since: UnixMillis(0),
        missed: Vec::new(),
        second_line: SecondLineProgress {
            drawn: 0,
            moved_up: 0,
            first_line_in: None,
        },
    };
}

/// The event, but for what shards tell of themselves.
#[derive(Clone, PartialEq)]
pub(crate) struct EventState {
    pub(crate) constants: EventConstants,
    /// As the origin put them last.
    pub(crate) settings: EventSettings,
    pub(crate) live: LiveState,
    pub(crate) progress: ClosingProgress,
    pub(crate) schedule: Schedule,
}

/// The secrets of a new event.
pub(crate) struct EventSecrets {
    /// One secret for each draw.
    pub(crate) chain: SecretChain,
    /// The key that makes tags.
    pub(crate) key: EventKey,
}

impl EventSecrets {
    /// From unpredictable bytes. It takes a million hashes.
    pub(crate) fn generate(chain: Bytes32, key: Bytes32) -> EventSecrets {
        EventSecrets {
            chain: SecretChain::generate(chain),
            key: EventKey(key),
        }
    }
}

/// Whether there may be tickets in draws that are not closed: a shard has declared one, or what
/// was declared is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpenTickets {
    /// There are none.
    None,
    /// There may be some.
    Possible,
}

impl EventState {
    /// A new event, by its first put.
    pub(crate) fn create(
        event_id: EventId,
        put: PutEvent,
        attempt: Attempt,
        secrets: &EventSecrets,
        opened_at: UnixMillis,
    ) -> EventState {
        let constants = EventConstants {
            event_id,
            opened_at,
            key: secrets.key.clone(),
            commitment: secrets.chain.commitment(),
        };
        EventState::with_constants(constants, put, attempt)
    }

    pub(super) fn with_constants(constants: EventConstants, put: PutEvent, attempt: Attempt) -> EventState {
        let PutEvent { version, settings } = put;
        let opened_at = constants.opened_at;
        let mut event = EventState {
            constants,
            live: LiveState {
                version,
                attempt: Some(attempt),
                longest_shopping_ms: settings.longest_session_ms(),
                ..LiveState::default()
            },
            settings,
            progress: ClosingProgress::START,
            schedule: Schedule::default(),
        };
        event.live.effective_at = event.schedule.change(event.curve(opened_at), opened_at);
        event.hand_lease_over(LeaseHolder::Nobody, opened_at);
        event
    }

    /// The same operation again gets the same answer; an older or equal version of another is
    /// refused.
    fn judge_version(&self, attempt: Attempt, version: u64) -> Option<PutOutcome> {
        if self.live.attempt == Some(attempt) {
            return Some(self.accepted());
        }
        (version <= self.live.version).then_some(PutOutcome::Stale {
            last: self.live.version,
        })
    }

    /// The answer to the last put.
    pub(crate) fn accepted(&self) -> PutOutcome {
        PutOutcome::Accepted(PutAccepted {
            version: self.live.version,
            effective_at: self.live.effective_at,
        })
    }

    /// A put of the event.
    pub(crate) fn put_event(
        &mut self,
        put: &PutEvent,
        attempt: Attempt,
        open_tickets: OpenTickets,
        now: UnixMillis,
    ) -> PutOutcome {
        if let Some(outcome) = self.judge_version(attempt, put.version) {
            return outcome;
        }
        if let Some(sentence) = settings::refusal(&self.settings, &put.settings, open_tickets, now) {
            return PutOutcome::Fixed(sentence);
        }
        let before = std::mem::replace(&mut self.settings, put.settings.clone());
        // The lease first: a stop that it ends must be in the curve before the curve goes on.
        self.hand_lease_over(LeaseHolder::of(&before), now);
        self.outdate_meter();
        let curve = self.curve(now);
        let change = ScheduleChange {
            rate: curve.rate.or(self.rate_after_put(now)),
            ..curve
        };
        let effective_at = self.schedule.change(change, now);
        self.live.longest_shopping_ms = self.live.longest_shopping_ms.max(put.settings.longest_session_ms());
        self.live.version = put.version;
        self.live.attempt = Some(attempt);
        self.live.effective_at = effective_at;
        self.accepted()
    }

    /// A put of the release.
    pub(crate) fn put_release(&mut self, put: &PutRelease, attempt: Attempt, now: UnixMillis) -> PutOutcome {
        if let Some(outcome) = self.judge_version(attempt, put.version) {
            return outcome;
        }
        if self.settings.policy.release.is_some() {
            return PutOutcome::Fixed(
                "This event has a release in its policy: the edge decides the rate, and takes no releases.".to_owned(),
            );
        }
        let rate = if put.paused { Rate::ZERO } else { put.rate_per_second };
        let change = ScheduleChange {
            rate: Some(rate),
            ..self.curve(now)
        };
        // The lease first, as above.
        if LeaseHolder::of(&self.settings) == LeaseHolder::Origin {
            self.schedule.renew(put.lease_ms, now);
        }
        let effective_at = self.schedule.change(change, now);
        self.live = LiveState {
            version: put.version,
            attempt: Some(attempt),
            effective_at,
            lease_until: self.schedule.lease_until(),
            paused: put.paused,
            sold_out: put.sold_out,
            longest_shopping_ms: self.live.longest_shopping_ms,
            // Without a release in the policy there is no protected site.
            site_well_at: None,
            site_is_ill: false,
            at_once: put.at_once,
            meter: None,
        };
        self.accepted()
    }

    /// The event as edges know it.
    pub(crate) fn snapshot(&self, reported: ReportTotals, epochs: Epochs, now: UnixMillis) -> Snapshot {
        let progress = &self.progress;
        Snapshot {
            as_of: now,
            event_id: self.constants.event_id.clone(),
            settings: self.settings.clone(),
            version: self.live.version,
            commitment: self.constants.commitment,
            // Shards report late; what a record has counted is known at once.
            joined: reported.joined.max(progress.drawn()),
            draws_closed: progress.draws_closed,
            last_closed: progress.last_closed,
            last_place: self.schedule.last_place(),
            in_second_line: self.in_second_line(),
            schedule: self.schedule.live_part(now, self.live.longest_shopping_ms),
            paused: self.live.paused,
            sold_out: self.live.sold_out,
            epochs,
            scores: reported.scores,
            joins_per_second: reported.joins_per_second,
            frozen: progress.frozen,
            missing: self.missing_shards(),
            meter: self.meter_report(),
            sessions: reported.sessions,
            ended: reported.ended,
            at_once: self.live.at_once,
        }
    }
}
