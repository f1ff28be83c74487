//! What the edge publishes for everybody: keys, the live snapshot, the schedule, draw records and logs. The requests
//! carry no token.

use reqwest::{Method, StatusCode};
use serde::de::DeserializeOwned;
use stanchion_shared::{
    draw::{digest::parse_log, record::SignedRecord},
    ids::{Draw, EventId, Shard, Tag, Tier},
    jose::VerifyingKeys,
    schedule::Segment,
    timestamp::UnixMillis,
    wire::{DrawsAnswer, QueueAnswer, ScheduleAnswer, WINDOWS_PER_PAGE},
};

/// The edge did not publish what it should.
#[derive(Debug, thiserror::Error)]
pub enum PublicDataError {
    /// It could not be reached.
    #[error("{what}: {error}")]
    Http {
        /// What was asked for.
        what: &'static str,
        /// What went wrong.
        error: reqwest::Error,
    },
    /// The answer is none that is in the API.
    #[error("{what}: {found}")]
    Unexpected {
        /// What was asked for.
        what: &'static str,
        /// Status and beginning of the answer, or what the parser said.
        found: String,
    },
}

/// All chunks of `GET …/schedule/{n}` together.
#[derive(Clone, Debug)]
pub struct PublicSchedule {
    /// Oldest first.
    pub segments: Vec<Segment>,
    /// The curve is flat from here on.
    pub lease_until: Option<UnixMillis>,
}

/// A shard and its log of one draw: tier and tag of each queue ticket, in the order of the joins.
pub type ShardLog = (Shard, Vec<(Tier, Tag)>);

/// A closed draw with everything there is to check it.
pub struct ClosedDraw {
    /// As it was published.
    pub record: SignedRecord,
    /// Of every shard with queue tickets in the draw.
    pub logs: Vec<ShardLog>,
}

/// How often a read that failed is tried again, a second apart.
const TRIES: u32 = 30;

/// Reads one event's public part.
#[derive(Clone)]
pub struct PublicData {
    http: reqwest::Client,
    edge: String,
    event: EventId,
}

impl PublicData {
    /// Of `event` at the edge's address `edge`, which has no slash at its end.
    pub fn new(edge: &str, event: &EventId) -> PublicData {
        PublicData {
            http: reqwest::Client::new(),
            edge: edge.to_owned(),
            event: event.clone(),
        }
    }

