//! Taking money: [`provider`] says what a provider must be able to do and what its answers mean, [`stripe`] speaks
//! Stripe's PaymentIntents, [`router`] chooses between providers without ever charging twice. Not here: when to do what
//! (that is `checkout`).

pub mod provider;
pub mod router;
pub mod stripe;
mod stripe_wire;

pub use provider::{Authorisation, Intent, IntentState, Outcome, PaymentProvider};
pub use router::PaymentRouter;
