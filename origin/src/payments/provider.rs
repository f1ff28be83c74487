//! What a payment provider must be able to do, and what its answers mean to somebody who may neither lose a charge nor
//! charge twice.

use std::{future::Future, pin::Pin};

use stanchion_shared::{money::Minor, timestamp::UnixMillis};

/// A future that a trait object can return.
pub type Answer<'a, T> = Pin<Box<dyn Future<Output = Outcome<T>> + Send + 'a>>;

/// What is known after a call. Everything else follows from keeping these five apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// It was done.
    Done(T),
    /// The provider decided against it, for good: the fan's card was declined, or the intent is in a state that does not
    /// allow it. Nothing was charged by this call. The word says why, for instance `insufficient_funds`.
    Declined(String),
    /// Nothing was done by this call: the provider was not reached, or refused before it looked. Another provider may be
    /// tried. It says nothing about an earlier call with the same key, which may be on its way still.
    Unavailable(String),
    /// The provider failed, nothing was done, and nothing will be: not by this call, nor by any other with its key, which
    /// the failure has spent. Another provider may be tried.
    Spent(String),
    /// It may have been done: no answer, a lost answer, a fault inside the provider. Only asking again tells.
    Unknown(String),
}

impl<T> Outcome<T> {
    /// The same knowledge about another value.
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Outcome::Done(value) => Outcome::Done(change(value)),
            Outcome::Declined(word) => Outcome::Declined(word),
            Outcome::Unavailable(why) => Outcome::Unavailable(why),
            Outcome::Spent(why) => Outcome::Spent(why),
            Outcome::Unknown(why) => Outcome::Unknown(why),
        }
    }
}

/// What to authorise. The same order always asks for the same: providers refuse a key that returns with another request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Authorisation {
    /// Names the payment at the provider; its idempotency key follows from it.
    pub order_id: String,
    /// How much.
    pub amount: Minor,
    /// ISO 4217, upper case.
    pub currency: String,
    /// The provider's token of the card.
    pub token: String,
    /// When the order began, to find its payment among others.
    pub begun_at: UnixMillis,
}

/// Where a payment stands at the provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum IntentState {
    /// No money is held and none will be without a further call of ours.
    Idle,
    /// The card's bank asks its holder; money is held as soon as the holder agrees.
    AwaitsHolder,
    /// The provider is still working on it.
    Processing,
    /// The amount is held and can be captured.
    Authorised,
    /// The amount was charged.
    Captured,
    /// Over; nothing is held.
    Cancelled,
}

/// A payment at the provider.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Intent {
    /// The provider's name of it.
    pub id: String,
    /// Where it stands.
    pub state: IntentState,
}

/// A payment provider. Every call may be repeated with the same arguments and then has no further effect.
pub trait PaymentProvider: Send + Sync {
    /// Stored with the order, so that later calls reach the provider that holds the money.
    fn name(&self) -> &'static str;

    /// Holds the amount on the card. `Done` is the intent's id, and the money is held.
    fn authorise<'a>(&'a self, wanted: &'a Authorisation) -> Answer<'a, String>;

    /// Charges what `intent` holds. `Done` also if it was charged before.
    fn capture<'a>(&'a self, order_id: &'a str, intent: &'a str) -> Answer<'a, ()>;

    /// Lets go of what `intent` holds. `Done` also if nothing is held any more; `Declined` once it was charged.
    fn cancel<'a>(&'a self, order_id: &'a str, intent: &'a str) -> Answer<'a, ()>;

    /// Gives back all that `intent` charged.
    fn refund<'a>(&'a self, order_id: &'a str, intent: &'a str) -> Answer<'a, ()>;

    /// The payment of an order that was begun at `begun_at`, if the provider knows one.
    fn find<'a>(&'a self, order_id: &'a str, begun_at: UnixMillis) -> Answer<'a, Option<Intent>>;
}
