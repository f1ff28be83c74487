//! Room: an event whose gate is `when_busy` lets people in without a turn while fewer sessions run
//! than may at once, and room is left for everybody who waits. As soon as there is none, everybody is
//! drawn.
//!
//! A session of such an event needs a **slot**, with a turn or without one, so that no more run than
//! may at once. The event's coordinator gives slots; see the edge's `queue::room`.

use serde::{Deserialize, Serialize};

use crate::{
    policy::gate::GateMode,
    schedule::Rate,
    snapshot::{Phase, Snapshot},
    timestamp::UnixMillis,
};

/// Fans are called ahead, so that a free slot is taken at once: so many percent of the sessions at
/// once.
pub const CALLED_AHEAD_PERCENT: u32 = 5;
/// At least so many fans are called ahead.
pub const LEAST_CALLED_AHEAD: u32 = 4;

/// How many fans a protected site with so many sessions at once calls beyond its room, where its
/// sessions need slots. They ask once a second, and the first of them to ask gets the next slot.
#[must_use]
pub fn called_ahead(at_once: u32) -> u32 {
    let part = u64::from(at_once) * u64::from(CALLED_AHEAD_PERCENT) / 100;
    u32::try_from(part).unwrap_or(u32::MAX).max(LEAST_CALLED_AHEAD)
}

/// How much room an event has. The coordinator decides by it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Room {
    /// Most sessions at once with a turn; `None`: turns need no slot.
    pub with_turn: Option<u64>,
    /// Most sessions at once when one more begins without a turn: room is kept for those who wait.
    pub without_turn: u64,
    /// Most sessions a second that begin without a turn.
    pub most_per_second: Rate,
}

impl Room {
    /// No room for anybody.
    pub const NONE: Room = Room {
        with_turn: Some(0),
        without_turn: 0,
        most_per_second: Rate::ZERO,
    };
}

/// Sessions that may begin without a turn just now: as many a second as the event's limit says, and
/// what a second leaves unused may be used in the next one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalkInAllowance {
    /// Millionths of a session.
    micro: u64,
    /// When that was worked out. The beginning of 1970: never, so that all of a second is there.
    at: UnixMillis,
}

impl WalkInAllowance {
    /// Takes one session, if there is one left at `now`.
    pub fn take(&mut self, most_per_second: Rate, now: UnixMillis) -> bool {
        const ONE: u64 = 1_000_000;
        let most = (most_per_second.milli() * 1_000).max(ONE);
        // Thousandths a second are millionths a millisecond.
        let grown = most_per_second.milli().saturating_mul(now.since(self.at));
        self.micro = self.micro.saturating_add(grown).min(most);
        self.at = self.at.max(now);
        let is_left = self.micro >= ONE && most_per_second > Rate::ZERO;
        if is_left {
            self.micro -= ONE;
        }
        is_left
    }
}

impl Snapshot {
    /// Most sessions at once, where the event's sessions need slots; `None` where they do not, or the
    /// origin has not said it.
    #[must_use]
    pub fn slots(&self) -> Option<u32> {
        let policy = &self.settings.policy;
        if policy.gate.mode != GateMode::WhenBusy {
            return None;
        }
        match &policy.release {
            Some(release) => {
                let metered = self.meter.map_or(release.at_once, |meter| meter.most_at_once);
                Some(metered.min(release.at_once))
            }
            None => self.at_once,
        }
    }

    /// Whether a session needs a slot also with a turn: in front of a protected site. Stanchion's own
    /// origin counts its shoppers itself, and its meter keeps within the limit.
    #[must_use]
    pub fn turns_need_slots(&self) -> bool {
        let policy = &self.settings.policy;
        policy.gate.mode == GateMode::WhenBusy && policy.release.is_some()
    }

    /// Whether it is worth to ask for a session without a turn. What an edge knows is some seconds
    /// old; the coordinator has the last word.
    #[must_use]
    pub fn may_walk_in(&self, now: UnixMillis) -> bool {
        let line = self.last_place.saturating_sub(self.schedule.served(now));
        let taken = self.sessions.active().saturating_add(line);
        self.slots().is_some_and(|most| taken < u64::from(most)) && self.phase_of_line(now) == Phase::OnSale
    }

    /// The phase of the queue, whether or not somebody waits for the first draw.
    #[must_use]
    pub fn phase_of_line(&self, now: UnixMillis) -> Phase {
        match self.phase(now) {
            Phase::Drawing => Phase::OnSale,
            phase => phase,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn some_fans_are_called_ahead_and_more_of_them_where_many_may_be_in() {
        let ahead = [1, 10, 80, 81, 100, 2_000, u32::MAX].map(called_ahead);
        assert_eq!(ahead, [4, 4, 4, 4, 5, 100, 214_748_364]);
    }

    #[test]
    fn as_many_come_in_a_second_as_the_limit_says_and_a_pause_saves_at_most_a_second() {
        let mut allowance = WalkInAllowance::default();
        let mut taken = |rate, at: u64| (0..100).filter(|_| allowance.take(rate, UnixMillis(at))).count();
        let ten = Rate::per_second(10);
        assert_eq!(taken(ten, 1_000_000), 10);
        assert_eq!(taken(ten, 1_000_050), 0);
        assert_eq!(taken(ten, 1_000_500), 5);
        assert_eq!(taken(ten, 1_000_450), 0, "a clock that went back gives nothing");
        assert_eq!(taken(ten, 1_100_000), 10);
        assert_eq!(taken(Rate::ZERO, 1_200_000), 0);
    }

    #[test]
    fn a_slow_rate_lets_one_in_each_time_and_loses_no_part_of_a_session() {
        let mut allowance = WalkInAllowance::default();
        let six_a_minute = Rate::from_milli(100);
        let came_in: Vec<u64> = (0..600)
            .map(|tick| 1_000_000 + tick * 100)
            .filter(|&at| allowance.take(six_a_minute, UnixMillis(at)))
            .collect();
        assert_eq!(came_in.len(), 6, "{came_in:?}");
        assert!(came_in.windows(2).all(|pair| pair[1] - pair[0] >= 10_000));
    }

    #[test]
    fn no_window_of_time_lets_in_more_than_the_rate_and_one_second_of_it() {
        let mut allowance = WalkInAllowance::default();
        let rate = Rate::from_milli(2_500);
        let times: Vec<u64> = (0..4_000)
            .map(|tick| 1_000_000 + tick * 7)
            .filter(|&at| allowance.take(rate, UnixMillis(at)))
            .collect();
        for (first, &from) in times.iter().enumerate() {
            for (count, &to) in times[first..].iter().enumerate() {
                let most = rate.milli() * (to - from) / 1_000_000 + 3;
                assert!(count as u64 <= most, "{count} in {} ms", to - from);
            }
        }
    }
}
