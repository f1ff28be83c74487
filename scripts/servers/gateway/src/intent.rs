//! A payment intent and its states. Source: <https://docs.stripe.com/payments/paymentintents/lifecycle>.
//!
//! ```text
//! created and confirmed ──approved──▶ requires_capture ──capture──▶ succeeded ──refunds
//!        ├──declined──▶ requires_payment_method ──┐    │ cancel
//!        └──to be authenticated──▶ requires_action┴────┴──▶ canceled
//! ```

use serde::Serialize;

use crate::cards::{BankDecision, Decline, TestCard};
use crate::command::{CancellationReason, CaptureMethod, NewIntent};
use crate::error::GatewayError;
use crate::ids::IdSerial;
use crate::metadata::Metadata;
use crate::money::{Amount, Currency};

/// An instant, in milliseconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Millis(pub u64);

impl Millis {
    /// The same instant in seconds, as Stripe gives times.
    #[must_use]
    pub fn seconds(self) -> u64 {
        self.0 / 1000
    }
}

/// What an intent is called in answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum IntentStatus {
    /// Declined; another payment method could be tried.
    RequiresPaymentMethod,
    /// The holder must authenticate.
    RequiresAction,
    /// The amount is held.
    RequiresCapture,
    /// The amount, or a part of it, was taken.
    Succeeded,
    /// Given up.
    Canceled,
}

/// Why an intent cannot be captured or canceled.
#[derive(Clone, Debug)]
pub enum IntentError {
    /// Its status does not allow it; a sentence that says so.
    UnexpectedState(String),
    /// The request itself is wrong.
    Request(GatewayError),
}

/// Where an intent stands, with what only exists there.
#[derive(Clone, Debug)]
pub(crate) enum PaymentIntentState {
    Declined(Decline),
    AwaitingAuthentication,
    Authorized,
    /// `refunded` is never more than `captured`, and `captured` never more than the intent's amount.
    Captured {
        captured: Amount,
        refunded: Amount,
    },
    Canceled {
        at: Millis,
        reason: Option<CancellationReason>,
        declined: Option<Decline>,
    },
}

/// One payment, owned by the ledger.
#[derive(Clone, Debug)]
pub struct PaymentIntent {
    pub(crate) serial: IdSerial,
    pub(crate) amount: Amount,
    pub(crate) currency: Currency,
    pub(crate) card: &'static TestCard,
    pub(crate) capture: CaptureMethod,
    pub(crate) description: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) created: Millis,
    /// Whether the bank was asked at all.
    pub(crate) charge_attempted: bool,
    pub(crate) state: PaymentIntentState,
}

impl PaymentIntent {
    /// Creates the intent and asks the bank. A declined one exists, too: `requires_payment_method`.
    #[must_use]
    pub fn confirmed(serial: IdSerial, new: NewIntent, now: Millis) -> Self {
        let state = match (new.card.verdict, new.capture) {
            (BankDecision::Declines(decline), _) => PaymentIntentState::Declined(decline),
            (BankDecision::AsksForAuthentication, _) if new.off_session => {
                PaymentIntentState::Declined(Decline::AuthenticationRequired)
            }
            (BankDecision::AsksForAuthentication, _) => PaymentIntentState::AwaitingAuthentication,
            (BankDecision::Approves, CaptureMethod::Manual) => PaymentIntentState::Authorized,
            (BankDecision::Approves, _) => PaymentIntentState::Captured {
                captured: new.amount,
                refunded: Amount::ZERO,
            },
        };
        Self {
            serial,
            amount: new.amount,
            currency: new.currency,
            card: new.card,
            capture: new.capture,
            description: new.description,
            metadata: new.metadata,
            created: now,
            charge_attempted: !matches!(state, PaymentIntentState::AwaitingAuthentication),
            state,
        }
    }

    /// Takes `amount` of what is held, or all of it; the rest is given back.
    ///
    /// # Errors
    /// Nothing is held, or less than `amount`.
    pub fn capture(&mut self, amount: Option<Amount>) -> Result<(), IntentError> {
        if !matches!(self.state, PaymentIntentState::Authorized) {
            let message = if self.status() == IntentStatus::Succeeded {
                "This PaymentIntent could not be captured because it has already been captured.".to_owned()
            } else {
                format!(
                    "This PaymentIntent could not be captured because it has a status of {}. Only a PaymentIntent with \
                     one of the following statuses may be captured: requires_capture.",
                    self.status().word()
                )
            };
            return Err(IntentError::UnexpectedState(message));
        }
        let captured = amount.unwrap_or(self.amount);
        if captured > self.amount {
            let message = format!(
                "Only {} can be captured, but {} was asked for.",
                self.amount.get(),
                captured.get()
            );
            let error = GatewayError::invalid_param("amount_to_capture", "amount_too_large", message);
            return Err(IntentError::Request(error));
        }
        self.state = PaymentIntentState::Captured {
            captured,
            refunded: Amount::ZERO,
        };
        Ok(())
    }

