//! Decides whether an order is refused before its card is charged. The rules are pure;
//! `checkout/sql/begin.sql` reads their facts when the order begins.

/// Most declined payments of an account within the last hour with which it may try another card.
pub const MOST_DECLINES_PER_HOUR: i64 = 5;
/// Most other accounts that used the same card within the last day with which the card is accepted.
pub const MOST_OTHER_ACCOUNTS_PER_CARD: i64 = 3;
/// Most seats of an order for which earlier declines do not matter.
pub const MOST_SEATS_AFTER_DECLINES: usize = 6;
/// Declines within the last hour from which on an order with more seats than that is refused.
pub const DECLINES_THAT_COUNT: i64 = 2;

/// The facts about an order that the rules judge.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FraudFacts {
    /// Payments of this account that were declined within the last hour.
    pub declines_last_hour: i64,
    /// Other accounts that paid or tried to pay with the same card within the last day.
    pub other_accounts_with_card: i64,
    /// Seats of this order.
    pub seats: usize,
}

/// What the rules decide.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FraudVerdict {
    /// The card may be charged.
    Approve,
    /// The order is refused. The word names the rule.
    Refuse(&'static str),
}

/// Judges an order. The first rule that objects decides.
#[must_use]
pub fn judge(facts: &FraudFacts) -> FraudVerdict {
    let many_seats = facts.seats > MOST_SEATS_AFTER_DECLINES;
    if facts.declines_last_hour > MOST_DECLINES_PER_HOUR {
        FraudVerdict::Refuse("too_many_declined_payments")
    } else if facts.other_accounts_with_card > MOST_OTHER_ACCOUNTS_PER_CARD {
        FraudVerdict::Refuse("card_used_by_many_accounts")
    } else if many_seats && facts.declines_last_hour >= DECLINES_THAT_COUNT {
        FraudVerdict::Refuse("many_seats_after_declined_payments")
    } else {
        FraudVerdict::Approve
    }
}

/// Whether `token` is one of the provider's test cards. Everybody uses the same test cards, so many
/// accounts with one of them mean nothing. Stripe refuses them outside its test mode.
#[must_use]
pub fn is_shared_test_card(token: &str) -> bool {
    token.starts_with("pm_card_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(declines_last_hour: i64, other_accounts_with_card: i64, seats: usize) -> FraudVerdict {
        judge(&FraudFacts {
            declines_last_hour,
            other_accounts_with_card,
            seats,
        })
    }

    #[test]
    fn five_declines_are_forgiven_and_six_are_not() {
        assert_eq!(verdict(MOST_DECLINES_PER_HOUR, 0, 1), FraudVerdict::Approve);
        assert_eq!(
            verdict(MOST_DECLINES_PER_HOUR + 1, 0, 1),
            FraudVerdict::Refuse("too_many_declined_payments")
        );
    }

    #[test]
    fn a_card_serves_a_family_but_not_a_crowd() {
        assert_eq!(verdict(0, MOST_OTHER_ACCOUNTS_PER_CARD, 1), FraudVerdict::Approve);
        assert_eq!(
            verdict(0, MOST_OTHER_ACCOUNTS_PER_CARD + 1, 1),
            FraudVerdict::Refuse("card_used_by_many_accounts")
        );
    }

    #[test]
    fn many_seats_are_doubtful_only_after_declines() {
        let (few, many) = (MOST_SEATS_AFTER_DECLINES, MOST_SEATS_AFTER_DECLINES + 1);
        assert_eq!(verdict(DECLINES_THAT_COUNT, 0, few), FraudVerdict::Approve);
        assert_eq!(verdict(DECLINES_THAT_COUNT - 1, 0, many), FraudVerdict::Approve);
        assert_eq!(
            verdict(DECLINES_THAT_COUNT, 0, many),
            FraudVerdict::Refuse("many_seats_after_declined_payments")
        );
    }

    #[test]
    fn only_the_providers_own_test_cards_are_shared() {
        assert!(is_shared_test_card("pm_card_visa"));
        assert!(!is_shared_test_card("pm_1Nabc"));
    }
}
