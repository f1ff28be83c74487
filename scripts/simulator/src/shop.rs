//! The shop as the meter sees it: sessions, and how many seats are free, held and sold. Which seat it is does not matter here.

use std::{
    cmp::Reverse,
    collections::{BTreeSet, BinaryHeap},
};

use serde::Serialize;
use stanchion_shared::{schedule::Stops, timestamp::UnixMillis};

use crate::people::{Purpose, SimulatedFan};

/// A fan who finds too few seats looks again after this time, in ms.
const LOOKS_AGAIN_MS: u64 = 5_000;

/// A shopping session: a turn that was claimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct SimulatedSession {
    place: u64,
    seats: u64,
    /// None for a fan who never pays.
    paying_ms: Option<u64>,
    ends_at: UnixMillis,
}

/// What happens next in a session; there is one such thing at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum SessionStep {
    /// The turn is claimed; seats are wanted so long after.
    ClaimTime { choosing_ms: u64, takes_seats: bool },
    /// Takes seats, if there are enough.
    Chooses,
    /// The money is there.
    Pays,
    /// The seats are free again.
    LockEnds,
    /// The shopping window is over, and how it was used.
    WindowEnds(UnpaidWindow),
}

/// How a shopping window without a payment was used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum UnpaidWindow {
    HeldSeats,
    FoundNone,
    Looked,
}

/// How sessions ended, and what happened in them.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct ShopCounts {
    /// Turns claimed.
    pub(crate) admitted: u64,
    pub(crate) bought: u64,
    /// Held seats and bought nothing.
    pub(crate) dawdled: u64,
    /// Wanted seats and found none in time.
    pub(crate) went_empty: u64,
    /// Took no seats, and closed the page.
    pub(crate) looked: u64,
    pub(crate) seats_sold: u64,
}

/// See the module.
pub(crate) struct Shop {
    shopping_ms: u64,
    lock_ms: u64,
    available: u64,
    locked: u64,
    shopping: u32,
    /// Places of sessions seen lately, as the origin keeps them.
    seen: BTreeSet<u64>,
    /// By instant, then place: the same seed gives the same shop.
    steps: BinaryHeap<Reverse<(UnixMillis, u64, SessionStep, SimulatedSession)>>,
    pub(crate) counts: ShopCounts,
}

impl Shop {
    pub(crate) fn new(seats: u64, shopping_ms: u64, lock_ms: u64) -> Shop {
        Shop {
            shopping_ms,
            lock_ms,
            available: seats,
            locked: 0,
            shopping: 0,
            seen: BTreeSet::new(),
            steps: BinaryHeap::new(),
            counts: ShopCounts::default(),
        }
    }

    pub(crate) fn available(&self) -> u64 {
        self.available
    }

    pub(crate) fn locked(&self) -> u64 {
        self.locked
    }

    pub(crate) fn shopping(&self) -> u32 {
        self.shopping
    }

    /// Whether no fan is in it or about to come.
    pub(crate) fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Sessions seen whose place is after `place`; the others are forgotten.
    pub(crate) fn seen_after(&mut self, place: u64) -> u32 {
        self.seen = self.seen.split_off(&(place + 1));
        u32::try_from(self.seen.len()).unwrap_or(u32::MAX)
    }

    /// The holder of `place` will claim the turn at `at`.
    pub(crate) fn admit(&mut self, place: u64, fan: &SimulatedFan, at: UnixMillis, stops: &Stops) {
        let session = SimulatedSession {
            place,
            seats: fan.seats,
            paying_ms: (fan.purpose == Purpose::Buys).then_some(fan.paying_ms),
            ends_at: stops.end_of(at, self.shopping_ms),
        };
        let comes = SessionStep::ClaimTime {
            choosing_ms: fan.choosing_ms,
            takes_seats: fan.purpose != Purpose::Looks,
        };
        self.push(at, comes, session);
    }

    /// Something happens at `at`, or what the end of the shopping window makes of it if that is earlier.
    fn push(&mut self, at: UnixMillis, step: SessionStep, session: SimulatedSession) {
        let at_the_end = match step {
            // Too slow: the lock ends with the shopping window.
            SessionStep::Pays | SessionStep::LockEnds => SessionStep::LockEnds,
            SessionStep::Chooses => SessionStep::WindowEnds(UnpaidWindow::FoundNone),
            SessionStep::ClaimTime { .. } | SessionStep::WindowEnds(_) => step,
        };
        let (at, step) = if at < session.ends_at {
            (at, step)
        } else {
            (session.ends_at, at_the_end)
        };
        self.steps.push(Reverse((at, session.place, step, session)));
    }

    /// Everything that happens up to `now`.
    pub(crate) fn go_on(&mut self, now: UnixMillis) {
        while self.steps.peek().is_some_and(|Reverse((at, ..))| *at <= now) {
            let Some(Reverse((at, _, step, session))) = self.steps.pop() else {
                return;
            };
            self.happens(at, step, session);
        }
    }

    fn happens(&mut self, at: UnixMillis, step: SessionStep, session: SimulatedSession) {
        match step {
            SessionStep::ClaimTime {
                choosing_ms,
                takes_seats,
            } => {
                self.counts.admitted += 1;
                self.shopping += 1;
                self.seen.insert(session.place);
                if takes_seats {
                    self.push(at.plus(choosing_ms), SessionStep::Chooses, session);
                } else {
                    self.push(session.ends_at, SessionStep::WindowEnds(UnpaidWindow::Looked), session);
                }
            }
            SessionStep::Chooses if self.available < session.seats => {
                self.push(at.plus(LOOKS_AGAIN_MS), SessionStep::Chooses, session);
            }
            SessionStep::Chooses => {
                self.available -= session.seats;
                self.locked += session.seats;
                match session.paying_ms {
                    Some(paying_ms) if paying_ms < self.lock_ms => {
                        self.push(at.plus(paying_ms), SessionStep::Pays, session)
                    }
                    _ => self.push(at.plus(self.lock_ms), SessionStep::LockEnds, session),
                }
            }
            SessionStep::Pays => {
                self.locked -= session.seats;
                self.shopping -= 1;
                self.counts.bought += 1;
                self.counts.seats_sold += session.seats;
            }
            SessionStep::LockEnds => {
                self.locked -= session.seats;
                self.available += session.seats;
                self.push(
                    session.ends_at,
                    SessionStep::WindowEnds(UnpaidWindow::HeldSeats),
                    session,
                );
            }
            SessionStep::WindowEnds(used) => {
                self.shopping -= 1;
                *match used {
                    UnpaidWindow::HeldSeats => &mut self.counts.dawdled,
                    UnpaidWindow::FoundNone => &mut self.counts.went_empty,
                    UnpaidWindow::Looked => &mut self.counts.looked,
                } += 1;
            }
        }
    }
}
