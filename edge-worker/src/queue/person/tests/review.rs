//! The second look at a new account, when its turn has come.

use super::*;

const FARM: NetworkReview = NetworkReview::NewAccountsTogether(Millionths(400_000));

fn networks() -> Vec<Identifier> {
    [1, 2, 3].map(|byte| Identifier(Tag([byte; 16]))).to_vec()
}

fn of_new_account(verdict: BotVerdict) -> Join {
    let score = Score {
        product: Millionths::ONE,
        factors: vec![],
    };
    Join {
        reviewed_networks: networks(),
        ..found(verdict, Some(score), None)
    }
}

/// A person with a new account and a first ticket.
fn with_new_account(tier: Tier) -> Person {
    let mut person = Person::default();
    let step = person.join(&of_new_account(BotVerdict::Join(tier)), Some(Draw(0)), NOW);
    assert_eq!(step, JoinStep::Number(tier));
    person.with_ticket(tier, numbered(0, 3))
}

fn reviewed(serial: u32, review: NetworkReview) -> Claim {
    Claim {
        review: Some(review),
        ..claim(serial, 0)
    }
}

fn asks_for_review(outcome: &ClaimOutcome) -> bool {
    *outcome == ClaimOutcome::Review { networks: networks() }
}

#[test]
fn the_first_claim_of_a_new_account_asks_for_its_networks_and_changes_nothing() {
    let person = with_new_account(Tier::Human);
    let asked = super::super::claim(Some(&person), &claim(1, 0), Slot::None, NOW);
    assert!(asks_for_review(&asked.outcome));
    assert_eq!((asked.changed, asked.session), (None, None));
}

#[test]
fn a_new_account_whose_networks_are_usual_shops_and_is_not_looked_at_again() {
    let mut person = with_new_account(Tier::Human);
    let opened = person.claim(&reviewed(1, NetworkReview::Usual), Slot::None, NOW);
    assert!(matches!(opened, ClaimOutcome::Window(_)));
    assert_eq!(person.claim(&claim(1, 0), Slot::None, NOW), opened);
    assert_eq!(
        person.claim(&reviewed(1, FARM), Slot::None, NOW),
        opened,
        "a session that runs goes on"
    );
}

#[test]
fn the_ticket_of_a_farms_account_is_withdrawn_at_its_turn_and_the_next_one_is_a_suspects() {
    let mut person = with_new_account(Tier::Human);
    assert_eq!(person.claim(&reviewed(1, FARM), Slot::None, NOW), ClaimOutcome::Dead);
    // Whatever is asked next, the ticket is over.
    for review in [claim(1, 0), reviewed(1, NetworkReview::Usual)] {
        assert_eq!(person.claim(&review, Slot::None, NOW), ClaimOutcome::Dead);
    }
    let again = person.join(&of_new_account(BotVerdict::Join(Tier::Human)), Some(Draw(1)), NOW);
    assert_eq!(again, JoinStep::Number(Tier::Suspect));
    let score = person.lowest.clone().expect("it was scored");
    assert_eq!(
        (score.product, score.factors),
        (Millionths(400_000), vec![FactorName::NewAccountsTogether])
    );
    // A suspect is behind already.
    let mut suspect = person.with_ticket(Tier::Suspect, numbered(1, 0));
    assert!(matches!(
        suspect.claim(&claim(2, 0), Slot::None, NOW),
        ClaimOutcome::Window(_)
    ));
}

#[test]
fn neither_a_fan_pass_nor_a_suspect_nor_a_known_account_is_looked_at_again() {
    for tier in [Tier::Verified, Tier::Suspect] {
        let mut person = with_new_account(tier);
        assert!(matches!(
            person.claim(&claim(1, 0), Slot::None, NOW),
            ClaimOutcome::Window(_)
        ));
    }
    assert!(matches!(
        first(0).claim(&claim(1, 0), Slot::None, NOW),
        ClaimOutcome::Window(_)
    ));
}

#[test]
fn who_joins_again_from_elsewhere_is_judged_by_the_networks_of_the_join_that_got_the_ticket() {
    let elsewhere = |replaces| Join {
        reviewed_networks: vec![Identifier(Tag([9; 16]))],
        ..found(BotVerdict::Join(Tier::Human), None, replaces)
    };
    // While the ticket lives, and where it is given up and revived in its own draw.
    let mut person = with_new_account(Tier::Human);
    person.join(&elsewhere(None), Some(Draw(0)), NOW);
    assert!(asks_for_review(&person.claim(&claim(1, 0), Slot::None, NOW)));
    person.leave(&leave(1), NOW);
    person.join(&elsewhere(None), Some(Draw(0)), NOW);
    assert!(asks_for_review(&person.claim(&claim(1, 0), Slot::None, NOW)));
    // A new ticket is judged by its own.
    person.join(&elsewhere(over(1, false)), Some(Draw(1)), NOW);
    let mut person = person.with_ticket(Tier::Human, numbered(1, 0));
    let networks = vec![Identifier(Tag([9; 16]))];
    assert_eq!(
        person.claim(&claim(2, 0), Slot::None, NOW),
        ClaimOutcome::Review { networks }
    );
}

#[test]
fn a_turn_that_is_over_or_has_to_wait_is_not_looked_at() {
    let mut late = with_new_account(Tier::Human);
    let too_late = Claim {
        only_if_claimed: true,
        ..claim(1, 0)
    };
    assert_eq!(late.claim(&too_late, Slot::None, NOW), ClaimOutcome::Dead);
    let mut busy = with_new_account(Tier::Human);
    busy.busy_until = NOW.plus(1);
    assert!(matches!(
        busy.claim(&claim(1, 0), Slot::None, NOW),
        ClaimOutcome::Busy { .. }
    ));
}

#[test]
fn a_person_stored_before_there_were_reviews_shops_without_one() {
    let mut stored = serde_json::to_value(with_new_account(Tier::Human)).unwrap();
    assert!(stored.as_object_mut().unwrap().remove("reviewed_networks").is_some());
    let mut person: Person = serde_json::from_value(stored).unwrap();
    assert!(matches!(
        person.claim(&claim(1, 0), Slot::None, NOW),
        ClaimOutcome::Window(_)
    ));
}
