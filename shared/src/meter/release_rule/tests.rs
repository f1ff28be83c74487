use super::*;
use proptest::prelude::*;

const LIMITS: MeterLimits = MeterLimits {
    most_per_second: Rate::from_milli(100_000),
    most_shoppers: 1_000,
};

fn seats(available: u64, locked: u64) -> Stock {
    Stock::Seats { available, locked }
}

fn observed() -> MeterReading {
    MeterReading {
        shopping: 0,
        on_their_way: 0,
        stock: seats(10, 0),
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
    let full = MeterReading {
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
    let held = MeterReading {
        stock: seats(0, 1),
        ..observed()
    };
    assert_eq!(
        decide(&LIMITS, &held),
        Decision {
            rate: Rate::ZERO,
            sold_out: false
        }
    );
    let gone = MeterReading {
        stock: seats(0, 0),
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
fn what_nobody_counts_is_never_sold_out() {
    let site = MeterReading {
        stock: Stock::Uncounted,
        ..observed()
    };
    let decision = decide(&LIMITS, &site);
    assert_eq!((decision.rate, decision.sold_out), (LIMITS.most_per_second, false));
}

#[test]
fn a_small_change_keeps_the_rate() {
    let near = MeterReading {
        shopping: 800,
        rate: Rate::from_milli(51_000),
        ..observed()
    };
    assert_eq!(decide(&LIMITS, &near).rate, Rate::from_milli(51_000));
    let far = MeterReading {
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
        let seen = MeterReading { shopping, on_their_way, paused, rate: Rate::from_milli(rate), ..observed() };
        let decision = decide(&LIMITS, &seen);
        prop_assert!(decision.rate <= LIMITS.most_per_second);
        if paused || shopping + on_their_way >= LIMITS.most_shoppers {
            prop_assert_eq!(decision.rate, Rate::ZERO);
        }
    }
}