    /// Status and body; the edge may be restarting, so failures are tried again.
    async fn get(&self, what: &'static str, path: &str) -> Result<(StatusCode, Vec<u8>), PublicDataError> {
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
                Err(error) if tries >= TRIES => return Err(PublicDataError::Http { what, error }),
                _ => tokio::time::sleep(std::time::Duration::from_secs(1)).await,
            }
        }
    }

    async fn json<T: DeserializeOwned>(&self, what: &'static str, path: &str) -> Result<T, PublicDataError> {
        let (status, body) = self.get(what, path).await?;
        if !status.is_success() {
            return Err(unexpected(what, status, &body));
        }
        serde_json::from_slice(&body).map_err(|error| PublicDataError::Unexpected {
            what,
            found: error.to_string(),
        })
    }

    /// The keys that sign records, receipts and shop tokens, and the set as text.
    ///
    /// # Errors
    /// The edge cannot be reached, or answers something else.
    pub async fn keys(&self) -> Result<(VerifyingKeys, String), PublicDataError> {
        let what = "/.well-known/jwks.json";
        let (status, body) = self.get(what, what).await?;
        let text = String::from_utf8_lossy(&body).into_owned();
        match VerifyingKeys::parse(&text) {
            Ok(keys) if status.is_success() => Ok((keys, text)),
            _ => Err(unexpected(what, status, &body)),
        }
    }

    /// The live snapshot.
    ///
    /// # Errors
    /// The edge cannot be reached, or answers something else.
    pub async fn queue(&self) -> Result<QueueAnswer, PublicDataError> {
        self.json("the queue's snapshot", &format!("/api/v1/events/{}/queue", self.event))
            .await
    }

    /// The schedule since the beginning: all of its chunks.
    ///
    /// # Errors
    /// The edge cannot be reached, or answers something else.
    pub async fn schedule(&self) -> Result<PublicSchedule, PublicDataError> {
        let mut whole = PublicSchedule {
            segments: Vec::new(),
            lease_until: None,
        };
        for number in 0.. {
            let path = format!("/api/v1/events/{}/schedule/{number}", self.event);
            let ScheduleAnswer { chunk, .. } = self.json("the schedule", &path).await?;
            whole.segments.extend(chunk.segments);
            whole.lease_until = chunk.lease_until;
            if chunk.is_last {
                break;
            }
        }
        Ok(whole)
    }

    /// The windows that were drawn, up to `through` if that is given.
    ///
    /// # Errors
    /// The edge cannot be reached, or answers something else.
    pub async fn drawn(&self, through: Option<Draw>) -> Result<Vec<Draw>, PublicDataError> {
        let mut draws = Vec::new();
        let mut page = Some(0);
        while let Some(number) = page {
            let path = format!("/api/v1/events/{}/draws?page={number}", self.event);
            let listed: DrawsAnswer = self.json("the list of draws", &path).await?;
            draws.extend(listed.draws);
            page = listed
                .next_page
                .filter(|next| through.is_none_or(|through| next * WINDOWS_PER_PAGE <= through.0));
        }
        draws.retain(|&draw| through.is_none_or(|through| draw <= through));
        Ok(draws)
    }

    /// Every closed draw with its logs. A window without joins has no record.
    ///
    /// # Errors
    /// The edge cannot be reached, or answers something else.
    pub async fn draws(&self) -> Result<Vec<ClosedDraw>, PublicDataError> {
        let mut draws = Vec::new();
        for draw in self.drawn(None).await? {
            let record = self.record(draw).await?;
            let logs = self.logs(&record).await?;
            draws.push(ClosedDraw { record, logs });
        }
        Ok(draws)
    }

    async fn record(&self, draw: Draw) -> Result<SignedRecord, PublicDataError> {
        let path = format!("/api/v1/events/{}/draws/{}", self.event, draw.0);
        self.json("a draw's record", &path).await
    }

    /// All records from the first draw up to `last`, in order. Which there are the edge says: one that
    /// it leaves out breaks the chain of the others.
    ///
    /// # Errors
    /// The edge cannot be reached, or answers something else.
    pub async fn records_through(&self, last: Draw) -> Result<Vec<SignedRecord>, PublicDataError> {
        let mut records = Vec::new();
        for draw in self.drawn(Some(last)).await? {
            records.push(self.record(draw).await?);
        }
        Ok(records)
    }

    /// The records of the draws after `draw`, in order, through the first for which `is_last` holds, or
    /// all that there are.
    ///
    /// # Errors
    /// The edge cannot be reached, or answers something else.
    pub async fn records_after(
        &self,
        draw: Draw,
        is_last: impl Fn(&SignedRecord) -> bool,
    ) -> Result<Vec<SignedRecord>, PublicDataError> {
        let mut records = Vec::new();
        for later in self.drawn(None).await?.into_iter().filter(|later| *later > draw) {
            records.push(self.record(later).await?);
            if records.last().is_some_and(&is_last) {
                break;
            }
        }
        Ok(records)
    }

    /// The log of one shard in a closed draw, as it is served.
    ///
    /// # Errors
    /// The edge cannot be reached, or answers something else.
    pub async fn log_of(&self, draw: Draw, shard: Shard) -> Result<Vec<u8>, PublicDataError> {
        let what = "a shard's log";
        let path = format!("/api/v1/events/{}/draws/{}/shards/{}", self.event, draw.0, shard.0);
        match self.get(what, &path).await? {
            (status, body) if status.is_success() => Ok(body),
            (status, body) => Err(unexpected(what, status, &body)),
        }
    }

    async fn logs(&self, record: &SignedRecord) -> Result<Vec<ShardLog>, PublicDataError> {
        let parse = |(shard, bytes): (Shard, Vec<u8>)| match parse_log(&bytes) {
            Some(log) => Ok((shard, log)),
            None => Err(unexpected("a shard's log", StatusCode::OK, &bytes)),
        };
        self.log_bytes(record).await?.into_iter().map(parse).collect()
    }

    /// The logs of all shards with tickets in a draw, as they are served.
    ///
    /// # Errors
    /// The edge cannot be reached, or answers something else.
    pub async fn log_bytes(&self, record: &SignedRecord) -> Result<Vec<(Shard, Vec<u8>)>, PublicDataError> {
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
            logs.push((shard, self.log_of(record.draw, shard).await?));
        }
        Ok(logs)
    }
}

fn unexpected(what: &'static str, status: StatusCode, body: &[u8]) -> PublicDataError {
    let start = String::from_utf8_lossy(&body[..body.len().min(200)]).into_owned();
    PublicDataError::Unexpected {
        what,
        found: format!("{} {start}", status.as_u16()),
    }
}
