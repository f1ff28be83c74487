//! However often one account joins, it has one place.

use super::*;

/// A shard that meets one account: numbers are given as the shard gives them, and all that were
/// given are kept.
struct Bot {
    person: Person,
    given: Vec<HeldTicket>,
}

impl Bot {
    fn joins(&mut self, tier: Tier, draw: u32) {
        if let JoinStep::Number(tier) = self.person.join(&join(tier, None), Some(Draw(draw)), NOW) {
            let number = u32::try_from(self.given.len()).unwrap();
            self.person = self.person.clone().with_ticket(tier, numbered(draw, number));
            self.given.extend(self.person.held.clone());
        }
    }
}

#[test]
fn a_bot_that_joins_a_thousand_times_with_one_account_has_one_place() {
    let mut bot = Bot {
        person: Person::default(),
        given: Vec::new(),
    };
    for turn in 0..1_000 {
        // In every tier that a score can give, in the first draw and in those after it.
        bot.joins(Tier::ALL[turn % 3], u32::try_from(turn / 100).unwrap());
    }
    assert_eq!(bot.given.len(), 1);
    assert_eq!(bot.person.held.map(|held| held.serial), Some(Serial(1)));
}

#[test]
fn a_bot_that_leaves_and_joins_again_and_again_has_one_living_ticket_and_one_number_in_a_draw() {
    let mut bot = Bot {
        person: Person::default(),
        given: Vec::new(),
    };
    for turn in 0..1_000 {
        bot.joins(Tier::Human, turn / 100);
        let serial = bot.person.held.as_ref().unwrap().serial;
        bot.person.leave(&leave(serial.0), NOW);
    }
    bot.joins(Tier::Human, 9);
    // One for each of the ten draws, each of them the only one of its draw.
    let draws: Vec<u32> = bot.given.iter().map(|held| held.draw.0).collect();
    assert_eq!(draws, (0..10).collect::<Vec<_>>());
    let mut person = bot.person;
    let alive =
        (1..=10).filter(|&serial| person.claim(&claim(serial, 0), Slot::None, UnixMillis(1)) != ClaimOutcome::Dead);
    assert_eq!(alive.collect::<Vec<_>>(), [10]);
}
