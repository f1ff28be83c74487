//! What the one coordinator of an event decides: what a put changes, what closing a draw does. Pure: the runtime's store
//! brings the event, the clock and what shards said, and keeps what has changed, all or nothing.

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::{
        beacon::VerifiedRound,
        digest::{self, FrozenShard},
        membership::Windows,
        record::{ClosingDraw, DrawRecord, SignedRecord},
    },
    identity::{Bytes32, Draw, EventId, EventKey, Shard},
    jose::SigningKeys,
    lives::{Life, Lives},
    policy::BeaconPolicy,
    schedule::{Change, EFFECT_DELAY_MS, Rate, Schedule},
    standing::{FrozenTickets, Snapshot},
    timestamp::UnixMillis,
    wire::{FIXED_BEFORE_ON_SALE_MS, PutAccepted, PutEvent, PutRelease},
};

use crate::platform::PutOutcome;

/// Marks one operation. The sending side repeats an operation whose answer was lost with the same mark, and the store then
/// answers as it did, instead of refusing what it has done already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(crate) struct Attempt(pub(crate) u64);

/// What the first put fixed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Fixed {
    pub(crate) event_id: EventId,
    /// The queue opened with the first put.
    pub(crate) opened_at: UnixMillis,
    pub(crate) key: EventKey,
    pub(crate) commitment: Bytes32,
}

/// What the last put of the event said.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Put {
    pub(crate) put: PutEvent,
    /// The longest there ever was: windows of that length may still run.
    pub(crate) longest_shopping_ms: u64,
}

/// What every accepted put writes.
#[derive(Clone, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct Pulse {
    pub(crate) version: u64,
    /// The operation that brought this version, and what it was answered.
    pub(crate) attempt: Option<Attempt>,
    pub(crate) effective_at: UnixMillis,
    pub(crate) lease_until: Option<UnixMillis>,
    pub(crate) paused: bool,
    pub(crate) sold_out: bool,
}

/// How far draws are closed.
#[derive(Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Progress {
    /// Draws up to this one are being closed: nothing is announced up to it any more.
    pub(crate) closing: Option<Draw>,
    /// Everything up to this draw is closed, draws without tickets included.
    pub(crate) closed_through: Option<Draw>,
    /// The last draw that has a record.
    pub(crate) last_closed: Option<Draw>,
    pub(crate) draws_closed: u32,
    pub(crate) last_place: u64,
    /// Hash of the last record, zeros before the first.
    pub(crate) last_hash: Bytes32,
    /// The draw whose shards are frozen and whose beacon's round is not out yet.
    #[serde(default)]
    pub(crate) frozen: Option<FrozenTickets>,
}

impl Progress {
    const START: Progress = Progress {
        closing: None,
        closed_through: None,
        last_closed: None,
        draws_closed: 0,
        last_place: 0,
        last_hash: Bytes32([0; 32]),
        frozen: None,
    };
}

/// The event, but for what shards told of themselves.
#[derive(Clone, PartialEq)]
pub(crate) struct Event {
    pub(crate) fixed: Fixed,
    pub(crate) put: Put,
    pub(crate) pulse: Pulse,
    pub(crate) progress: Progress,
    pub(crate) schedule: Schedule,
}

/// A draw whose shards are all frozen.
pub(crate) struct FrozenDraw {
    pub(crate) draw: Draw,
    /// In ascending order.
    pub(crate) shards: Vec<FrozenShard>,
    /// See [`DrawRecord::lives`].
    pub(crate) lives: Vec<(Shard, Life)>,
    pub(crate) secret: Bytes32,
    /// As [`Event::awaited`] asks.
    pub(crate) beacon: Option<VerifiedRound>,
}

/// The round of the beacon that a draw waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AwaitedRound {
    pub(crate) beacon: BeaconPolicy,
    pub(crate) round: u64,
    /// When it is out.
    pub(crate) at: UnixMillis,
}

/// The arrival windows that a put describes.
pub(crate) fn windows(put: &PutEvent) -> Windows {
    Windows {
        on_sale_time: put.on_sale_time,
        draw_window_ms: put.draw_window_ms,
    }
}

/// What a put of the event says of the curve. Its rate is the origin's meter's to say, unless the event has a fixed one.
fn curve_of(put: &PutEvent) -> Change {
    let rate = put
        .policy
        .release
        .map(|release| release.rate(put.turn_ms, put.shopping_ms));
    Change {
        turn_ms: Some(put.turn_ms),
        rate,
        ..Change::default()
    }
}

