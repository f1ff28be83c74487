//! The second line: the suspects of all closed draws, who get places of the line only behind
//! everybody else.
//!
//! They have numbers of their own, 1 to the last. While no person of the first line waits in an open
//! draw, all of them *move up*: they have the places behind the last one of the first line, and the
//! curve may reach them. When a person of the first line joins, the places that the curve will not
//! have reached when a change takes effect are [taken back](Schedule::take_back). So the line is one,
//! with one curve: whatever goes by places holds for both kinds of people.

use serde::{Deserialize, Serialize};

use super::{Schedule, segment::MICRO};
use crate::{ids::Place, timestamp::UnixMillis};

/// How the second line goes on in the line, from the start of a segment on. Number n of it, if that
/// is more than `moved_up`, has place `after_place + n - moved_up`, or will have it if nobody of the
/// first line joins before.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SecondLine {
    /// Places after this one are not of the first line.
    pub after_place: u64,
    /// So many people of the second line have places up to `after_place`.
    pub moved_up: u64,
}

impl SecondLine {
    /// The place of a number; `None` if it is among those that have moved up before.
    #[must_use]
    pub fn place_of(self, number: u64) -> Option<Place> {
        let position = number.checked_sub(self.moved_up)?;
        (position > 0).then(|| Place(self.after_place.saturating_add(position)))
    }
}

impl Schedule {
    /// The last place that the curve may reach, as far as it is decided. It falls when places are
    /// taken back.
    #[must_use]
    pub fn last_place(&self) -> u64 {
        self.segments.last().map_or(0, |segment| segment.last_place)
    }

    /// How the second line goes on at the end of the curve; `None` before anybody was in it.
    #[must_use]
    pub fn second_line(&self) -> Option<SecondLine> {
        self.segments.last()?.second_line
    }

    /// The place of a number of the second line: the one that it had its turn with or, before that,
    /// the one that it will have if nobody of the first line joins meanwhile. Only then it may grow.
    /// `None` if its turn is [long past](Schedule::long_past).
    #[must_use]
    pub fn place_in_line(&self, number: u64) -> Option<Place> {
        let mut lines = self.segments.iter().rev().filter_map(|segment| segment.second_line);
        lines.find_map(|line| line.place_of(number))
    }

    /// A person of the first line joins at `now`: whoever of the second line has a place that the
    /// curve does not reach within [`EFFECT_DELAY_MS`](super::EFFECT_DELAY_MS) has none any more.
    pub fn take_back(&mut self, now: UnixMillis) {
        if self.second_line().is_none() {
            return;
        }
        let mut openings = self.take_openings(now);
        self.append(now, |next| {
            // Before the places of a draw open, those of the second line behind them do not either.
            if let Some(line) = next
                .second_line
                .as_mut()
                .filter(|line| line.after_place < next.last_place)
            {
                let reached = (next.served_before_micro / MICRO).max(line.after_place);
                line.moved_up += reached - line.after_place;
                line.after_place = reached;
                next.last_place = reached;
            }
        });
        for opening in &mut openings {
            let first_line = opening.second_line.map_or(opening.last_place, |line| line.after_place);
            opening.last_place = opening.last_place.min(first_line);
        }
        self.put_openings(openings);
    }
}

#[cfg(test)]
mod tests;
