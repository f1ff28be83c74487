//! Intents and refunds as Stripe's JSON, for the fields a client of the subset reads.

use serde::Serialize;

use crate::cards::TestCard;
use crate::command::{CancellationReason, CaptureMethod};
use crate::error::GatewayError;
use crate::ids::IdSerial;
use crate::intent::{IntentStatus, PaymentIntent, PaymentIntentState};
use crate::metadata::Metadata;
use crate::money::{Amount, Currency};
use crate::refund::Refund;

/// Source: <https://docs.stripe.com/api/payment_intents/object>.
#[derive(Clone, Debug, Serialize)]
pub struct IntentView {
    /// `pi_…`.
    pub id: String,
    object: &'static str,
    amount: Amount,
    amount_capturable: Amount,
    amount_received: Amount,
    canceled_at: Option<u64>,
    cancellation_reason: Option<CancellationReason>,
    capture_method: CaptureMethod,
    client_secret: String,
    confirmation_method: &'static str,
    created: u64,
    currency: Currency,
    description: Option<String>,
    last_payment_error: Option<Box<GatewayError>>,
    /// `ch_…`, once the bank was asked.
    pub latest_charge: Option<String>,
    livemode: bool,
    metadata: Metadata,
    next_action: Option<NextAction>,
    payment_method: Option<String>,
    payment_method_types: [&'static str; 1],
    /// See [`IntentStatus`].
    pub status: IntentStatus,
}

#[derive(Clone, Debug, Serialize)]
struct NextAction {
    #[serde(rename = "type")]
    kind: &'static str,
    use_stripe_sdk: SdkAction,
}

#[derive(Clone, Debug, Serialize)]
struct SdkAction {
    #[serde(rename = "type")]
    kind: &'static str,
}

impl IntentView {
    /// The intent as it stands.
    #[must_use]
    pub fn of(intent: &PaymentIntent) -> Self {
        let (canceled_at, cancellation_reason) = match intent.state {
            PaymentIntentState::Canceled { at, reason, .. } => (Some(at.seconds()), reason),
            _ => (None, None),
        };
        let status = intent.status();
        let method = PaymentMethodView::of(&intent.serial, intent.card);
        let next_action = (status == IntentStatus::RequiresAction).then_some(NextAction {
            kind: "use_stripe_sdk",
            use_stripe_sdk: SdkAction {
                kind: "three_d_secure_redirect",
            },
        });
        Self {
            id: intent.serial.with("pi"),
            object: "payment_intent",
            amount: intent.amount,
            amount_capturable: intent.capturable(),
            amount_received: intent.taken().0,
            canceled_at,
            cancellation_reason,
            capture_method: intent.capture,
            client_secret: format!("pi_{0}_secret_{0}", intent.serial),
            confirmation_method: "automatic",
            created: intent.created.seconds(),
            currency: intent.currency,
            description: intent.description.clone(),
            // A declined card is not kept on the intent; the error is where it can still be seen.
            payment_method: intent.declined().is_none().then(|| method.id.clone()),
            last_payment_error: intent
                .declined()
                .map(|decline| Box::new(GatewayError::last_of(decline, &method))),
            latest_charge: intent.charge_attempted.then(|| intent.serial.with("ch")),
            livemode: false,
            metadata: intent.metadata.clone(),
            next_action,
            payment_method_types: ["card"],
            status,
        }
    }
}

/// As much of a payment method as errors show. Each use of a test card makes one, as with Stripe.
#[derive(Clone, Debug, Serialize)]
pub struct PaymentMethodView {
    id: String,
    object: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
    card: CardView,
}

#[derive(Clone, Debug, Serialize)]
struct CardView {
    brand: &'static str,
    last4: &'static str,
}

impl PaymentMethodView {
    /// The payment method made from `card` for one intent.
    #[must_use]
    pub fn of(intent: &IdSerial, card: &TestCard) -> Self {
        let card = CardView {
            brand: card.brand,
            last4: card.last4,
        };
        Self {
            id: intent.with("pm"),
            object: "payment_method",
            kind: "card",
            card,
        }
    }
}

/// Source: <https://docs.stripe.com/api/refunds/object>.
#[derive(Clone, Debug, Serialize)]
pub struct RefundView {
    /// `re_…`.
    pub id: String,
    object: &'static str,
    amount: Amount,
    charge: String,
    created: u64,
    currency: Currency,
    metadata: Metadata,
    payment_intent: String,
    reason: Option<String>,
    status: &'static str,
}

impl RefundView {
    /// The refund.
    #[must_use]
    pub fn of(refund: &Refund) -> Self {
        Self {
            id: refund.serial.with("re"),
            object: "refund",
            amount: refund.amount,
            charge: refund.intent.with("ch"),
            created: refund.created.seconds(),
            currency: refund.currency,
            metadata: refund.metadata.clone(),
            payment_intent: refund.intent.with("pi"),
            reason: refund.reason.clone(),
            status: "succeeded",
        }
    }
}
