//! What the edge publishes for everybody: keys, the live snapshot, the schedule, draw records and logs. No token is
//! sent.

use reqwest::{Method, StatusCode};
use serde::{Deserialize, de::DeserializeOwned};
use stanchion_shared::{
    draw::{digest::parse_log, record::SignedRecord},
    identity::{Draw, EventId, Shard, Tag, Tier},
    jose::VerifyingKeys,
    schedule::Segment,
    timestamp::UnixMillis,
    wire::QueueAnswer,
};

use super::SourceError;

/// `GET …/schedule`.
#[derive(Clone, Debug, Deserialize)]
pub(crate) struct PublicSchedule {
    pub(crate) segments: Vec<Segment>,
    pub(crate) lease_until: Option<UnixMillis>,
}

/// A shard's log.
pub(crate) type Log = (Shard, Vec<(Tier, Tag)>);

/// A closed draw with everything there is to check it.
pub(crate) struct ClosedDraw {
    pub(crate) record: SignedRecord,
    pub(crate) logs: Vec<Log>,
}

/// Windows without tickets looked at beyond the last one that could hold the last place.
const WINDOWS_BEYOND: u32 = 3;
/// How often a read that failed is tried again, a second apart.
const TRIES: u32 = 30;

/// Reads one event's public part.
#[derive(Clone)]
pub(crate) struct Public {
    http: reqwest::Client,
    edge: String,
    event: EventId,
}

impl Public {
    pub(crate) fn new(edge: &str, event: &EventId) -> Public {
        Public {
            http: reqwest::Client::new(),
            edge: edge.to_owned(),
            event: event.clone(),
        }
    }

    /// Status and body; the edge may be restarting, so failures are tried again.
    async fn get(&self, what: &'static str, path: &str) -> Result<(StatusCode, Vec<u8>), SourceError> {
        let url = format!("{}{path}", self.edge);
        let mut tries = 0;
        loop {
            tries += 1;
            let answer = match self.http.request(Method::GET, &url).send().await {
                Ok(answer) => {
                    let status = answer.status();
                    answer.bytes().await.map(|body| (status, body.to_vec()))
                }
                Err(error) => Err(error),
            };
            match answer {
                Ok((status, body)) if !status.is_server_error() || tries >= TRIES => return Ok((status, body)),
                Err(error) if tries >= TRIES => return Err(SourceError::Http { what, error }),
                _ => tokio::time::sleep(std::time::Duration::from_secs(1)).await,
            }
        }
    }

    async fn json<T: DeserializeOwned>(&self, what: &'static str, path: &str) -> Result<T, SourceError> {
        let (status, body) = self.get(what, path).await?;
        if !status.is_success() {
            return Err(unexpected(what, status, &body));
        }
        serde_json::from_slice(&body).map_err(|error| SourceError::Unexpected {
            what,
            found: error.to_string(),
        })
    }

    /// The keys that sign records, receipts and shop tokens, and the set as text.
    pub(crate) async fn keys(&self) -> Result<(VerifyingKeys, String), SourceError> {
        let what = "/.well-known/jwks.json";
        let (status, body) = self.get(what, what).await?;
        let text = String::from_utf8_lossy(&body).into_owned();
        match VerifyingKeys::parse(&text) {
            Ok(keys) if status.is_success() => Ok((keys, text)),
            _ => Err(unexpected(what, status, &body)),
        }
    }

    /// The live snapshot.
    pub(crate) async fn queue(&self) -> Result<QueueAnswer, SourceError> {
        self.json("the queue's snapshot", &format!("/api/v1/events/{}/queue", self.event))
            .await
    }

    /// The schedule since the beginning.
    pub(crate) async fn schedule(&self) -> Result<PublicSchedule, SourceError> {
        self.json("the schedule", &format!("/api/v1/events/{}/schedule", self.event))
            .await
    }

    /// Every closed draw with its logs. Numbers without a record are windows nobody joined in: 404.
    pub(crate) async fn draws(&self, queue: &QueueAnswer) -> Result<Vec<ClosedDraw>, SourceError> {
        let mut draws = Vec::new();
        let mut last_place = 0;
        let mut beyond = 0;
        for number in 0.. {
            let Some(record) = self.record(Draw(number)).await? else {
                let everybody_found = last_place >= queue.last_place;
                beyond += u32::from(everybody_found);
                // A window is a second at least: later ones cannot have closed.
                let seconds_since = queue.as_of.since(queue.on_sale_time) / 1_000;
                if (everybody_found && beyond > WINDOWS_BEYOND) || u64::from(number) > seconds_since + 1 {
                    break;
                }
                continue;
            };
            last_place = record.record.last_place();
            let logs = self.logs(&record).await?;
            draws.push(ClosedDraw { record, logs });
        }
        Ok(draws)
    }

    async fn record(&self, draw: Draw) -> Result<Option<SignedRecord>, SourceError> {
        let what = "a draw's record";
        let (status, body) = self
            .get(what, &format!("/api/v1/events/{}/draws/{}", self.event, draw.0))
            .await?;
        match status {
            StatusCode::NOT_FOUND => Ok(None),
            status if status.is_success() => {
                serde_json::from_slice(&body)
                    .map(Some)
                    .map_err(|error| SourceError::Unexpected {
                        what,
                        found: error.to_string(),
                    })
            }
            status => Err(unexpected(what, status, &body)),
        }
    }

    /// All records from the first draw up to `last`, in order.
    pub(crate) async fn records_through(&self, last: Draw) -> Result<Vec<SignedRecord>, SourceError> {
        let mut records = Vec::new();
        for number in 0..=last.0 {
            records.extend(self.record(Draw(number)).await?);
        }
        Ok(records)
    }

    async fn logs(&self, record: &SignedRecord) -> Result<Vec<Log>, SourceError> {
        let parse = |(shard, bytes): (Shard, Vec<u8>)| match parse_log(&bytes) {
            Some(log) => Ok((shard, log)),
            None => Err(unexpected("a shard's log", StatusCode::OK, &bytes)),
        };
        self.log_bytes(record).await?.into_iter().map(parse).collect()
    }

    /// The logs of all shards with tickets in a draw, as they are served.
    pub(crate) async fn log_bytes(&self, record: &SignedRecord) -> Result<Vec<(Shard, Vec<u8>)>, SourceError> {
        let what = "a shard's log";
        let record = &record.record;
        let mut shards: Vec<Shard> = record
            .tiers
            .iter()
            .flat_map(|tier| &tier.shards)
            .map(|&(shard, _)| shard)
            .collect();
        shards.sort_unstable();
        shards.dedup();
        let mut logs = Vec::with_capacity(shards.len());
        for shard in shards {
            let path = format!(
                "/api/v1/events/{}/draws/{}/shards/{}",
                self.event, record.draw.0, shard.0
            );
            let (status, body) = self.get(what, &path).await?;
            if !status.is_success() {
                return Err(unexpected(what, status, &body));
            }
            logs.push((shard, body));
        }
        Ok(logs)
    }
}

fn unexpected(what: &'static str, status: StatusCode, body: &[u8]) -> SourceError {
    let start = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
    SourceError::Unexpected {
        what,
        found: format!("{} {start}", status.as_u16()),
    }
}
