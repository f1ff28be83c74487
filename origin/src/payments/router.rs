//! Chooses the provider of a payment.
//!
//! The rule that matters: another provider is tried only when it is known that nothing happened at
//! the first. A decline is an answer and no failure, so a declined card is not tried elsewhere.

use std::{future::Future, sync::Arc, time::Duration};

use stanchion_shared::{money::Minor, timestamp::UnixMillis};

use super::provider::{Authorisation, PaymentIntent, PaymentOutcome, PaymentProvider};

/// The provider's name in orders that cost nothing: no provider takes an amount of 0.
pub const NOTHING_TO_PAY: &str = "none";

/// How long one step may take, with all its providers and retries. After that its outcome is
/// unknown.
///
/// The limit leaves time for every attempt of an adapter (see `stripe::RetryPolicy`). It is shorter
/// than the order lease under which a step is taken, so that no other worker takes the order over
/// meanwhile.
pub const STEP_LIMIT: Duration = Duration::from_secs(20);

async fn within_limit<T>(step: impl Future<Output = PaymentOutcome<T>>) -> PaymentOutcome<T> {
    tokio::time::timeout(STEP_LIMIT, step)
        .await
        .unwrap_or_else(|_| PaymentOutcome::Unknown("no certain answer in time".to_owned()))
}

/// An amount that a provider holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldPayment {
    /// [`PaymentProvider::name`].
    pub provider: &'static str,
    /// The id of the payment intent at that provider.
    pub intent: String,
}

/// All providers, the preferred one first. Each step takes at most [`STEP_LIMIT`].
pub struct PaymentRouter {
    providers: Vec<Arc<dyn PaymentProvider>>,
}

impl PaymentRouter {
    /// Takes the providers in the order in which they are tried.
    ///
    /// # Panics
    /// The list is empty.
    #[must_use]
    pub fn new(providers: Vec<Arc<dyn PaymentProvider>>) -> PaymentRouter {
        assert!(!providers.is_empty(), "at least one payment provider is needed");
        PaymentRouter { providers }
    }

    /// Holds the amount at the first provider that can be reached.
    pub async fn authorise(&self, wanted: &Authorisation) -> PaymentOutcome<HeldPayment> {
        within_limit(self.authorise_anywhere(wanted)).await
    }

    async fn authorise_anywhere(&self, wanted: &Authorisation) -> PaymentOutcome<HeldPayment> {
        if wanted.amount == Minor(0) {
            return PaymentOutcome::Done(HeldPayment {
                provider: NOTHING_TO_PAY,
                intent: String::new(),
            });
        }
        let mut no_effect = None;
        for provider in &self.providers {
            match (provider.authorise(wanted).await, no_effect.take()) {
                // A key that is spent at one provider may still be open at another.
                (PaymentOutcome::Spent(_), Some(PaymentOutcome::Unavailable(why))) => {
                    no_effect = Some(PaymentOutcome::Unavailable(why))
                }
                (PaymentOutcome::Unavailable(why), _) => no_effect = Some(PaymentOutcome::Unavailable(why)),
                (PaymentOutcome::Spent(why), _) => no_effect = Some(PaymentOutcome::Spent(why)),
                (certain, _) => {
                    return certain.map(|intent| HeldPayment {
                        provider: provider.name(),
                        intent,
                    });
                }
            }
        }
        no_effect.unwrap_or_else(|| PaymentOutcome::Unavailable("no provider".to_owned()))
    }

    /// Charges the amount that `intent` holds.
    pub async fn capture(&self, provider: &str, order_id: &str, intent: &str) -> PaymentOutcome<()> {
        if provider == NOTHING_TO_PAY {
            return PaymentOutcome::Done(());
        }
        match self.named(provider) {
            Some(provider) => within_limit(provider.capture(order_id, intent)).await,
            None => unknown_provider(provider),
        }
    }

    /// Undoes a payment: cancels it if the amount is held, refunds it if it was charged.
    pub async fn undo(&self, provider: &str, order_id: &str, intent: &str) -> PaymentOutcome<()> {
        if provider == NOTHING_TO_PAY {
            return PaymentOutcome::Done(());
        }
        let Some(provider) = self.named(provider) else {
            return unknown_provider(provider);
        };
        within_limit(async {
            match provider.cancel(order_id, intent).await {
                PaymentOutcome::Declined(_) => provider.refund(order_id, intent).await,
                outcome => outcome,
            }
        })
        .await
    }

    /// The order's payments at every provider: after a crash it is not known which one was asked
    /// last.
    pub async fn find(
        &self,
        order_id: &str,
        begun_at: UnixMillis,
    ) -> PaymentOutcome<Vec<(HeldPayment, PaymentIntent)>> {
        within_limit(self.find_everywhere(order_id, begun_at)).await
    }

    async fn find_everywhere(
        &self,
        order_id: &str,
        begun_at: UnixMillis,
    ) -> PaymentOutcome<Vec<(HeldPayment, PaymentIntent)>> {
        let mut found = Vec::new();
        for provider in &self.providers {
            match provider.find(order_id, begun_at).await {
                PaymentOutcome::Done(Some(intent)) => {
                    found.push((
                        HeldPayment {
                            provider: provider.name(),
                            intent: intent.id.clone(),
                        },
                        intent,
                    ));
                }
                PaymentOutcome::Done(None) => {}
                other => return other.map(|_| Vec::new()),
            }
        }
        PaymentOutcome::Done(found)
    }

    fn named(&self, name: &str) -> Option<&Arc<dyn PaymentProvider>> {
        self.providers.iter().find(|provider| provider.name() == name)
    }
}

/// A provider that is no longer configured still holds money: the order stays in doubt until an
/// operator looks at it.
fn unknown_provider(name: &str) -> PaymentOutcome<()> {
    PaymentOutcome::Unknown(format!("the payment provider {name} is not configured"))
}

#[cfg(test)]
mod tests;