/// Whether anybody is in a draw with these shards.
pub(crate) fn has_tickets(shards: &[FrozenShard]) -> bool {
    shards.iter().any(|one| one.counts != [0; 3])
}

/// What the put would change of what is fixed.
fn judge_fixed(before: &PutEvent, put: &PutEvent, now: UnixMillis) -> Option<String> {
    if put.shards != before.shards {
        let shards = before.shards.get();
        return Some(format!("The first put fixed the number of shards at {shards}."));
    }
    if let Some(fixed) = put.policy.fixed_by(&before.policy) {
        return Some(fixed);
    }
    let fixed_from = before.on_sale_time.minus(FIXED_BEFORE_ON_SALE_MS);
    (windows(put) != windows(before) && now >= fixed_from).then(|| {
        format!("on_sale_time and draw_window_ms are fixed since {fixed_from}, 60 seconds before the on-sale.")
    })
}

impl Event {
    /// By its first put. The key and the secret behind the commitment must be unpredictable.
    pub(crate) fn create(fixed: Fixed, put: PutEvent, attempt: Attempt) -> Event {
        let mut schedule = Schedule::default();
        let effective_at = schedule.change(curve_of(&put), fixed.opened_at);
        Event {
            fixed,
            pulse: Pulse {
                version: put.version,
                attempt: Some(attempt),
                effective_at,
                ..Pulse::default()
            },
            put: Put {
                longest_shopping_ms: put.shopping_ms,
                put,
            },
            progress: Progress::START,
            schedule,
        }
    }

    /// The same operation again gets the same answer; an older or equal version of another is refused.
    fn judge_version(&self, attempt: Attempt, version: u64) -> Option<PutOutcome> {
        if self.pulse.attempt == Some(attempt) {
            return Some(self.accepted());
        }
        (version <= self.pulse.version).then_some(PutOutcome::Stale {
            last: self.pulse.version,
        })
    }

    /// What the last put was answered.
    pub(crate) fn accepted(&self) -> PutOutcome {
        PutOutcome::Accepted(PutAccepted {
            version: self.pulse.version,
            effective_at: self.pulse.effective_at,
        })
    }

    /// A put of the event.
    pub(crate) fn put_event(&mut self, put: &PutEvent, attempt: Attempt, now: UnixMillis) -> PutOutcome {
        if let Some(outcome) = self.judge_version(attempt, put.version) {
            return outcome;
        }
        if let Some(sentence) = judge_fixed(&self.put.put, put, now) {
            return PutOutcome::Fixed(sentence);
        }
        let mut effective_at = now.plus(EFFECT_DELAY_MS);
        if curve_of(put) != curve_of(&self.put.put) {
            effective_at = self.schedule.change(curve_of(put), now);
        }
        self.put.longest_shopping_ms = self.put.longest_shopping_ms.max(put.shopping_ms);
        self.put.put = put.clone();
        self.pulse.version = put.version;
        self.pulse.attempt = Some(attempt);
        self.pulse.effective_at = effective_at;
        self.accepted()
    }

    /// A put of the release.
    pub(crate) fn put_release(&mut self, put: &PutRelease, attempt: Attempt, now: UnixMillis) -> PutOutcome {
        if let Some(outcome) = self.judge_version(attempt, put.version) {
            return outcome;
        }
        if self.put.put.policy.release.is_some() {
            return PutOutcome::Fixed("This event's releases are fixed in its policy: no meter decides.".to_owned());
        }
        let rate = if put.paused { Rate::ZERO } else { put.rate_per_second };
        let change = Change {
            rate: Some(rate),
            ..curve_of(&self.put.put)
        };
        // The lease first: a stop that it ends must be in the curve before the curve goes on.
        self.schedule.renew(put.lease_ms, now);
        let effective_at = self.schedule.change(change, now);
        self.pulse = Pulse {
            version: put.version,
            attempt: Some(attempt),
            effective_at,
            lease_until: self.schedule.lease_until(),
            paused: put.paused,
            sold_out: put.sold_out,
        };
        self.accepted()
    }

    /// When a draw closes.
    pub(crate) fn closed_at(&self, draw: Draw) -> UnixMillis {
        windows(&self.put.put).closed_at(draw)
    }

