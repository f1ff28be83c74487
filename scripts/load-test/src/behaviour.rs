//! What a fan is going to do. Seed and number of the fan decide it beforehand, so that a run can be repeated.

use std::time::Duration;

use stanchion_dice::Dice;

/// When a fan comes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Arrival {
    /// At this share (0 to 1) of the time before the on-sale.
    Before(f64),
    /// So long after it.
    After(Duration),
}

/// Giving a place up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Leaving {
    /// Not at all.
    Never,
    /// Soon after joining, for good.
    ForGood,
    /// Soon after joining, then joins again. Before the draw that is the same number.
    AndBack,
    /// Once the place is known, then joins again. That gives a new queue ticket, and the old one must be dead.
    AndBackAfterTheDraw,
    /// With the shop open, which ends the session, then joins again. A second session must not begin while the token of
    /// the first one is good.
    AndBackWhileShopping,
}

/// Walking away without a word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum WalkingAway {
    /// Not at all.
    Never,
    /// From the queue.
    FromTheQueue,
    /// From the shop, with seats locked.
    FromTheShop,
}

/// How a fan pays.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CardHabit {
    /// With a good card.
    Good,
    /// With one that is declined, then a good one.
    DeclinedThenGood,
    /// Every card is declined.
    AllDeclined,
}

/// How the checkout is sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum CheckoutHabit {
    /// Once.
    Once,
    /// Twice at the same time, with one idempotency key.
    DoubleClick,
    /// The connection is lost before the answer; then the fan asks what became of the order.
    LostConnection,
}

/// All that is decided beforehand.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Behaviour {
    pub(crate) arrival: Arrival,
    /// Joins from two tabs at once, which must hold one number.
    pub(crate) two_tabs: bool,
    pub(crate) leaving: Leaving,
    pub(crate) walking_away: WalkingAway,
    /// Thinks so many times as long as others.
    pub(crate) slowness: u32,
    /// Seats wanted, 1 to 4.
    pub(crate) seats: usize,
    /// Clicks on seats that are shown as taken first.
    pub(crate) clicks_taken_seats: bool,
    /// Adds a seat and gives one back before paying.
    pub(crate) changes_mind: bool,
    /// Lets the locks run out once, then starts again.
    pub(crate) lets_locks_expire: bool,
    pub(crate) cards: CardHabit,
    pub(crate) checkout: CheckoutHabit,
    /// Looks at the ticket's QR code.
    pub(crate) looks_at_ticket: bool,
}

/// The first fans have a habit each (see [`Behaviour::of`]) and come with minted accounts.
const SPECIAL_FANS: u32 = 10;

/// Whether fan `number` comes without an account. The first `sign_ups` of the ordinary fans do.
pub(crate) fn signs_up(number: u32, sign_ups: u32) -> bool {
    number >= SPECIAL_FANS && number - SPECIAL_FANS < sign_ups
}

/// Of a thousand fans, so many arrive after the on-sale.
const LATE: u64 = 220;
/// Late fans come within this time.
const LATE_WITHIN: Duration = Duration::from_secs(40);

impl Behaviour {
    /// Of fan `number`, drawn with the fan's own, fresh `dice`. The first fans have one habit each, so that even a small
    /// crowd shows all of them.
    pub(crate) fn of(number: u32, dice: &mut Dice) -> Behaviour {
        let random = Behaviour::random(dice);
        let plain = Behaviour {
            arrival: Arrival::Before(0.0),
            seats: random.seats,
            ..Behaviour::plain()
        };
        match number {
            0 => Behaviour {
                two_tabs: true,
                ..plain
            },
            1 => Behaviour {
                leaving: Leaving::AndBackAfterTheDraw,
                ..plain
            },
            2 => Behaviour {
                leaving: Leaving::AndBackWhileShopping,
                ..plain
            },
            3 => Behaviour {
                leaving: Leaving::AndBack,
                ..plain
            },
            4 => Behaviour {
                checkout: CheckoutHabit::DoubleClick,
                ..plain
            },
            5 => Behaviour {
                checkout: CheckoutHabit::LostConnection,
                ..plain
            },
            6 => Behaviour {
                cards: CardHabit::DeclinedThenGood,
                ..plain
            },
            7 => Behaviour {
                lets_locks_expire: true,
                ..plain
            },
            8 => Behaviour {
                arrival: Arrival::After(Duration::from_secs(3)),
                ..plain
            },
            9 => Behaviour {
                arrival: Arrival::After(Duration::from_secs(12)),
                ..plain
            },
            _ => random,
        }
    }

