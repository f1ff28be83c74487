//! The counters of scores that an admin sees.

use serde_json::json;
use stanchion_harness::refusal;

use super::{Client, bot, counted, opened, with};

#[tokio::test]
async fn the_control_api_counts_joins_by_tier_by_score_and_by_reason() {
    let (edge, event) = opened(|_| {}).await;
    let clock = || Client {
        signals: Some(with("deviation_ms", json!(0))),
        ..Client::default()
    };
    for client in [Client::default(), clock(), clock()] {
        client.tier(&edge, &event).await;
    }
    refusal(bot().join(&edge, &event, &edge.fan()).await).await;
    let scores = counted(&edge, &event, 4).await;
    for (counter, count) in [
        ("tier.human", 1),
        ("tier.suspect", 2),
        ("tier.refused", 1),
        ("score.from_1", 1),
        ("score.from_0_1", 2),
        ("score.from_0", 1),
        ("factor.signals_absent", 1),
        ("factor.headless_browser", 1),
        ("factor.too_regular", 3),
        ("factor.vpn", 0),
        ("factor.reputation_unavailable", 0),
    ] {
        assert_eq!(scores.get(counter), count, "{counter}");
    }
}
