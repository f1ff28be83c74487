//! Identifier reuse: accounts that share a device fingerprint or an address in one event.

use std::time::Duration;

use stanchion_harness::{Edge, Event, now, refusal};
use stanchion_shared::{
    account_token::AccountRecord, policy::FingerprintScope, schedule::EFFECT_DELAY_MS,
    score::sharing::KNOWN_AFTER_SECONDS,
};

use super::{Client, bot, counted, opened, tier};

/// Three accounts may share an address, two a fingerprint that tells single devices.
async fn narrow() -> (Edge, Event) {
    opened(|event| {
        event.put.settings.policy.bots.accounts_per_address = 3;
        event.put.settings.policy.bots.accounts_per_fingerprint = 2;
        event.put.settings.policy.bots.fingerprint_counts = FingerprintScope::Everywhere;
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
async fn a_fingerprint_that_is_left_out_costs_nothing_and_says_nothing() {
    let (edge, event) = narrow().await;
    for _ in 0..3 {
        assert_eq!(Client::at("192.0.2.60").tier(&edge, &event).await, 1);
    }
    let scores = counted(&edge, &event, 3).await;
    assert_eq!(scores.get("factor.fingerprint_reused"), 0);
}

#[tokio::test]
async fn a_farm_of_new_accounts_in_one_prefix_is_behind_a_carriers_customers() {
    let (edge, event) = opened(|event| event.put.settings.policy.bots.accounts_per_address = 3).await;
    let second = now().floor_seconds();
    let new = AccountRecord {
        since: second,
        bought: false,
    };
    let month_old = AccountRecord {
        since: second - KNOWN_AFTER_SECONDS,
        bought: false,
    };
    let customer = AccountRecord {
        since: second,
        bought: true,
    };
    let joined = async |client: Client, record: AccountRecord| {
        let fan = edge.fan_with_record(record);
        tier(&edge, client.join(&edge, &event, &fan).await).await
    };
    // A carrier: one address for all of its customers, whose accounts are of every age.
    const CUSTOMERS: u64 = 40;
    let crowd = [month_old, customer, month_old, new];
    for record in crowd.into_iter().cycle().take(CUSTOMERS as usize) {
        assert_eq!(joined(with("a phone", Client::at("203.0.113.44")), record).await, 1);
    }
    counted(&edge, &event, CUSTOMERS).await;
    // The edge knows the event's accounts as the snapshot has them.
    tokio::time::sleep(Duration::from_millis(EFFECT_DELAY_MS)).await;
    // A farm: each account has a network of its own in one /48, and says what it likes.
    const FARM: u64 = 30;
    let mut tiers = Vec::new();
    for number in 0..FARM {
        let address = format!("2001:db8:{:x}:{number:x}::1", 0xbad);
        let client = Client::at(&address);
        tiers.push(joined(client, new).await);
    }
    let passed = tiers.iter().filter(|tier| **tier == 1).count();
    // Ten times as many accounts as the event has for each known one; the edge knows the event's
    // accounts some seconds later. So the limit may rise while the farm joins, and lets in one more.
    const MOST: usize = 20;
    assert!((13..=MOST).contains(&passed), "{tiers:?}");
    assert!(tiers[MOST..].iter().all(|tier| *tier == 2), "{tiers:?}");
    // An account that is known is a person's, and so is whoever joins from the carrier now.
    assert_eq!(joined(Client::at("2001:db8:bad:ffff::1"), customer).await, 1);
    assert_eq!(joined(with("a phone", Client::at("203.0.113.44")), new).await, 1);
    let scores = counted(&edge, &event, CUSTOMERS + FARM + 2).await;
    assert_eq!(scores.get("factor.new_accounts_together"), FARM - passed as u64);
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