    /// The last draw whose window has ended, at `now` or at the end of `draw` at least: all of them can be frozen at once.
    pub(crate) fn ended(&self, draw: Draw, now: UnixMillis) -> Draw {
        let open = windows(&self.put.put).draw_at(now);
        let ended = open.and_then(|open| open.0.checked_sub(1)).map(Draw);
        ended.map_or(draw, |ended| ended.max(draw))
    }

    /// From now on nothing is announced up to `draw`.
    pub(crate) fn begin_closing(&mut self, draw: Draw) {
        self.progress.closing = self.progress.closing.max(Some(draw));
    }

    /// The round without which a draw that has tickets cannot be drawn; `None` where no beacon was announced.
    pub(crate) fn awaited(&self, draw: Draw) -> Option<AwaitedRound> {
        let beacon = self.put.put.policy.beacon.clone()?;
        let round = beacon.round_of(self.closed_at(draw));
        let at = beacon.time_of(round);
        Some(AwaitedRound { beacon, round, at })
    }

    /// Every shard of `draw` is frozen, and its round is not out yet: what is frozen is told before anybody can know it.
    pub(crate) fn wait_for_round(&mut self, draw: Draw, frozen: &[FrozenShard]) {
        let tickets_digest = digest::tickets_digest(self.put.put.shards, frozen);
        self.progress.frozen = Some(FrozenTickets { draw, tickets_digest });
    }

    /// Closes a draw: the record, the place up to which the curve may go, and what is closed belong together. A draw
    /// without tickets has no record: shards may announce one and then be too late for it.
    ///
    /// # Panics
    /// `frozen` has not the round that [`Event::awaited`] asks for: without it there is no draw.
    pub(crate) fn close(&mut self, frozen: FrozenDraw, keys: &SigningKeys, now: UnixMillis) -> Option<SignedRecord> {
        let draw = frozen.draw;
        self.progress.closed_through = Some(draw);
        // Later draws may be frozen already; they stay so.
        self.progress.closing = self.progress.closing.filter(|&closing| closing > draw);
        self.progress.frozen = None;
        if !has_tickets(&frozen.shards) {
            return None;
        }
        let round = frozen.beacon.as_ref().map(|verified| verified.round().round);
        assert_eq!(
            round,
            self.awaited(draw).map(|awaited| awaited.round),
            "a draw has the round that it waits for"
        );
        let record = self.record(frozen);
        self.schedule.change(
            Change {
                last_place: Some(record.last_place()),
                ..Change::default()
            },
            now,
        );
        self.progress.last_closed = Some(draw);
        self.progress.draws_closed += 1;
        self.progress.last_place = record.last_place();
        self.progress.last_hash = record.hash();
        Some(record.sign(keys))
    }

    fn record(&self, frozen: FrozenDraw) -> DrawRecord {
        let windows = windows(&self.put.put);
        let closing = ClosingDraw {
            event_id: &self.fixed.event_id,
            draw: frozen.draw,
            opened_at: windows.opened_at(frozen.draw, self.fixed.opened_at),
            closed_at: windows.closed_at(frozen.draw),
            first_place: self.progress.last_place + 1,
            commitment: self.fixed.commitment,
            secret: frozen.secret,
            beacon: frozen.beacon,
            previous: self.progress.last_hash,
            lives: frozen.lives,
        };
        DrawRecord::close(closing, self.put.put.shards, &frozen.shards)
    }

    /// The event as edges know it. `reported`: tickets given, as shards last said.
    pub(crate) fn snapshot(&self, reported: u64, lives: Lives, now: UnixMillis) -> Snapshot {
        let progress = &self.progress;
        Snapshot {
            as_of: now,
            event_id: self.fixed.event_id.clone(),
            config: self.put.put.clone(),
            version: self.pulse.version,
            commitment: self.fixed.commitment,
            // Shards report late; what a record has counted is known at once.
            joined: reported.max(progress.last_place),
            draws_closed: progress.draws_closed,
            last_closed: progress.last_closed,
            last_place: progress.last_place,
            schedule: self.schedule.live_part(now, self.put.longest_shopping_ms),
            paused: self.pulse.paused,
            sold_out: self.pulse.sold_out,
            lives,
            frozen: progress.frozen,
        }
    }
}
