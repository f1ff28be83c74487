//! Chooses the provider. The rule that matters: another provider is tried only when it is known that nothing happened at
//! the first. A decline is an answer, not a failure: a declined card is not tried elsewhere.

use std::{future::Future, sync::Arc, time::Duration};

use stanchion_shared::{money::Minor, timestamp::UnixMillis};

use super::provider::{Authorisation, Intent, Outcome, PaymentProvider};

/// Stands for the provider of orders that cost nothing: no provider takes an amount of 0.
pub const NOTHING_TO_PAY: &str = "none";

/// How long one step may take, whatever providers and retries it is made of; then its outcome is not known. Enough for all
/// attempts of a patient adapter (see `stripe::Patience`), and shorter than the lease under which a step is taken, so that
/// nobody else works on the order meanwhile.
pub const STEP_LIMIT: Duration = Duration::from_secs(20);

async fn within_limit<T>(step: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    tokio::time::timeout(STEP_LIMIT, step)
        .await
        .unwrap_or_else(|_| Outcome::Unknown("no certain answer in time".to_owned()))
}

/// A held amount and who holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// [`PaymentProvider::name`].
    pub provider: &'static str,
    /// The intent there.
    pub intent: String,
}

/// All providers, the preferred one first. No step takes longer than [`STEP_LIMIT`].
pub struct PaymentRouter {
    providers: Vec<Arc<dyn PaymentProvider>>,
}

impl PaymentRouter {
    /// # Panics
    /// There is no provider at all.
    #[must_use]
    pub fn new(providers: Vec<Arc<dyn PaymentProvider>>) -> PaymentRouter {
        assert!(!providers.is_empty(), "at least one payment provider is needed");
        PaymentRouter { providers }
    }

    /// Holds the amount at the first provider that can be reached.
    pub async fn authorise(&self, wanted: &Authorisation) -> Outcome<Held> {
        within_limit(self.authorise_anywhere(wanted)).await
    }

    async fn authorise_anywhere(&self, wanted: &Authorisation) -> Outcome<Held> {
        if wanted.amount == Minor(0) {
            return Outcome::Done(Held {
                provider: NOTHING_TO_PAY,
                intent: String::new(),
            });
        }
        let mut nowhere = None;
        for provider in &self.providers {
            match (provider.authorise(wanted).await, nowhere.take()) {
                // What is spent at one provider is not spent at another.
                (Outcome::Spent(_), Some(Outcome::Unavailable(why))) => nowhere = Some(Outcome::Unavailable(why)),
                (Outcome::Unavailable(why), _) => nowhere = Some(Outcome::Unavailable(why)),
                (Outcome::Spent(why), _) => nowhere = Some(Outcome::Spent(why)),
                (certain, _) => {
                    return certain.map(|intent| Held {
                        provider: provider.name(),
                        intent,
                    });
                }
            }
        }
        nowhere.unwrap_or_else(|| Outcome::Unavailable("no provider".to_owned()))
    }

    /// Charges what is held.
    pub async fn capture(&self, provider: &str, order_id: &str, intent: &str) -> Outcome<()> {
        if provider == NOTHING_TO_PAY {
            return Outcome::Done(());
        }
        match self.named(provider) {
            Some(provider) => within_limit(provider.capture(order_id, intent)).await,
            None => unknown_provider(provider),
        }
    }

    /// Makes it as if nothing had been authorised: lets go of what is held, or gives back what was charged.
    pub async fn undo(&self, provider: &str, order_id: &str, intent: &str) -> Outcome<()> {
        if provider == NOTHING_TO_PAY {
            return Outcome::Done(());
        }
        let Some(provider) = self.named(provider) else {
            return unknown_provider(provider);
        };
        within_limit(async {
            match provider.cancel(order_id, intent).await {
                Outcome::Declined(_) => provider.refund(order_id, intent).await,
                outcome => outcome,
            }
        })
        .await
    }

    /// The order's payments at every provider: after a crash nobody knows which one was asked last.
    pub async fn find(&self, order_id: &str, begun_at: UnixMillis) -> Outcome<Vec<(Held, Intent)>> {
        within_limit(self.find_everywhere(order_id, begun_at)).await
    }

    async fn find_everywhere(&self, order_id: &str, begun_at: UnixMillis) -> Outcome<Vec<(Held, Intent)>> {
        let mut found = Vec::new();
        for provider in &self.providers {
            match provider.find(order_id, begun_at).await {
                Outcome::Done(Some(intent)) => {
                    found.push((
                        Held {
                            provider: provider.name(),
                            intent: intent.id.clone(),
                        },
                        intent,
                    ));
                }
                Outcome::Done(None) => {}
                other => return other.map(|_| Vec::new()),
            }
        }
        Outcome::Done(found)
    }

    fn named(&self, name: &str) -> Option<&Arc<dyn PaymentProvider>> {
        self.providers.iter().find(|provider| provider.name() == name)
    }
}

