//! Who used the same things in an event.

use stanchion_shared::score::sighting::FingerprintScope;
use stanchion_stage::{Edge, Event, refusal};

use crate::{Client, bot, counted, opened, tier};

/// Three accounts may share an address, two a fingerprint that tells single devices.
async fn narrow() -> (Edge, Event) {
    opened(|event| {
        event.put.policy.bots.accounts_per_address = 3;
        event.put.policy.bots.accounts_per_fingerprint = 2;
        event.put.policy.bots.fingerprint_counts = FingerprintScope::Everywhere;
    })
    .await
}

fn with(fingerprint: &'static str, client: Client) -> Client {
    Client { fingerprint, ..client }
}

#[tokio::test]
async fn many_accounts_at_one_address_are_noticed_and_that_alone_makes_nobody_a_suspect() {
    let (edge, event) = narrow().await;
    for phone in ["first", "second", "third", "fourth"] {
        let client = with(phone, Client::at("192.0.2.50"));
        assert_eq!(client.tier(&edge, &event).await, 1, "{phone}");
    }
    let scores = counted(&edge, &event, 4).await;
    assert_eq!(scores.get("factor.address_shared"), 1);
    assert_eq!(scores.get("score.from_0_5"), 1);
}

#[tokio::test]
async fn many_accounts_with_one_device_are_suspects_and_one_account_counts_once() {
    let (edge, event) = narrow().await;
    let device = with("one app on one phone", Client::person());
    let fan = edge.fan();
    for _ in 0..3 {
        let joined = device.join(&edge, &event, &fan).await;
        assert_eq!(tier(&edge, joined).await, 1, "the same account");
    }
    assert_eq!(device.tier(&edge, &event).await, 1);
    assert_eq!(device.tier(&edge, &event).await, 2);
}

#[tokio::test]
async fn who_leaves_the_fingerprint_out_is_counted_with_the_others_at_the_address_who_do() {
    let (edge, event) = narrow().await;
    for expected in [1, 1, 2] {
        assert_eq!(Client::at("192.0.2.60").tier(&edge, &event).await, expected);
    }
    assert_eq!(Client::at("192.0.2.61").tier(&edge, &event).await, 1);
}

#[tokio::test]
async fn who_joins_again_with_another_device_is_no_other_account_there() {
    let (edge, event) = narrow().await;
    let fans = [edge.fan(), edge.fan()];
    for (fan, own) in fans.iter().zip(["one's own phone", "the other's own phone"]) {
        let joined = with(own, Client::person()).join(&edge, &event, fan).await;
        assert_eq!(tier(&edge, joined).await, 1, "{own}");
    }
    let friends = with("a friend's phone", Client::person());
    for fan in &fans {
        let again = friends.join(&edge, &event, fan).await;
        assert_eq!(tier(&edge, again).await, 1);
    }
    for expected in [1, 1, 2] {
        assert_eq!(friends.tier(&edge, &event).await, expected);
    }
}

#[tokio::test]
async fn joins_that_were_not_accepted_count_against_nobody() {
    let (edge, event) = narrow().await;
    let device = |client| {
        with(
            "a phone that was lent",
            Client {
                address: Some("192.0.2.70".to_owned()),
                ..client
            },
        )
    };
    // Refused as programs, each another account.
    for _ in 0..4 {
        let refused = device(bot()).join(&edge, &event, &edge.fan()).await;
        assert_eq!(refusal(refused).await.1, "refused_as_bot");
    }
    // A proof that was used before, from there.
    let fan = edge.fan();
    let used = edge.solved(&event.id, &fan).await;
    let elsewhere = with("its own phone", Client::at("192.0.2.71"));
    tier(&edge, elsewhere.join_with(&edge, &event, &fan, &used).await).await;
    let again = device(Client::person()).join_with(&edge, &event, &fan, &used).await;
    assert_eq!(refusal(again).await.1, "captcha_used");
    // Two accounts are allowed to have one device, and these are the first.
    for expected in [1, 1, 2] {
        assert_eq!(device(Client::person()).tier(&edge, &event).await, expected);
    }
}
