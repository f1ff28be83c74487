//! Where one queue ticket stands at one instant.
//!
//! The standing follows from the ticket, the draw record, the schedule and the clock alone. Nothing
//! is stored per fan, so every edge computes the same.

use crate::{
    ids::{Draw, Place, Tag},
    polling::{PollInterval, whole_second},
    schedule::Pace,
    snapshot::Snapshot,
    timestamp::UnixMillis,
};

/// The standing of one queue ticket.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// The ticket's draw is still open.
    PreQueue,
    /// The draw is over, or it is for a window after the on-sale. The place is known soon after
    /// `drawn_at`.
    Drawing {
        /// When the draw can be drawn, see [`Snapshot::drawn_at`].
        drawn_at: UnixMillis,
    },
    /// The place is known, and the turn has not come, or came after the fan's last poll time
    /// ([`crate::polling`]).
    Waiting {
        /// Places before this one that were not served at the fan's last poll time.
        ahead: u64,
        /// Seconds until the turn, rounded up. Exact where the curve has reached the place already,
        /// otherwise the wait estimate ([`crate::schedule::Schedule::wait_estimate_ms`]). `None`
        /// while admission is paused or stopped, if nobody was admitted lately, or while the second
        /// line lets others pass.
        wait_seconds: Option<u64>,
        /// The fan's next poll time. Before it nothing new is told.
        poll_at: UnixMillis,
    },
    /// The turn has come, at one of the fan's poll times, and can be claimed.
    Turn {
        /// When it came.
        turn_at: UnixMillis,
        /// When the turn ends if nobody claims it.
        claim_before: UnixMillis,
    },
    /// The time to claim is over. A fan who claimed in time may still be shopping.
    TurnEnded {
        /// When the turn came.
        turn_at: UnixMillis,
    },
    /// Over for good.
    Expired,
}

impl Snapshot {
    /// The standing at `now` of a ticket of `draw` whose holder has `tag`. `place` is known once the
    /// draw is closed.
    #[must_use]
    pub fn standing(&self, draw: Draw, place: Option<Place>, tag: Tag, now: UnixMillis) -> Standing {
        self.standing_by_pace(draw, place, tag, now, &|instant| self.schedule.pace(instant))
    }

    /// The same, for whoever remembers the pace at past seconds.
    pub fn standing_by_pace(
        &self,
        draw: Draw,
        place: Option<Place>,
        tag: Tag,
        now: UnixMillis,
        pace: &impl Fn(UnixMillis) -> Pace,
    ) -> Standing {
        let Some(place) = place else {
            let before_on_sale = draw == Draw::PRE_QUEUE && now < self.windows().closed_at(draw);
            return if before_on_sale {
                Standing::PreQueue
            } else {
                let drawn_at = self.drawn_at(draw);
                Standing::Drawing { drawn_at }
            };
        };
        if self.schedule.long_past(place) {
            return Standing::Expired;
        }
        let Some(turn_at) = self.schedule.turn_at(place).filter(|&turn_at| turn_at <= now) else {
            return self.waiting(place, self.poll_interval(place, tag, now, pace), now, pace);
        };
        let claim_before = self.schedule.claim_before(turn_at, now);
        if now < claim_before {
            let interval = self.poll_interval(place, tag, now, pace);
            return if turn_at <= interval.since {
                Standing::Turn { turn_at, claim_before }
            } else {
                self.waiting(place, interval, now, pace)
            };
        }
        let session_ms = self.schedule.session_ms(turn_at);
        if now < self.schedule.end_of(claim_before, session_ms, now) {
            Standing::TurnEnded { turn_at }
        } else {
            Standing::Expired
        }
    }

    fn waiting(
        &self,
        place: Place,
        interval: PollInterval,
        now: UnixMillis,
        pace: &impl Fn(UnixMillis) -> Pace,
    ) -> Standing {
        let known_at = interval.since.min(now);
        let ahead = (place.0 - 1).saturating_sub(self.schedule.served(known_at));
        let turn_at = match self.schedule.turn_at(place) {
            Some(turn_at) => Some(turn_at),
            // Nobody knows how long a pause or a stop lasts.
            None if self.paused || self.schedule.stopped(now) => None,
            // A place behind the last one: how many others join before is not known.
            None if place.0 > self.schedule.last_place() => None,
            None => {
                let second = whole_second(known_at);
                pace(second).wait_ms(place).map(|wait_ms| second.plus(wait_ms))
            }
        };
        Standing::Waiting {
            ahead,
            wait_seconds: turn_at.map(|turn_at| turn_at.max(interval.until).since(now).div_ceil(1000)),
            poll_at: interval.until,
        }
    }
}
