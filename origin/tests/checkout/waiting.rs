//! How long a fan waits for an answer.

use std::{sync::Arc, time::Instant};

use stanchion_origin::{
    checkout::{ANSWER_AFTER, Step},
    http::REQUEST_TIMEOUT,
};

use crate::{VISA, calm_event, fan_with_seats, stage::Stage, watching::AtSteps};

#[tokio::test]
async fn an_order_that_does_not_end_is_answered_202_before_the_request_is_given_up() {
    let watch = Arc::new(AtSteps::default());
    let during = watch.clone();
    let (stage, _gateway) = Stage::with_gateway_and(|app| app.till.watch = during).await;
    let event = stage.launch(&calm_event()).await;
    let fan = fan_with_seats(&stage, &event, &["A-1-1"]).await;
    watch.at(Step::Noted, std::future::pending());
    let began = Instant::now();
    let (first, again) = tokio::join!(stage.checkout(&fan, "k", VISA), async {
        tokio::time::sleep(std::time::Duration::from_secs(1)).await;
        stage.checkout(&fan, "k", VISA).await
    });
    assert!((ANSWER_AFTER..REQUEST_TIMEOUT).contains(&began.elapsed()));
    for answer in [first, again] {
        assert_eq!(answer.status, 202, "{}", answer.text);
        assert!(answer.headers.contains_key("retry-after"));
        let order = answer.json();
        assert_eq!(order["status"], "pending");
        let id = order["order_id"].as_str().unwrap();
        assert_eq!(
            stage.orders(&fan, &format!("/{id}")).await.ok(),
            order,
            "the fan can look at it"
        );
    }
}
