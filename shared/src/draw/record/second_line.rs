//! The two lines. Verified fans and humans get places of the line. Suspects get numbers of the second
//! line, over all draws, and places only behind everybody of the first line: see
//! [`crate::schedule::SecondLine`].
//!
//! A record says how many had moved up from the second line into the line before the draw's first
//! place. So the places of the line are 1 to the last by the records alone, and everybody can see
//! how many suspects went before which draw.

use serde::{Deserialize, Serialize};

use super::DrawRecord;
use crate::ids::Tier;

/// The line in which a place is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Line {
    /// The line that the curve serves.
    #[default]
    First,
    /// The line of suspects, who move up into the first one while nobody else waits.
    Second,
}

/// What a record says of the second line as it was before the draw.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RecordSecondLine {
    /// People in it by earlier draws. The suspects of this draw have the numbers after it.
    pub before: u64,
    /// So many of these have places before the first place of this draw: the first ones.
    pub moved_up: u64,
}

impl DrawRecord {
    /// The line in which the places of a tier are.
    #[must_use]
    pub fn line_of(&self, tier: Tier) -> Line {
        match (tier, self.second_line) {
            (Tier::Suspect, Some(_)) => Line::Second,
            _ => Line::First,
        }
    }

    /// The second line as it is after this draw.
    fn second_line_after(&self) -> RecordSecondLine {
        let known = self.second_line.unwrap_or_default();
        let in_draw = self.second_line.map_or(0, |_| self.tiers[Tier::Suspect.index()].count);
        RecordSecondLine {
            before: known.before.saturating_add(in_draw),
            ..known
        }
    }

    /// The first place and the second line of this record follow from the record before it, but for
    /// how many have moved up since: never more than there were. Once there is a second line, it
    /// stays.
    pub(super) fn continues_lines_of(&self, previous: Option<&DrawRecord>) -> bool {
        let last_place = previous.map_or(0, DrawRecord::last_place);
        let known = previous.map(DrawRecord::second_line_after).unwrap_or_default();
        let Some(line) = self.second_line else {
            let is_first_line_alone = previous.is_none_or(|previous| previous.second_line.is_none());
            return is_first_line_alone && self.first_place == last_place + 1;
        };
        let Some(moved_up) = line.moved_up.checked_sub(known.moved_up) else {
            return false;
        };
        let first_place = last_place.checked_add(moved_up).and_then(|last| last.checked_add(1));
        line.before == known.before && line.moved_up <= line.before && first_place == Some(self.first_place)
    }
}