/// Configured no longer, but it holds money: that must be looked at, never forgotten.
fn unknown_provider(name: &str) -> Outcome<()> {
    Outcome::Unknown(format!("the payment provider {name} is not configured"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::payments::provider::Answer;

    struct Fixed {
        name: &'static str,
        answer: Outcome<String>,
    }

    impl PaymentProvider for Fixed {
        fn name(&self) -> &'static str {
            self.name
        }
        fn authorise<'a>(&'a self, _: &'a Authorisation) -> Answer<'a, String> {
            Box::pin(async { self.answer.clone() })
        }
        fn capture<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, ()> {
            Box::pin(async { Outcome::Done(()) })
        }
        fn cancel<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, ()> {
            Box::pin(async { Outcome::Declined("charged".to_owned()) })
        }
        fn refund<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, ()> {
            Box::pin(async { Outcome::Done(()) })
        }
        fn find<'a>(&'a self, _: &'a str, _: UnixMillis) -> Answer<'a, Option<Intent>> {
            Box::pin(async { Outcome::Done(None) })
        }
    }

    fn router(first: Outcome<String>) -> PaymentRouter {
        let second = Outcome::Done("pi_second".to_owned());
        PaymentRouter::new(vec![
            Arc::new(Fixed {
                name: "first",
                answer: first,
            }),
            Arc::new(Fixed {
                name: "second",
                answer: second,
            }),
        ])
    }

    fn wanted() -> Authorisation {
        Authorisation {
            order_id: "o".to_owned(),
            amount: Minor(100),
            currency: "EUR".to_owned(),
            token: "pm".to_owned(),
            begun_at: UnixMillis(0),
        }
    }

    async fn chosen(first: Outcome<String>) -> Outcome<&'static str> {
        router(first).authorise(&wanted()).await.map(|held| held.provider)
    }

    #[tokio::test]
    async fn another_provider_is_tried_only_when_nothing_happened_at_the_first() {
        let word = || "x".to_owned();
        assert_eq!(chosen(Outcome::Unavailable(word())).await, Outcome::Done("second"));
        assert_eq!(chosen(Outcome::Spent(word())).await, Outcome::Done("second"));
        assert_eq!(chosen(Outcome::Done(word())).await, Outcome::Done("first"));
        assert_eq!(chosen(Outcome::Unknown(word())).await, Outcome::Unknown(word()));
        assert_eq!(chosen(Outcome::Declined(word())).await, Outcome::Declined(word()));
    }

    #[tokio::test]
    async fn a_key_is_spent_only_if_it_is_spent_at_every_provider() {
        let (unavailable, spent) = (Outcome::Unavailable("x".to_owned()), Outcome::Spent("y".to_owned()));
        for (first, second, expected) in [
            (&unavailable, &spent, &unavailable),
            (&spent, &unavailable, &unavailable),
            (&spent, &spent, &spent),
        ] {
            let answer = |name, answer: &Outcome<String>| -> Arc<dyn PaymentProvider> {
                Arc::new(Fixed {
                    name,
                    answer: answer.clone(),
                })
            };
            let router = PaymentRouter::new(vec![answer("first", first), answer("second", second)]);
            let told = router.authorise(&wanted()).await.map(|held| held.intent);
            assert_eq!(&told, expected);
        }
    }

    /// Never answers.
    struct Silent;

    impl PaymentProvider for Silent {
        fn name(&self) -> &'static str {
            "silent"
        }
        fn authorise<'a>(&'a self, _: &'a Authorisation) -> Answer<'a, String> {
            Box::pin(std::future::pending())
        }
        fn capture<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, ()> {
            Box::pin(std::future::pending())
        }
        fn cancel<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, ()> {
            Box::pin(async { Outcome::Declined("charged".to_owned()) })
        }
        fn refund<'a>(&'a self, _: &'a str, _: &'a str) -> Answer<'a, ()> {
            Box::pin(std::future::pending())
        }
        fn find<'a>(&'a self, _: &'a str, _: UnixMillis) -> Answer<'a, Option<Intent>> {
            Box::pin(std::future::pending())
        }
    }

    #[tokio::test(start_paused = true)]
    async fn no_step_outlasts_its_limit_and_what_became_of_it_is_not_known() {
        let router = PaymentRouter::new(vec![Arc::new(Silent)]);
        let began = tokio::time::Instant::now();
        assert!(matches!(router.authorise(&wanted()).await, Outcome::Unknown(_)));
        assert!(matches!(router.capture("silent", "o", "pi").await, Outcome::Unknown(_)));
        assert!(matches!(router.undo("silent", "o", "pi").await, Outcome::Unknown(_)));
        assert!(matches!(router.find("o", UnixMillis(0)).await, Outcome::Unknown(_)));
        assert_eq!(began.elapsed().as_secs(), 4 * STEP_LIMIT.as_secs());
    }

    #[tokio::test]
    async fn what_was_charged_already_is_given_back() {
        assert_eq!(
            router(Outcome::Done(String::new())).undo("first", "o", "pi").await,
            Outcome::Done(())
        );
        let gone = router(Outcome::Done(String::new())).undo("third", "o", "pi").await;
        assert!(matches!(gone, Outcome::Unknown(_)));
    }
}
