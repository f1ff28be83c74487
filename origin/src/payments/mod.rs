//! Taking money.
//!
//! - [`provider`]: what a payment provider must be able to do, and what its answers mean.
//! - [`router`]: chooses between providers without ever charging twice.
//! - [`providers`]: the list of this origin's providers.
//! - [`stripe`]: the adapter for Stripe's PaymentIntents.
//!
//! Not here: when which step is taken (that is `checkout`).
//!
//! # Adding a provider
//!
//! 1. Write `payments/<name>/` with a type that implements [`PaymentProvider`]. Keep the five
//!    [`PaymentOutcome`]s apart: the checkout charges once because the adapter never says more than
//!    it knows.
//! 2. Read its address and its key in `config.rs`.
//! 3. Add it to the list in [`providers::payment_router`]. The list's order is the order in which
//!    providers are tried.
//!
//! Orders store the provider's [`name`](PaymentProvider::name): a name must never be given to
//! another provider.

pub mod provider;
pub mod providers;
pub mod router;
pub mod stripe;

pub use provider::{Authorisation, IntentState, PaymentIntent, PaymentOutcome, PaymentProvider};
pub use router::PaymentRouter;
