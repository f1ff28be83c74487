//! One person, one place: whatever an account does, one ticket of it is alive.

use std::collections::BTreeSet;

use stanchion_shared::wire::{QueueStatus, ReceiptClaims};

use stanchion_harness::{Edge, Event, read, refusal};

#[tokio::test]
async fn joining_again_gives_the_same_ticket() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(60_000));
    edge.open(&event, 0).await;
    let fan = edge.fan();
    let first = edge.join(&event.id, &fan).await;
    let second = edge.join(&event.id, &fan).await;
    assert_eq!(
        (&first.queue_token, &first.receipt),
        (&second.queue_token, &second.receipt)
    );
}

#[tokio::test]
async fn joining_at_the_same_moment_from_many_tabs_gives_one_ticket() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(60_000));
    edge.open(&event, 0).await;
    let fan = edge.fan();
    let mut captchas = Vec::new();
    for _ in 0..20 {
        captchas.push(edge.solved(&event.id, &fan).await);
    }
    let joins = captchas.iter().map(|captcha| edge.join_with(&event.id, &fan, captcha));
    let mut tickets = BTreeSet::new();
    for response in join_all(joins).await {
        tickets.insert(read::<stanchion_shared::wire::JoinAnswer>(response).await.queue_token);
    }
    assert_eq!(tickets.len(), 1);
}

/// Polls all futures together; the suite needs no more of the futures crate than this.
async fn join_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.map(Box::pin).map(Some).collect();
    let mut outputs: Vec<Option<F::Output>> = futures.iter().map(|_| None).collect();
    std::future::poll_fn(|context| {
        for (slot, output) in futures.iter_mut().zip(&mut outputs) {
            if let Some(future) = slot
                && let std::task::Poll::Ready(ready) = future.as_mut().poll(context)
            {
                *output = Some(ready);
                *slot = None;
            }
        }
        if futures.iter().all(Option::is_none) {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    outputs.into_iter().flatten().collect()
}

#[tokio::test]
async fn an_account_that_joins_and_leaves_a_thousand_times_holds_one_place() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(3_600_000));
    edge.open(&event, 100).await;
    let fan = edge.fan();
    let first = edge.join(&event.id, &fan).await;
    for _ in 0..1_000 {
        let joined = edge.join(&event.id, &fan).await;
        assert_eq!(joined.queue_token, first.queue_token, "the same number is revived");
        let left: serde_json::Value = read(edge.leave(&fan, &joined.queue_token).await).await;
        assert_eq!(left["left"], true);
    }
    assert_eq!(edge.join(&event.id, &fan).await.queue_token, first.queue_token);
}

#[tokio::test]
async fn after_the_draw_leaving_gives_a_new_ticket_and_the_old_one_never_opens_the_shop() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(1_000));
    edge.open(&event, 0).await;
    let fan = edge.fan();
    let mut old = Vec::new();
    let mut current = edge.join(&event.id, &fan).await;
    edge.status_until(&fan, &current.queue_token, &[QueueStatus::Waiting])
        .await;
    for _ in 0..5 {
        read::<serde_json::Value>(edge.leave(&fan, &current.queue_token).await).await;
        old.push(current.queue_token.clone());
        current = edge.join(&event.id, &fan).await;
        edge.status_until(&fan, &current.queue_token, &[QueueStatus::Waiting])
            .await;
    }
    let stale = edge.leave(&fan, &old[0]).await;
    assert_eq!(
        refusal(stale).await,
        (409, "ticket_replaced".to_owned()),
        "an old ticket cannot give up the new one"
    );

    let go = stanchion_harness::release(event.put.version + 2, 100);
    read::<serde_json::Value>(edge.put_release(&event, &go).await).await;
    let turn = edge
        .status_until(&fan, &current.queue_token, &[QueueStatus::YourTurn])
        .await;
    assert!(turn.shop_token.is_some());
    for ticket in &old {
        let dead = edge.status(&fan, ticket).await;
        assert_eq!((dead.status, dead.shop_token), (QueueStatus::Expired, None));
    }
    // All tickets stay counted: each has its own place in the logs, only the newest is alive.
    let keys = edge.keys().await;
    let receipt: ReceiptClaims = keys.verify_claims(ReceiptClaims::TOKEN_TYPE, &current.receipt).unwrap();
    assert_eq!(turn.position, Some(6));
    assert!(receipt.draw > 0);
}
