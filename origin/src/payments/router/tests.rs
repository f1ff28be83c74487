use super::*;
use crate::payments::provider::ProviderFuture;

struct Fixed {
    name: &'static str,
    answer: PaymentOutcome<String>,
}

impl PaymentProvider for Fixed {
    fn name(&self) -> &'static str {
        self.name
    }
    fn authorise<'a>(&'a self, _: &'a Authorisation) -> ProviderFuture<'a, String> {
        Box::pin(async { self.answer.clone() })
    }
    fn capture<'a>(&'a self, _: &'a str, _: &'a str) -> ProviderFuture<'a, ()> {
        Box::pin(async { PaymentOutcome::Done(()) })
    }
    fn cancel<'a>(&'a self, _: &'a str, _: &'a str) -> ProviderFuture<'a, ()> {
        Box::pin(async { PaymentOutcome::Declined("charged".to_owned()) })
    }
    fn refund<'a>(&'a self, _: &'a str, _: &'a str) -> ProviderFuture<'a, ()> {
        Box::pin(async { PaymentOutcome::Done(()) })
    }
    fn find<'a>(&'a self, _: &'a str, _: UnixMillis) -> ProviderFuture<'a, Option<PaymentIntent>> {
        Box::pin(async { PaymentOutcome::Done(None) })
    }
}

fn router(first: PaymentOutcome<String>) -> PaymentRouter {
    let second = PaymentOutcome::Done("pi_second".to_owned());
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

async fn chosen(first: PaymentOutcome<String>) -> PaymentOutcome<&'static str> {
    router(first).authorise(&wanted()).await.map(|held| held.provider)
}

#[tokio::test]
async fn another_provider_is_tried_only_when_nothing_happened_at_the_first() {
    let word = || "x".to_owned();
    assert_eq!(
        chosen(PaymentOutcome::Unavailable(word())).await,
        PaymentOutcome::Done("second")
    );
    assert_eq!(
        chosen(PaymentOutcome::Spent(word())).await,
        PaymentOutcome::Done("second")
    );
    assert_eq!(
        chosen(PaymentOutcome::Done(word())).await,
        PaymentOutcome::Done("first")
    );
    assert_eq!(
        chosen(PaymentOutcome::Unknown(word())).await,
        PaymentOutcome::Unknown(word())
    );
    assert_eq!(
        chosen(PaymentOutcome::Declined(word())).await,
        PaymentOutcome::Declined(word())
    );
}

#[tokio::test]
async fn a_key_is_spent_only_if_it_is_spent_at_every_provider() {
    let (unavailable, spent) = (
        PaymentOutcome::Unavailable("x".to_owned()),
        PaymentOutcome::Spent("y".to_owned()),
    );
    for (first, second, expected) in [
        (&unavailable, &spent, &unavailable),
        (&spent, &unavailable, &unavailable),
        (&spent, &spent, &spent),
    ] {
        let answer = |name, answer: &PaymentOutcome<String>| -> Arc<dyn PaymentProvider> {
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
    fn authorise<'a>(&'a self, _: &'a Authorisation) -> ProviderFuture<'a, String> {
        Box::pin(std::future::pending())
    }
    fn capture<'a>(&'a self, _: &'a str, _: &'a str) -> ProviderFuture<'a, ()> {
        Box::pin(std::future::pending())
    }
    fn cancel<'a>(&'a self, _: &'a str, _: &'a str) -> ProviderFuture<'a, ()> {
        Box::pin(async { PaymentOutcome::Declined("charged".to_owned()) })
    }
    fn refund<'a>(&'a self, _: &'a str, _: &'a str) -> ProviderFuture<'a, ()> {
        Box::pin(std::future::pending())
    }
    fn find<'a>(&'a self, _: &'a str, _: UnixMillis) -> ProviderFuture<'a, Option<PaymentIntent>> {
        Box::pin(std::future::pending())
    }
}

#[tokio::test(start_paused = true)]
async fn no_step_outlasts_its_limit_and_what_became_of_it_is_not_known() {
    let router = PaymentRouter::new(vec![Arc::new(Silent)]);
    let began = tokio::time::Instant::now();
    assert!(matches!(router.authorise(&wanted()).await, PaymentOutcome::Unknown(_)));
    assert!(matches!(
        router.capture("silent", "o", "pi").await,
        PaymentOutcome::Unknown(_)
    ));
    assert!(matches!(
        router.undo("silent", "o", "pi").await,
        PaymentOutcome::Unknown(_)
    ));
    assert!(matches!(
        router.find("o", UnixMillis(0)).await,
        PaymentOutcome::Unknown(_)
    ));
    assert_eq!(began.elapsed().as_secs(), 4 * STEP_LIMIT.as_secs());
}

#[tokio::test]
async fn what_was_charged_already_is_given_back() {
    assert_eq!(
        router(PaymentOutcome::Done(String::new()))
            .undo("first", "o", "pi")
            .await,
        PaymentOutcome::Done(())
    );
    let gone = router(PaymentOutcome::Done(String::new()))
        .undo("third", "o", "pi")
        .await;
    assert!(matches!(gone, PaymentOutcome::Unknown(_)));
}
