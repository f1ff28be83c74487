//! Public data of an event: the queue, the keys, and the records and logs of closed draws.

use reqwest::{Response, StatusCode};
use stanchion_shared::{
    draw::record::SignedRecord,
    ids::{EventId, Shard, ShardCount, Tag, Tier},
    jose::VerifyingKeys,
    wire::QueueAnswer,
};

use crate::{Edge, read, until_effective};

impl Edge {
    /// The public snapshot.
    pub async fn queue(&self, event: &EventId) -> QueueAnswer {
        read(self.get(&format!("/api/v1/events/{event}/queue")).await).await
    }

    /// The edge's public keys.
    pub async fn keys(&self) -> VerifyingKeys {
        VerifyingKeys::parse(&self.get("/.well-known/jwks.json").await.text().await.unwrap()).unwrap()
    }

    /// A closed draw's record.
    pub async fn record(&self, event: &EventId, draw: u32) -> SignedRecord {
        read(
            self.of_closed_draw(&format!("/api/v1/events/{event}/draws/{draw}"))
                .await,
        )
        .await
    }

    /// The record of a draw that has been announced as closed.
    async fn of_closed_draw(&self, path: &str) -> Response {
        let response = self.get(path).await;
        if response.status() != StatusCode::NOT_FOUND {
            return response;
        }
        until_effective().await;
        self.get(path).await
    }

    /// The logs of all shards of a closed draw.
    pub async fn logs(&self, event: &EventId, draw: u32, shards: ShardCount) -> Vec<(Shard, Vec<(Tier, Tag)>)> {
        let mut logs = Vec::new();
        for shard in shards.all() {
            let response = self
                .of_closed_draw(&format!("/api/v1/events/{event}/draws/{draw}/shards/{}", shard.0))
                .await;
            assert!(response.status().is_success(), "{}", response.status());
            let bytes = response.bytes().await.unwrap();
            logs.push((
                shard,
                stanchion_shared::draw::digest::parse_log(&bytes).expect("whole entries"),
            ));
        }
        logs
    }
}
