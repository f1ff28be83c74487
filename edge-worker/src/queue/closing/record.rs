//! The last step of closing a draw: its record.

use stanchion_shared::{
    draw::{
        beacon::VerifiedRound,
        digest::FrozenShard,
        record::{ClosingDraw, DrawRecord, SignedRecord},
    },
    epochs::EpochStart,
    ids::{Bytes32, Draw, Shard, Tier},
    jose::SigningKeys,
    timestamp::UnixMillis,
};

use crate::queue::{
    event::{EventState, has_first_line},
    shard_tickets::ShardTickets,
};

/// A draw whose shards are all frozen or entered.
pub(crate) struct FrozenDraw {
    pub(crate) draw: Draw,
    /// Those that answered, and those that are entered as they last reported; in ascending order.
    pub(crate) shards: Vec<ShardTickets>,
    pub(crate) secret: Bytes32,
    /// As [`EventState::awaited_round`] asks.
    pub(crate) beacon: Option<VerifiedRound>,
}

impl EventState {
    /// Closes a draw. The record, the place up to which the curve may go, and the progress belong
    /// together: they are written in one step, and only with it the secret of the draw can be read
    /// anywhere. A draw without tickets has no record: shards may declare one and then be too late
    /// for it. A draw that misses a shard has one, which says so.
    ///
    /// # Panics
    /// `frozen` lacks the round that [`EventState::awaited_round`] asks for: without it there is no
    /// draw.
    pub(crate) fn close(
        &mut self,
        mut frozen: FrozenDraw,
        keys: &SigningKeys,
        now: UnixMillis,
    ) -> Option<SignedRecord> {
        let draw = frozen.draw;
        // What a silent shard is entered with was decided, whatever it said to whom since.
        for shard in &mut frozen.shards {
            if let Some(entered) = self.entry_of(draw, shard.frozen.shard) {
                *shard = entered.clone();
            }
        }
        self.progress.closed_through = Some(draw);
        // Later draws may be frozen already; they stay so.
        self.progress.closing = self.progress.closing.filter(|&closing| closing > draw);
        self.progress.frozen = None;
        if !self.is_drawn(draw, &frozen.shards) {
            self.move_up(now);
            return None;
        }
        let round = frozen.beacon.as_ref().map(|verified| verified.round().round);
        assert_eq!(
            round,
            self.awaited_round(draw).map(|awaited| awaited.round),
            "a draw has the round that it waits for"
        );
        // Its places follow those of suspects who have their turns for certain.
        if frozen.shards.iter().any(has_first_line) {
            self.take_places_back(now);
        }
        let record = self.record(frozen);
        self.progress.last_closed = Some(draw);
        self.progress.draws_closed += 1;
        self.progress.last_place = record.last_place();
        if record.second_line.is_some() {
            self.progress.second_line.drawn += record.tiers[Tier::Suspect.index()].count;
        }
        self.open_places(now);
        self.progress.last_hash = record.hash();
        Some(record.sign(keys))
    }

    fn record(&self, frozen: FrozenDraw) -> DrawRecord {
        let windows = self.settings.windows();
        let suspects = frozen
            .shards
            .iter()
            .map(|shard| shard.frozen.counts[Tier::Suspect.index()]);
        let suspects = suspects.map(u64::from).sum();
        let closing = ClosingDraw {
            event_id: &self.constants.event_id,
            draw: frozen.draw,
            opened_at: windows.opened_at(frozen.draw, self.constants.opened_at),
            closed_at: windows.closed_at(frozen.draw),
            first_place: self.progress.last_place + 1,
            commitment: self.constants.commitment,
            secret: frozen.secret,
            beacon: frozen.beacon,
            previous: self.progress.last_hash,
            epochs: epochs_of(&frozen.shards),
            silent: self.silent_shards(frozen.draw, &frozen.shards),
            second_line: self.progress.second_line_before(suspects),
        };
        let shards: Vec<FrozenShard> = frozen.shards.iter().map(|shard| shard.frozen).collect();
        DrawRecord::close(closing, self.settings.shards, &shards)
    }
}

#[cfg(test)]
mod tests;

/// See [`DrawRecord::epochs`].
fn epochs_of(shards: &[ShardTickets]) -> Vec<(Shard, EpochStart)> {
    let of_shard = |one: &ShardTickets| {
        let shard = one.frozen.shard;
        one.epochs.iter().map(move |&start| (shard, start)).collect::<Vec<_>>()
    };
    shards.iter().flat_map(of_shard).collect()
}
