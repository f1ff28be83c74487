//! The time that a fan waits for the answer to a checkout.

use std::{sync::Arc, time::Instant};

use stanchion_origin::{
    checkout::{failpoints::SagaStep, http::ANSWER_AFTER},
    http::REQUEST_TIMEOUT,
};

use super::{VISA, calm_event, failpoints::AtSteps, fan_with_seats};
use crate::harness::TestOrigin;

#[tokio::test]
async fn an_order_that_does_not_end_is_answered_202_before_the_request_is_given_up() {
    let watch = Arc::new(AtSteps::default());
    let during = watch.clone();
    let (origin, _gateway) = TestOrigin::with_gateway_and(|app| app.failpoints = during).await;
    let event = origin.launch(&calm_event()).await;
    let fan = fan_with_seats(&origin, &event, &["A-1-1"]).await;
    watch.at(SagaStep::AuthorisingMarked, std::future::pending());
    let began = Instant::now();
    let (first, again) = tokio::join!(origin.checkout(&fan, "k", VISA), async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        origin.checkout(&fan, "k", VISA).await
    });
    assert!((ANSWER_AFTER..REQUEST_TIMEOUT).contains(&began.elapsed()));
    for answer in [first, again] {
        assert_eq!(answer.status, 202, "{}", answer.text);
        assert!(answer.headers.contains_key("retry-after"));
        let order = answer.json();
        assert_eq!(order["status"], "pending");
        let id = order["order_id"].as_str().unwrap();
        assert_eq!(
            origin.orders(&fan, &format!("/{id}")).await.ok(),
            order,
            "the fan can look at it"
        );
    }
}
