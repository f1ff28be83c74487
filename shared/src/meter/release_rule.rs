//! The release rule: which rate the meter puts, from what is seen of the shop at one moment.

use crate::schedule::Rate;

/// Free room for shoppers is filled over this many seconds, so that the curve bends instead of
/// jumping.
pub const HEADROOM_SECONDS: u64 = 4;
/// A new rate that differs from the old one by at most this many percent is not worth a segment of
/// the schedule.
pub const HYSTERESIS_PERCENT: u64 = 5;

/// The limits that an admin set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeterLimits {
    /// Most places per second.
    pub most_per_second: Rate,
    /// Most shopping sessions at once.
    pub most_shoppers: u32,
}

/// What is left to sell.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stock {
    /// Seats, which are counted.
    Seats {
        /// Seats that can be locked.
        available: u64,
        /// Seats held in carts.
        locked: u64,
    },
    /// A protected site tells nothing of what it sells: it never sells out.
    Uncounted,
}

impl Stock {
    /// Whether somebody who comes in now finds anything.
    #[must_use]
    pub fn is_available(self) -> bool {
        !matches!(self, Stock::Seats { available: 0, .. })
    }

    /// Whether nothing will be available any more. A seat that is held may come back.
    #[must_use]
    pub fn is_sold_out(self) -> bool {
        matches!(
            self,
            Stock::Seats {
                available: 0,
                locked: 0
            }
        )
    }
}

/// What is seen at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MeterReading {
    /// Shopping sessions that were seen and are neither over nor completed.
    pub shopping: u32,
    /// Places served whose fans were not seen yet and who may still come
    /// ([`super::MeterHistory::on_their_way`]). They count as shopping sessions.
    pub on_their_way: u32,
    /// What is left to sell.
    pub stock: Stock,
    /// An admin stopped admission.
    pub paused: bool,
    /// The rate in force.
    pub rate: Rate,
}

impl MeterReading {
    /// Sessions that may still begin before `limits` are reached.
    #[must_use]
    pub fn headroom(&self, limits: &MeterLimits) -> u32 {
        let taken = self.shopping.saturating_add(self.on_their_way);
        limits.most_shoppers.saturating_sub(taken)
    }
}

/// The release that the meter puts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Decision {
    /// Places per second.
    pub rate: Rate,
    /// No seat is available and none is held: the sale is over.
    pub sold_out: bool,
}

/// Decides the rate for the next second. If all seats are held, the rate is 0, but the event is not
/// sold out: a seat lock may expire.
#[must_use]
pub fn decide(limits: &MeterLimits, observed: &MeterReading) -> Decision {
    let sold_out = observed.stock.is_sold_out();
    if observed.paused || !observed.stock.is_available() {
        return Decision {
            rate: Rate::ZERO,
            sold_out,
        };
    }
    let headroom = u64::from(observed.headroom(limits));
    let wanted = Rate::from_milli((headroom * 1000 / HEADROOM_SECONDS).min(limits.most_per_second.milli()));
    let difference = wanted.milli().abs_diff(observed.rate.milli());
    // Both ends of the range are always reached exactly: full stop and full speed.
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
mod tests;
