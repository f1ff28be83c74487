//! Closing a draw: which round it waits for, what is told meanwhile, and the record.

use stanchion_shared::{
    draw::{
        beacon::VerifiedRound,
        digest::{self, FrozenShard},
        record::{ClosingDraw, DrawRecord, SignedRecord},
    },
    identity::{Bytes32, Draw, Shard},
    jose::SigningKeys,
    lives::Life,
    policy::BeaconPolicy,
    schedule::Change,
    standing::FrozenTickets,
    timestamp::UnixMillis,
};

use super::{Event, windows};

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

/// Whether anybody is in a draw with these shards.
pub(crate) fn has_tickets(shards: &[FrozenShard]) -> bool {
    shards.iter().any(|one| one.counts != [0; 3])
}

impl Event {
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

    /// Every shard of `draw`, the first that is not closed, is frozen: told as such, for whoever notes it before the round is out.
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
}

#[cfg(test)]
mod tests;