    /// A fan who does everything once and in order.
    pub(crate) fn plain() -> Behaviour {
        Behaviour {
            arrival: Arrival::Before(0.0),
            two_tabs: false,
            leaving: Leaving::Never,
            walking_away: WalkingAway::Never,
            slowness: 1,
            seats: 2,
            clicks_taken_seats: false,
            changes_mind: false,
            lets_locks_expire: false,
            cards: CardHabit::Good,
            checkout: CheckoutHabit::Once,
            looks_at_ticket: true,
        }
    }

    fn random(dice: &mut Dice) -> Behaviour {
        let late = dice.in_a_thousand(LATE);
        let arrival = if late {
            Arrival::After(dice.between(Duration::ZERO, LATE_WITHIN))
        } else {
            Arrival::Before(dice.below(1_000) as f64 / 1_000.0)
        };
        let leaving = match dice.below(1_000) {
            0..20 => Leaving::ForGood,
            20..60 => Leaving::AndBack,
            60..75 => Leaving::AndBackAfterTheDraw,
            75..83 => Leaving::AndBackWhileShopping,
            _ => Leaving::Never,
        };
        let walking_away = match dice.below(1_000) {
            0..50 => WalkingAway::FromTheQueue,
            50..80 => WalkingAway::FromTheShop,
            _ => WalkingAway::Never,
        };
        let cards = match dice.below(1_000) {
            0..80 => CardHabit::DeclinedThenGood,
            80..100 => CardHabit::AllDeclined,
            _ => CardHabit::Good,
        };
        let checkout = match dice.below(1_000) {
            0..60 => CheckoutHabit::DoubleClick,
            60..120 => CheckoutHabit::LostConnection,
            _ => CheckoutHabit::Once,
        };
        Behaviour {
            arrival,
            two_tabs: dice.in_a_thousand(30),
            leaving,
            walking_away,
            slowness: if dice.in_a_thousand(50) { 4 } else { 1 },
            seats: [1, 2, 2, 2, 2, 3, 4, 4][dice.below(8) as usize],
            clicks_taken_seats: dice.in_a_thousand(100),
            changes_mind: dice.in_a_thousand(100),
            lets_locks_expire: dice.in_a_thousand(20),
            cards,
            checkout,
            looks_at_ticket: dice.in_a_thousand(100),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn crowd(seed: u64) -> Vec<Behaviour> {
        (0..2_000)
            .map(|number| Behaviour::random(&mut Dice::of(seed, number)))
            .collect()
    }

    #[test]
    fn the_same_seed_gives_the_same_fans_and_another_does_not() {
        assert_eq!(crowd(7), crowd(7));
        assert_ne!(crowd(7), crowd(8));
    }

    #[test]
    fn every_behaviour_occurs_in_a_crowd() {
        let crowd = crowd(1);
        let share = |test: fn(&Behaviour) -> bool| crowd.iter().filter(|fan| test(fan)).count();
        let late = share(|fan| matches!(fan.arrival, Arrival::After(_)));
        assert!((300..600).contains(&late), "{late}");
        for (name, count) in [
            ("left for good", share(|fan| fan.leaving == Leaving::ForGood)),
            ("left and back", share(|fan| fan.leaving == Leaving::AndBack)),
            (
                "back after draw",
                share(|fan| fan.leaving == Leaving::AndBackAfterTheDraw),
            ),
            ("greedy", share(|fan| fan.leaving == Leaving::AndBackWhileShopping)),
            (
                "away from queue",
                share(|fan| fan.walking_away == WalkingAway::FromTheQueue),
            ),
            (
                "away from shop",
                share(|fan| fan.walking_away == WalkingAway::FromTheShop),
            ),
            ("all declined", share(|fan| fan.cards == CardHabit::AllDeclined)),
            ("one declined", share(|fan| fan.cards == CardHabit::DeclinedThenGood)),
            ("double click", share(|fan| fan.checkout == CheckoutHabit::DoubleClick)),
            (
                "lost connection",
                share(|fan| fan.checkout == CheckoutHabit::LostConnection),
            ),
            ("locks expire", share(|fan| fan.lets_locks_expire)),
            ("four seats", share(|fan| fan.seats == 4)),
            ("one seat", share(|fan| fan.seats == 1)),
        ] {
            assert!(count > 0, "{name}");
        }
    }
}