    /// Gives the intent up; what is held is given back.
    ///
    /// # Errors
    /// It was captured or canceled before.
    pub fn cancel(&mut self, reason: Option<CancellationReason>, now: Millis) -> Result<(), IntentError> {
        let declined = match self.state {
            PaymentIntentState::Declined(decline) => Some(decline),
            PaymentIntentState::AwaitingAuthentication | PaymentIntentState::Authorized => None,
            PaymentIntentState::Captured { .. } | PaymentIntentState::Canceled { .. } => {
                let message = format!(
                    "You cannot cancel this PaymentIntent because it has a status of {}. Only a PaymentIntent with one \
                     of the following statuses may be canceled: requires_payment_method, requires_capture, \
                     requires_confirmation, requires_action, processing.",
                    self.status().word()
                );
                return Err(IntentError::UnexpectedState(message));
            }
        };
        self.state = PaymentIntentState::Canceled {
            at: now,
            reason,
            declined,
        };
        Ok(())
    }

    /// Gives back `amount` of what was captured, or all that is left of it, and says how much that was.
    ///
    /// # Errors
    /// Nothing was captured, nothing is left, or less than `amount`.
    pub fn refund(&mut self, amount: Option<Amount>) -> Result<Amount, GatewayError> {
        let PaymentIntentState::Captured {
            captured,
            ref mut refunded,
        } = self.state
        else {
            let id = self.serial.with("pi");
            let message = format!("This PaymentIntent ({id}) does not have a successful charge to refund.");
            return Err(GatewayError::invalid_request(message).about("payment_intent"));
        };
        let left = captured.minus(*refunded).unwrap_or(Amount::ZERO);
        if left == Amount::ZERO {
            let charge = self.serial.with("ch");
            let message = format!("Charge {charge} has already been refunded.");
            return Err(GatewayError::invalid_param(
                "payment_intent",
                "charge_already_refunded",
                message,
            ));
        }
        let amount = amount.unwrap_or(left);
        let Some(sum) = refunded.plus_within(amount, captured) else {
            let message = format!(
                "Refund amount ({}) is greater than unrefunded amount ({}).",
                amount.get(),
                left.get()
            );
            return Err(GatewayError::invalid_request(message).about("amount"));
        };
        *refunded = sum;
        Ok(amount)
    }

    /// What the intent is called in answers.
    #[must_use]
    pub fn status(&self) -> IntentStatus {
        match self.state {
            PaymentIntentState::Declined(_) => IntentStatus::RequiresPaymentMethod,
            PaymentIntentState::AwaitingAuthentication => IntentStatus::RequiresAction,
            PaymentIntentState::Authorized => IntentStatus::RequiresCapture,
            PaymentIntentState::Captured { .. } => IntentStatus::Succeeded,
            PaymentIntentState::Canceled { .. } => IntentStatus::Canceled,
        }
    }

    /// Why the bank declined, if it did.
    #[must_use]
    pub fn declined(&self) -> Option<Decline> {
        match self.state {
            PaymentIntentState::Declined(decline) => Some(decline),
            PaymentIntentState::Canceled { declined, .. } => declined,
            PaymentIntentState::AwaitingAuthentication
            | PaymentIntentState::Authorized
            | PaymentIntentState::Captured { .. } => None,
        }
    }

    /// What is held and can be captured.
    #[must_use]
    pub fn capturable(&self) -> Amount {
        if matches!(self.state, PaymentIntentState::Authorized) {
            self.amount
        } else {
            Amount::ZERO
        }
    }

    /// What was captured and what of it was refunded.
    #[must_use]
    pub fn taken(&self) -> (Amount, Amount) {
        match self.state {
            PaymentIntentState::Captured { captured, refunded } => (captured, refunded),
            _ => (Amount::ZERO, Amount::ZERO),
        }
    }
}

impl IntentStatus {
    /// Stripe's word for it.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::RequiresPaymentMethod => "requires_payment_method",
            Self::RequiresAction => "requires_action",
            Self::RequiresCapture => "requires_capture",
            Self::Succeeded => "succeeded",
            Self::Canceled => "canceled",
        }
    }
}
