//! What a payment provider must be able to do, and what its answers mean for a checkout that may
//! neither lose a charge nor charge twice. [`super`] says how a provider is added.

use std::{future::Future, pin::Pin};

use stanchion_shared::{money::Minor, timestamp::UnixMillis};

/// A future that a trait object can return.
pub type ProviderFuture<'a, T> = Pin<Box<dyn Future<Output = PaymentOutcome<T>> + Send + 'a>>;

/// What is known after a call to a provider. A checkout charges exactly once because these five are
/// kept apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentOutcome<T> {
    /// The call had its effect.
    Done(T),
    /// The provider refused for good: the fan's card was declined, or the intent is in a state that
    /// does not allow the call. This call charged nothing. The word gives the reason, for instance
    /// `insufficient_funds`.
    Declined(String),
    /// This call had no effect: the provider was not reached, or refused before it executed
    /// anything. Another provider may be tried. An earlier call with the same idempotency key may
    /// still be on its way.
    Unavailable(String),
    /// The provider failed without an effect, and the failure has spent the idempotency key: no
    /// call with this key can have an effect any more. Another provider may be tried.
    Spent(String),
    /// The call may have had its effect: there was no answer, the answer was lost, or the provider
    /// failed inside. Only another call can tell.
    Unknown(String),
}

impl<T> PaymentOutcome<T> {
    /// Applies `change` to the value of `Done`; the other outcomes stay as they are.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> PaymentOutcome<U> {
        match self {
            PaymentOutcome::Done(value) => PaymentOutcome::Done(change(value)),
            PaymentOutcome::Declined(word) => PaymentOutcome::Declined(word),
            PaymentOutcome::Unavailable(why) => PaymentOutcome::Unavailable(why),
            PaymentOutcome::Spent(why) => PaymentOutcome::Spent(why),
            PaymentOutcome::Unknown(why) => PaymentOutcome::Unknown(why),
        }
    }
}

/// What to authorise. An order always sends the same authorisation, because providers refuse an
/// idempotency key that comes with another request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorisation {
    /// Names the payment at the provider, and is the root of its idempotency keys.
    pub order_id: String,
    /// The amount to hold, in minor units of the currency.
    pub amount: Minor,
    /// ISO 4217, upper case.
    pub currency: String,
    /// The provider's token of the card.
    pub token: String,
    /// When the order began: limits the search for its payment.
    pub begun_at: UnixMillis,
}

/// The state of a payment at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntentState {
    /// No money is held, and none will be without another call from here.
    Idle,
    /// The card's bank asks the holder of the card. Money is held as soon as the holder agrees.
    AwaitsHolder,
    /// The provider is still working on it.
    Processing,
    /// The amount is held and can be captured.
    Authorised,
    /// The amount was charged.
    Captured,
    /// The payment has ended; nothing is held.
    Cancelled,
}

/// A payment at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentIntent {
    /// The provider's id of the payment.
    pub id: String,
    /// Its state.
    pub state: IntentState,
}

/// A payment provider. A call that is repeated with the same arguments has no further effect.
pub trait PaymentProvider: Send + Sync {
    /// The name that is stored with the order, so that later calls reach the provider that holds
    /// the money.
    fn name(&self) -> &'static str;

    /// Holds the amount on the card. `Done` has the intent's id.
    fn authorise<'a>(&'a self, wanted: &'a Authorisation) -> ProviderFuture<'a, String>;

    /// Charges what `intent` holds. `Done` also if an earlier call charged it.
    fn capture<'a>(&'a self, order_id: &'a str, intent: &'a str) -> ProviderFuture<'a, ()>;

    /// Cancels what `intent` holds. `Done` also if nothing is held any more; `Declined` once it
    /// was charged.
    fn cancel<'a>(&'a self, order_id: &'a str, intent: &'a str) -> ProviderFuture<'a, ()>;

    /// Refunds all that `intent` charged.
    fn refund<'a>(&'a self, order_id: &'a str, intent: &'a str) -> ProviderFuture<'a, ()>;

    /// The payment of an order that was begun at `begun_at`, if the provider knows one.
    fn find<'a>(&'a self, order_id: &'a str, begun_at: UnixMillis) -> ProviderFuture<'a, Option<PaymentIntent>>;
}
