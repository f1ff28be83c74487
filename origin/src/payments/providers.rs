//! The payment providers of this origin: a new one is added here.

use std::sync::Arc;

use super::{
    PaymentRouter,
    stripe::{RetryPolicy, Stripe},
};
use crate::config::Config;

/// All configured providers, in the order in which they are tried.
#[must_use]
pub fn payment_router(config: &Config, http: &reqwest::Client) -> PaymentRouter {
    let stripe = Stripe::new(
        http.clone(),
        config.stripe_url.clone(),
        config.stripe_key.clone(),
        RetryPolicy::default(),
    );
    PaymentRouter::new(vec![Arc::new(stripe)])
}
