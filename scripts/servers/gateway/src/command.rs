//! A request that changes something, once it is valid. Nothing here looks at what the gateway holds.

use crate::cards::{self, TestCard};
use crate::error::GatewayError;
use crate::faults::Operation;
use crate::metadata::Metadata;
use crate::money::{Amount, Currency};
use crate::params::Params;

/// What a path says is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WriteTarget {
    /// `POST /v1/payment_intents`.
    Create,
    /// `POST /v1/payment_intents/{id}/capture`.
    Capture(String),
    /// `POST /v1/payment_intents/{id}/cancel`.
    Cancel(String),
    /// `POST /v1/refunds`.
    Refund,
}

impl WriteTarget {
    /// What faults know it as.
    #[must_use]
    pub fn operation(&self) -> Operation {
        match self {
            Self::Create => Operation::Authorize,
            Self::Capture(_) => Operation::Capture,
            Self::Cancel(_) => Operation::Cancel,
            Self::Refund => Operation::Refund,
        }
    }

    /// The path, which is what an idempotency key belongs to.
    #[must_use]
    pub fn endpoint(&self) -> String {
        match self {
            Self::Create => "/v1/payment_intents".to_owned(),
            Self::Capture(id) => format!("/v1/payment_intents/{id}/capture"),
            Self::Cancel(id) => format!("/v1/payment_intents/{id}/cancel"),
            Self::Refund => "/v1/refunds".to_owned(),
        }
    }
}

/// A valid request.
#[derive(Debug)]
pub enum GatewayCommand {
    /// Creates and confirms an intent.
    Create(NewIntent),
    /// Captures all that is held, or a part of it and gives back the rest.
    Capture {
        /// Of the intent.
        id: String,
        /// `None`: all of it.
        amount: Option<Amount>,
    },
    /// Gives up an intent; what is held is given back.
    Cancel {
        /// Of the intent.
        id: String,
        /// As the caller said.
        reason: Option<CancellationReason>,
    },
    /// Gives back captured money.
    Refund(NewRefund),
}

/// An intent to create and to confirm at once.
#[derive(Debug)]
pub struct NewIntent {
    /// At least [`Amount::LEAST_CHARGE`].
    pub amount: Amount,
    /// Of the amount.
    pub currency: Currency,
    /// To be charged.
    pub card: &'static TestCard,
    /// When.
    pub capture: CaptureMethod,
    /// The holder is not there to authenticate.
    pub off_session: bool,
    /// Free text.
    pub description: Option<String>,
    /// By which the intent can be found later.
    pub metadata: Metadata,
}

/// A refund to make.
#[derive(Debug)]
pub struct NewRefund {
    /// Id of the intent.
    pub intent: String,
    /// `None`: all that is left.
    pub amount: Option<Amount>,
    /// One of Stripe's words.
    pub reason: Option<String>,
    /// By which the refund can be found later.
    pub metadata: Metadata,
}

/// When an approved amount is taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptureMethod {
    /// At once.
    Automatic,
    /// At once as far as this gateway is concerned; Stripe's default.
    AutomaticAsync,
    /// When the capture is asked for.
    Manual,
}

/// Why an intent was given up.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CancellationReason {
    /// Made twice.
    Duplicate,
    /// Suspected fraud.
    Fraudulent,
    /// The fan asked for it.
    RequestedByCustomer,
    /// The fan went away.
    Abandoned,
}

impl GatewayCommand {
    /// Reads what is asked of `target`.
    ///
    /// # Errors
    /// Stripe's error for the first parameter that is missing, invalid or unknown.
    pub fn parse(target: WriteTarget, params: Params) -> Result<Self, GatewayError> {
        match target {
            WriteTarget::Create => create(params).map(Self::Create),
            WriteTarget::Capture(id) => capture(id, params),
            WriteTarget::Cancel(id) => cancel(id, params),
            WriteTarget::Refund => refund(params).map(Self::Refund),
        }
    }
}

