//! The second line: a suspect never goes before a person of the first line who waits, whichever draw
//! either was in.
//!
//! A shard says in its declaration whether it is about to number people of the first line. So the
//! coordinator knows of the first of them in a draw before that person has a number. From then on
//! until the draw is closed nobody of the second line moves up, and whoever has moved up and has no
//! turn yet, and none before the change takes effect, gives the place back. People of the first line
//! whose draws are closed have places, and the second line moves up behind them.

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::record::RecordSecondLine,
    ids::{Draw, Tier},
    schedule::SecondLine,
    timestamp::UnixMillis,
};

use super::{ClosingProgress, EventState};
use crate::queue::shard_tickets::ShardTickets;

/// How far the second line is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct SecondLineProgress {
    /// Suspects of closed draws, but for draws that an earlier version closed.
    pub(crate) drawn: u64,
    /// So many of them have places that are not taken back any more: up to
    /// [`ClosingProgress::last_place`].
    pub(crate) moved_up: u64,
    /// The last draw in which a shard was about to number people of the first line.
    pub(crate) first_line_in: Option<Draw>,
}

impl SecondLineProgress {
    pub(super) fn is_empty(&self) -> bool {
        *self == SecondLineProgress::default()
    }
}

/// Whether a tier is drawn for the first line.
pub(crate) fn is_first_line(tier: Tier) -> bool {
    tier != Tier::Suspect
}

/// Whether somebody of the first line is among these tickets.
pub(crate) fn has_first_line(tickets: &ShardTickets) -> bool {
    Tier::ALL
        .iter()
        .any(|tier| is_first_line(*tier) && tickets.frozen.counts[tier.index()] > 0)
}

impl ClosingProgress {
    /// Everybody who was ever drawn.
    pub(crate) fn drawn(&self) -> u64 {
        self.last_place + self.second_line.drawn - self.second_line.moved_up
    }

    /// What the next record says of the second line, if it has so many suspects.
    pub(crate) fn second_line_before(&self, suspects: u64) -> Option<RecordSecondLine> {
        let SecondLineProgress { drawn, moved_up, .. } = self.second_line;
        (drawn + suspects > 0).then_some(RecordSecondLine {
            before: drawn,
            moved_up,
        })
    }
}

impl EventState {
    /// Whether [`EventState::first_line_joins`] would change anything.
    pub(crate) fn knows_first_line_in(&self, draw: Draw) -> bool {
        self.progress.second_line.first_line_in >= Some(draw)
    }

    /// A shard is about to give numbers in `draw` to people of the first line. It must not before
    /// this is on disk.
    pub(crate) fn first_line_joins(&mut self, draw: Draw, now: UnixMillis) {
        if !self.knows_first_line_in(draw) {
            self.progress.second_line.first_line_in = Some(draw);
            self.take_places_back(now);
        }
    }

    /// Whether somebody of the first line may wait without a place: in a draw that is not closed, or
    /// left over by one that missed a shard.
    fn first_line_waits(&self) -> bool {
        let through = self.progress.second_line.first_line_in;
        let is_left_over = || self.progress.missed.iter().any(|missed| Some(missed.draw) <= through);
        through > self.progress.closed_through || is_left_over()
    }

    /// Nobody of the second line moves up any more, and whoever has no turn yet when this takes
    /// effect has no place.
    pub(crate) fn take_places_back(&mut self, now: UnixMillis) {
        self.schedule.take_back(now);
        if let Some(line) = self.schedule.second_line() {
            self.progress.last_place = line.after_place;
            self.progress.second_line.moved_up = line.moved_up;
        }
    }

    /// The last place of the line, and how the second line goes on behind it.
    pub(super) fn line_and_second_line(&self) -> (u64, Option<SecondLine>) {
        let last_place = self.progress.last_place;
        let SecondLineProgress { drawn, moved_up, .. } = self.progress.second_line;
        let second_line = SecondLine {
            after_place: last_place,
            moved_up,
        };
        let waiting = match self.first_line_waits() {
            true => 0,
            false => drawn - moved_up,
        };
        (last_place + waiting, (drawn > 0).then_some(second_line))
    }

    /// The second line moves up if it may, as when a draw is closed.
    pub(crate) fn move_up(&mut self, now: UnixMillis) {
        if self.line_and_second_line().0 > self.schedule.last_place() {
            self.open_places(now);
        }
    }

    /// Suspects of closed draws who have no place.
    pub(super) fn in_second_line(&self) -> u64 {
        self.progress.drawn().saturating_sub(self.schedule.last_place())
    }
}

#[cfg(test)]
mod tests;
