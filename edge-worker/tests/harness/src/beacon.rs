//! Events whose draws wait for a beacon. The rounds are real ones, recorded (shared/tests/vectors/beacon.json) and served by the
//! stack's own beacon; each event's genesis makes them fall due when it draws.

use reqwest::Method;
use serde::Deserialize;
use serde_json::Value;
use stanchion_shared::{
    ids::Bytes32,
    policy::{BeaconKey, BeaconPolicy},
    timestamp::UnixMillis,
};

use crate::{Event, now, read, variable};

/// Seconds between rounds of the beacon of [`event_in`].
pub const PERIOD_S: u64 = 5;
/// From [`event_in`] to the on-sale, in seconds, unless a test needs longer: time to join.
pub const JOINING_S: u64 = 8;

/// The network of which consecutive rounds are recorded: 3, 4 and 6.
fn network() -> Value {
    let vectors: Value = serde_json::from_str(include_str!("../../../../shared/tests/vectors/beacon.json")).unwrap();
    let of_rounds_3_and_4 = |network: &&Value| network["rounds"][0]["round"] == 3 && network["rounds"][1]["round"] == 4;
    let networks = vectors["networks"].as_array().unwrap();
    networks.iter().find(of_rounds_3_and_4).unwrap().clone()
}

/// The signature of that network for a round.
#[must_use]
pub fn signature_of(round: u64) -> Value {
    let network = network();
    let rounds = network["rounds"].as_array().unwrap();
    rounds.iter().find(|one| one["round"] == round).unwrap()["signature"].clone()
}

/// An event with a beacon chain of its own, and so many seconds to join: draw 0 waits for round 3, three seconds after the
/// on-sale, and the windows of the first five seconds for round 4, eight seconds after it.
#[must_use]
pub fn event_in(joining_s: u64) -> Event {
    let mut event = Event::on_sale_in(0);
    let on_sale_s = now().0 / 1_000 + joining_s;
    event.put.settings.on_sale_time = UnixMillis(on_sale_s * 1_000);
    let mut chain_hash = [0; 32];
    let name = event.id.as_str().as_bytes();
    for (at, byte) in name.iter().enumerate() {
        chain_hash[at % 32] = u8::rotate_left(chain_hash[at % 32], 1) ^ byte;
    }
    event.put.settings.policy.beacon = Some(BeaconPolicy {
        chain_hash: Bytes32(chain_hash),
        public_key: BeaconKey::parse(network()["public_key"].as_str().unwrap()).unwrap(),
        genesis: on_sale_s + 3 - 2 * PERIOD_S,
        period: PERIOD_S,
        ..BeaconPolicy::quicknet()
    });
    event
}

/// An event's chain at the stack's beacon.
pub struct Source {
    url: String,
    http: reqwest::Client,
}

/// One request that reached the beacon.
#[derive(Debug, Deserialize)]
pub struct Asked {
    /// For this round.
    pub round: u64,
    /// When it came, ms since 1970.
    pub at: u64,
}

impl Source {
    /// The chain that `event` announced.
    #[must_use]
    pub fn of(event: &Event) -> Source {
        let chain = hex::encode(event.put.settings.policy.beacon.as_ref().unwrap().chain_hash.0);
        Source {
            url: format!("{}/{chain}", variable("STANCHION_BEACON_URL")),
            http: reqwest::Client::new(),
        }
    }

    /// Everything that was asked so far.
    pub async fn asked(&self) -> Vec<Asked> {
        read(self.http.get(format!("{}/asked", self.url)).send().await.unwrap()).await
    }

    /// Sets the answers to the next requests, which are not the round: a list of `{status, body, after_ms}`.
    pub async fn answers_next(&self, answers: &Value) {
        let put = self.http.request(Method::PUT, format!("{}/next", self.url));
        read::<Value>(put.json(answers).send().await.unwrap()).await;
    }
}
