//! The meter: how fast to admit, decided once a second from what the origin sees. Pure; the origin supplies the numbers.

mod history;

pub use history::{History, ON_THEIR_WAY_MS};

use crate::schedule::Rate;

/// Free room for shoppers is handed out over this many seconds, so that the curve bends instead of jumping.
pub const HEADROOM_SECONDS: u64 = 4;
/// A new rate within this share of the old one (in percent) is not worth a schedule segment.
pub const HYSTERESIS_PERCENT: u64 = 5;

/// What an admin allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeterLimits {
    /// Most places per second.
    pub most_per_second: Rate,
    /// Most fans shopping at once.
    pub most_shoppers: u32,
}

/// What the origin sees at this moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Observed {
    /// Shopping sessions that were seen, are not over and have not completed.
    pub shopping: u32,
    /// Places served within the last seconds whose fans have not been seen yet; they count as if they were shopping.
    pub on_their_way: u32,
    /// Seats that can be locked.
    pub seats_available: u64,
    /// Seats held in carts.
    pub seats_locked: u64,
    /// An admin stopped admission.
    pub paused: bool,
    /// The rate in force.
    pub rate: Rate,
}

/// What the edge is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Places per second.
    pub rate: Rate,
    /// Nothing available and nothing held: the queue is over.
    pub sold_out: bool,
}

/// The rate for the next second. All seats held is a hold (rate 0), not sold out: a lock may expire.
#[must_use]
pub fn decide(limits: &MeterLimits, observed: &Observed) -> Decision {
    let sold_out = observed.seats_available == 0 && observed.seats_locked == 0;
    if observed.paused || observed.seats_available == 0 {
        return Decision {
            rate: Rate::ZERO,
            sold_out,
        };
    }
    let taken = observed.shopping.saturating_add(observed.on_their_way);
    let headroom = u64::from(limits.most_shoppers.saturating_sub(taken));
    let wanted = Rate::from_milli((headroom * 1000 / HEADROOM_SECONDS).min(limits.most_per_second.milli()));
    let difference = wanted.milli().abs_diff(observed.rate.milli());
    // Both ends are always reached exactly: full stop, and full speed.
    let at_an_end = wanted == Rate::ZERO || wanted == limits.most_per_second;
    let keep = !at_an_end
        && difference * 100 <= observed.rate.milli() * HYSTERESIS_PERCENT
        && observed.rate <= limits.most_per_second;
    Decision {
        rate: if keep { observed.rate } else { wanted },
        sold_out,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const LIMITS: MeterLimits = MeterLimits {
        most_per_second: Rate::from_milli(100_000),
        most_shoppers: 1_000,
    };

    fn observed() -> Observed {
        Observed {
            shopping: 0,
            on_their_way: 0,
            seats_available: 10,
            seats_locked: 0,
            paused: false,
            rate: LIMITS.most_per_second,
        }
    }

    #[test]
    fn an_empty_shop_admits_at_the_admins_limit() {
        assert_eq!(decide(&LIMITS, &observed()).rate, LIMITS.most_per_second);
    }

    #[test]
    fn a_full_shop_admits_nobody() {
        let full = Observed {
            shopping: 900,
            on_their_way: 100,
            ..observed()
        };
        assert_eq!(
            decide(&LIMITS, &full),
            Decision {
                rate: Rate::ZERO,
                sold_out: false
            }
        );
    }

    #[test]
    fn all_seats_held_is_a_hold_and_all_sold_is_the_end() {
        let held = Observed {
            seats_available: 0,
            seats_locked: 1,
            ..observed()
        };
        assert_eq!(
            decide(&LIMITS, &held),
            Decision {
                rate: Rate::ZERO,
                sold_out: false
            }
        );
        let gone = Observed {
            seats_available: 0,
            seats_locked: 0,
            ..observed()
        };
        assert_eq!(
            decide(&LIMITS, &gone),
            Decision {
                rate: Rate::ZERO,
                sold_out: true
            }
        );
    }

    #[test]
    fn a_small_change_keeps_the_rate() {
        let near = Observed {
            shopping: 800,
            rate: Rate::from_milli(51_000),
            ..observed()
        };
        assert_eq!(decide(&LIMITS, &near).rate, Rate::from_milli(51_000));
        let far = Observed {
            shopping: 800,
            rate: Rate::from_milli(60_000),
            ..observed()
        };
        assert_eq!(decide(&LIMITS, &far).rate, Rate::from_milli(50_000));
    }

    proptest! {
        #[test]
        fn the_rate_never_passes_the_limit_and_a_pause_is_a_pause(
            shopping in 0u32..2_000, on_their_way in 0u32..2_000, paused: bool, rate in 0u64..200_000,
        ) {
            let seen = Observed { shopping, on_their_way, paused, rate: Rate::from_milli(rate), ..observed() };
            let decision = decide(&LIMITS, &seen);
            prop_assert!(decision.rate <= LIMITS.most_per_second);
            if paused || shopping + on_their_way >= LIMITS.most_shoppers {
                prop_assert_eq!(decision.rate, Rate::ZERO);
            }
        }
    }
}
