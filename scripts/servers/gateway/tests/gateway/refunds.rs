//! Refunds.

use reqwest::StatusCode;

use crate::running::Running;

#[tokio::test]
async fn a_refund_gives_back_all_that_was_captured() {
    let gateway = Running::start().await;
    let id = gateway.captured("5000").await;
    let reply = gateway
        .refund(&[
            ("payment_intent", &id),
            ("reason", "requested_by_customer"),
            ("metadata[order_id]", "7"),
        ])
        .await;
    assert_eq!(reply.status, StatusCode::OK);
    assert!(reply.id().starts_with("re_"));
    assert_eq!(
        (reply.text("object"), reply.text("status")),
        ("refund".into(), "succeeded".into())
    );
    assert_eq!(reply.body["amount"], 5000);
    assert_eq!(reply.text("payment_intent"), id);
    assert_eq!(reply.text("reason"), "requested_by_customer");
    assert_eq!(reply.body["metadata"]["order_id"], "7");
    assert_eq!(gateway.ledger().await["intents"][0]["refunded"], 5000);
}

#[tokio::test]
async fn refunds_add_up_to_what_was_captured_and_no_further() {
    let gateway = Running::start().await;
    let id = gateway.authorized("5000").await;
    gateway.capture(&id, &[("amount_to_capture", "3000")]).await;
    assert_eq!(
        gateway
            .refund(&[("payment_intent", &id), ("amount", "3001")])
            .await
            .error()
            .0,
        400
    );
    assert_eq!(
        gateway.refund(&[("payment_intent", &id), ("amount", "1")]).await.body["amount"],
        1
    );
    assert_eq!(
        gateway
            .refund(&[("payment_intent", &id), ("amount", "3000")])
            .await
            .error()
            .0,
        400
    );
    assert_eq!(
        gateway
            .refund(&[("payment_intent", &id), ("amount", "2998")])
            .await
            .body["amount"],
        2998
    );
    assert_eq!(
        gateway.refund(&[("payment_intent", &id)]).await.body["amount"],
        1,
        "the rest"
    );
    for params in [
        vec![("payment_intent", id.as_str())],
        vec![("payment_intent", id.as_str()), ("amount", "1")],
    ] {
        let reply = gateway.refund(&params).await;
        assert_eq!(
            reply.error(),
            (400, "invalid_request_error", Some("charge_already_refunded"))
        );
    }
    assert_eq!(gateway.ledger().await["intents"][0]["refunded"], 3000);
}

#[tokio::test]
async fn what_was_not_captured_cannot_be_refunded() {
    let gateway = Running::start().await;
    let held = gateway.authorized("5000").await;
    assert_eq!(
        gateway.refund(&[("payment_intent", &held)]).await.error(),
        (400, "invalid_request_error", None)
    );
    gateway.cancel(&held, &[]).await;
    assert_eq!(
        gateway.refund(&[("payment_intent", &held)]).await.error(),
        (400, "invalid_request_error", None)
    );
}

#[tokio::test]
async fn refunds_name_an_intent_and_know_their_words() {
    let gateway = Running::start().await;
    let id = gateway.captured("5000").await;
    assert_eq!(gateway.refund(&[]).await.error().2, Some("parameter_missing"));
    assert_eq!(
        gateway.refund(&[("payment_intent", "pi_none")]).await.error().2,
        Some("resource_missing")
    );
    assert_eq!(
        gateway
            .refund(&[("payment_intent", &id), ("reason", "because")])
            .await
            .error()
            .0,
        400
    );
    assert_eq!(
        gateway
            .refund(&[("payment_intent", &id), ("amount", "0")])
            .await
            .error()
            .0,
        400
    );
    assert_eq!(
        gateway
            .refund(&[("payment_intent", &id), ("ammount", "10")])
            .await
            .error()
            .2,
        Some("parameter_unknown")
    );
}

#[tokio::test]
async fn refunds_are_listed_by_intent_newest_first() {
    let gateway = Running::start().await;
    let (first, second) = (gateway.captured("5000").await, gateway.captured("5000").await);
    let mut made = Vec::new();
    for (id, amount) in [(&first, "100"), (&second, "200"), (&first, "300")] {
        made.push(gateway.refund(&[("payment_intent", id), ("amount", amount)]).await.id());
    }
    let ids = |reply: &crate::running::Reply| -> Vec<String> {
        reply.body["data"]
            .as_array()
            .unwrap()
            .iter()
            .map(|refund| refund["id"].as_str().unwrap().to_owned())
            .collect()
    };
    let of_first = gateway.get(&format!("/v1/refunds?payment_intent={first}")).await;
    assert_eq!(ids(&of_first), [made[2].clone(), made[0].clone()]);
    assert_eq!(of_first.body["has_more"], false);
    assert_eq!(ids(&gateway.get("/v1/refunds").await).len(), 3);
    let page = gateway.get("/v1/refunds?limit=2").await;
    assert_eq!((ids(&page).len(), &page.body["has_more"]), (2, &true.into()));
    let rest = gateway
        .get(&format!("/v1/refunds?limit=2&starting_after={}", made[1]))
        .await;
    assert_eq!(
        (ids(&rest), &rest.body["has_more"]),
        (vec![made[0].clone()], &false.into())
    );
    assert_eq!(
        gateway.get("/v1/refunds?payment_intent=pi_none").await.error().2,
        Some("resource_missing")
    );
    assert_eq!(
        gateway.get("/v1/refunds?starting_after=re_none").await.error().2,
        Some("resource_missing")
    );
}