fn create(mut params: Params) -> Result<NewIntent, GatewayError> {
    let amount = Amount::parse("amount", &params.require("amount")?)?;
    if amount < Amount::LEAST_CHARGE {
        let message = format!("Amount must be at least {} minor units.", Amount::LEAST_CHARGE.get());
        return Err(GatewayError::invalid_param("amount", "amount_too_small", message));
    }
    let currency = Currency::parse(&params.require("currency")?)?;
    let capture = match params.take("capture_method")?.as_deref() {
        None | Some("automatic_async") => CaptureMethod::AutomaticAsync,
        Some("automatic") => CaptureMethod::Automatic,
        Some("manual") => CaptureMethod::Manual,
        Some(_) => return Err(not_one_of("capture_method", "automatic, automatic_async, or manual")),
    };
    if !params.take_bool("confirm")? {
        let message = "This gateway only speaks of intents that are confirmed as they are created: pass confirm=true.";
        return Err(GatewayError::invalid_request(message).about("confirm"));
    }
    let Some(token) = params.take("payment_method")? else {
        let message = "You cannot confirm this PaymentIntent because it's missing a payment method.";
        return Err(GatewayError::unexpected_state(message));
    };
    let card = cards::find(&token).ok_or_else(|| GatewayError::no_such("PaymentMethod", &token, "payment_method"))?;
    payable_by_card(&mut params)?;
    let new = NewIntent {
        amount,
        currency,
        card,
        capture,
        off_session: params.take_bool("off_session")?,
        description: params.take("description")?,
        metadata: params.take_metadata()?,
    };
    params.ignore(&[
        "confirmation_method",
        "receipt_email",
        "return_url",
        "statement_descriptor_suffix",
        "shipping",
    ]);
    params.finish()?;
    Ok(new)
}

/// Stripe's rule that most surprises: an intent confirmed from a server without a `return_url` must exclude payment
/// methods that redirect. Kept here, so that what passes here passes there.
fn payable_by_card(params: &mut Params) -> Result<(), GatewayError> {
    let types = params.take_group("payment_method_types");
    let automatic = params.take_group("automatic_payment_methods");
    let says = |name: &str, value: &str| automatic.iter().any(|(key, held)| key == name && held == value);
    if !types.is_empty() {
        if says("enabled", "true") {
            let message =
                "You may only specify one of these parameters: automatic_payment_methods, payment_method_types.";
            return Err(GatewayError::invalid_request(message));
        }
        if !types.iter().any(|(_, held)| held == "card") {
            let message = "The payment_method is a card, which payment_method_types does not include.";
            return Err(GatewayError::invalid_request(message).about("payment_method_types"));
        }
        return Ok(());
    }
    if says("allow_redirects", "never") || params.take("return_url")?.is_some() {
        return Ok(());
    }
    Err(GatewayError::invalid_request(
        "This PaymentIntent accepts payment methods that might redirect your customer, so a `return_url` is needed. \
         To accept none that redirect, pass payment_method_types[]=card, or automatic_payment_methods[enabled]=true \
         and automatic_payment_methods[allow_redirects]=never.",
    ))
}

fn capture(id: String, mut params: Params) -> Result<GatewayCommand, GatewayError> {
    let amount = optional_amount("amount_to_capture", &mut params)?;
    params.ignore(&["statement_descriptor", "statement_descriptor_suffix"]);
    params.finish()?;
    Ok(GatewayCommand::Capture { id, amount })
}

fn cancel(id: String, mut params: Params) -> Result<GatewayCommand, GatewayError> {
    let reason = match params.take("cancellation_reason")?.as_deref() {
        None => None,
        Some("duplicate") => Some(CancellationReason::Duplicate),
        Some("fraudulent") => Some(CancellationReason::Fraudulent),
        Some("requested_by_customer") => Some(CancellationReason::RequestedByCustomer),
        Some("abandoned") => Some(CancellationReason::Abandoned),
        Some(_) => {
            let words = "duplicate, fraudulent, requested_by_customer, or abandoned";
            return Err(not_one_of("cancellation_reason", words));
        }
    };
    params.finish()?;
    Ok(GatewayCommand::Cancel { id, reason })
}

fn refund(mut params: Params) -> Result<NewRefund, GatewayError> {
    let intent = params.require("payment_intent")?;
    let amount = optional_amount("amount", &mut params)?;
    let reason = params.take("reason")?;
    if !matches!(
        reason.as_deref(),
        None | Some("duplicate" | "fraudulent" | "requested_by_customer")
    ) {
        return Err(not_one_of("reason", "duplicate, fraudulent, or requested_by_customer"));
    }
    let metadata = params.take_metadata()?;
    params.finish()?;
    Ok(NewRefund {
        intent,
        amount,
        reason,
        metadata,
    })
}

fn optional_amount(name: &str, params: &mut Params) -> Result<Option<Amount>, GatewayError> {
    params.take(name)?.map(|text| Amount::parse(name, &text)).transpose()
}

fn not_one_of(name: &str, words: &str) -> GatewayError {
    GatewayError::invalid_request(format!("Invalid {name}: must be one of {words}")).about(name)
}
