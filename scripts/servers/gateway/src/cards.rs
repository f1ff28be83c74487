//! Stripe's test payment methods. Source: <https://docs.stripe.com/testing>; the names are spelled as there, and those of
//! `tok_…` and raw numbers are left out on purpose, because card numbers must never reach Stanchion.

/// A test card: what it is called in requests, what it looks like, and what its bank says.
#[derive(Debug, PartialEq, Eq)]
pub struct TestCard {
    /// The `payment_method` that stands for it.
    pub token: &'static str,
    /// The brand, as Stripe spells it.
    pub brand: &'static str,
    /// The last four digits.
    pub last4: &'static str,
    /// What the bank says to an authorisation.
    pub verdict: BankDecision,
}

/// What the bank says to an authorisation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BankDecision {
    /// Yes.
    Approves,
    /// Only after the fan has proved to be the holder.
    AsksForAuthentication,
    /// No.
    Declines(Decline),
}

/// Why a bank says no. Source of the codes: <https://docs.stripe.com/testing#declined-payments>.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decline {
    /// No reason given.
    Generic,
    /// Not enough money.
    InsufficientFunds,
    /// Reported lost.
    LostCard,
    /// Reported stolen.
    StolenCard,
    /// Suspected fraud.
    Fraudulent,
    /// Past its date.
    ExpiredCard,
    /// Wrong security code.
    IncorrectCvc,
    /// The bank could not process it.
    ProcessingError,
    /// Used too often.
    VelocityExceeded,
    /// The holder must authenticate, and is not there to do it.
    AuthenticationRequired,
}

impl Decline {
    /// Stripe's error code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::ExpiredCard => "expired_card",
            Self::IncorrectCvc => "incorrect_cvc",
            Self::ProcessingError => "processing_error",
            Self::AuthenticationRequired => "authentication_required",
            _ => "card_declined",
        }
    }

    /// Stripe's decline code, where its table of test cards has one.
    #[must_use]
    pub fn decline_code(self) -> Option<&'static str> {
        match self {
            Self::Generic => Some("generic_decline"),
            Self::InsufficientFunds => Some("insufficient_funds"),
            Self::LostCard => Some("lost_card"),
            Self::StolenCard => Some("stolen_card"),
            Self::Fraudulent => Some("fraudulent"),
            Self::VelocityExceeded => Some("card_velocity_exceeded"),
            Self::AuthenticationRequired => Some("authentication_required"),
            Self::ExpiredCard | Self::IncorrectCvc | Self::ProcessingError => None,
        }
    }

    /// A sentence for the fan.
    #[must_use]
    pub fn message(self) -> &'static str {
        match self {
            Self::InsufficientFunds => "Your card has insufficient funds.",
            Self::ExpiredCard => "Your card has expired.",
            Self::IncorrectCvc => "Your card's security code is incorrect.",
            Self::ProcessingError => "An error occurred while processing your card. Try again in a little bit.",
            Self::VelocityExceeded => "Your card was declined: it was used too often or beyond its limit.",
            Self::AuthenticationRequired => "Your card was declined. This transaction requires authentication.",
            Self::Generic | Self::LostCard | Self::StolenCard | Self::Fraudulent => "Your card was declined.",
        }
    }
}

/// The card behind a `payment_method`, or `None` if Stripe's test mode knows none of that name.
#[must_use]
pub fn find(token: &str) -> Option<&'static TestCard> {
    TEST_CARDS.iter().find(|card| card.token == token)
}

const fn approves(token: &'static str, brand: &'static str, last4: &'static str) -> TestCard {
    TestCard {
        token,
        brand,
        last4,
        verdict: BankDecision::Approves,
    }
}

const fn asks(token: &'static str, last4: &'static str) -> TestCard {
    TestCard {
        token,
        brand: "visa",
        last4,
        verdict: BankDecision::AsksForAuthentication,
    }
}

const fn declines(token: &'static str, last4: &'static str, decline: Decline) -> TestCard {
    TestCard {
        token,
        brand: "visa",
        last4,
        verdict: BankDecision::Declines(decline),
    }
}

/// All test cards.
pub const TEST_CARDS: &[TestCard] = &[
    approves("pm_card_visa", "visa", "4242"),
    approves("pm_card_visa_debit", "visa", "5556"),
    approves("pm_card_mastercard", "mastercard", "4444"),
    approves("pm_card_mastercard_debit", "mastercard", "8210"),
    approves("pm_card_mastercard_prepaid", "mastercard", "5100"),
    approves("pm_card_amex", "amex", "0005"),
    approves("pm_card_discover", "discover", "1117"),
    approves("pm_card_diners", "diners", "0004"),
    approves("pm_card_jcb", "jcb", "0505"),
    approves("pm_card_unionpay", "unionpay", "0005"),
    asks("pm_card_authenticationRequired", "3184"),
    asks("pm_card_authenticationRequiredOnSetup", "3155"),
    asks("pm_card_threeDSecure2Required", "3220"),
    asks("pm_card_threeDSecureRequired", "3063"),
    declines("pm_card_chargeDeclined", "0002", Decline::Generic),
    declines("pm_card_visa_chargeDeclined", "0002", Decline::Generic),
    // Could be attached to a customer, but every charge of it fails.
    declines("pm_card_chargeCustomerFail", "0341", Decline::Generic),
    declines(
        "pm_card_chargeDeclinedInsufficientFunds",
        "9995",
        Decline::InsufficientFunds,
    ),
    declines(
        "pm_card_visa_chargeDeclinedInsufficientFunds",
        "9995",
        Decline::InsufficientFunds,
    ),
    declines("pm_card_visa_chargeDeclinedLostCard", "9987", Decline::LostCard),
    declines("pm_card_visa_chargeDeclinedStolenCard", "9979", Decline::StolenCard),
    declines("pm_card_chargeDeclinedFraudulent", "0019", Decline::Fraudulent),
    declines("pm_card_radarBlock", "0019", Decline::Fraudulent),
    declines("pm_card_chargeDeclinedExpiredCard", "0069", Decline::ExpiredCard),
    declines("pm_card_chargeDeclinedIncorrectCvc", "0127", Decline::IncorrectCvc),
    declines(
        "pm_card_chargeDeclinedProcessingError",
        "0119",
        Decline::ProcessingError,
    ),
    declines(
        "pm_card_visa_chargeDeclinedVelocityLimitExceeded",
        "6975",
        Decline::VelocityExceeded,
    ),
];
