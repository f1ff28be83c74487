//! The public randomness that a draw waits for: which round, how it is asked for over HTTP, and
//! whether the answer is that round. The runtime brings the exchange itself. An answer is trusted
//! by its signature alone, so it does not matter which server gives it.

use http::{Method, StatusCode, header};
use serde::Deserialize;
use stanchion_shared::{
    draw::beacon::{self, BeaconRound, VerifiedRound},
    ids::Draw,
    policy::BeaconPolicy,
    timestamp::UnixMillis,
};

use super::event::EventState;
use crate::platform::{HttpRequest, HttpResponse, StoreError};

/// Longest answer that is read, in bytes; drand's have some 300.
const MAX_ANSWER_BYTES: usize = 4 * 1024;

/// `GET /{chain hash}/public/{round}` of drand's HTTP API. Its `randomness` is not read: it follows
/// from the signature.
#[derive(Deserialize)]
struct DrandRound {
    round: u64,
    signature: String,
}

/// The round of the beacon that a draw waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AwaitedRound {
    pub(crate) beacon: BeaconPolicy,
    pub(crate) round: u64,
    /// When it is out.
    pub(crate) at: UnixMillis,
}

impl EventState {
    /// The round without which a draw that has tickets cannot be drawn; `None` where no beacon was
    /// announced.
    pub(crate) fn awaited_round(&self, draw: Draw) -> Option<AwaitedRound> {
        let beacon = self.settings.policy.beacon.clone()?;
        let round = beacon.round_of_pinned(self.pinned(draw));
        let at = beacon.time_of(round);
        Some(AwaitedRound { beacon, round, at })
    }
}

/// Asks for the awaited round at `url` by `send`, and verifies the answer.
///
/// # Errors
/// The round is not out yet, the server does not answer, or its answer is not that round signed by
/// the announced network. The draw waits, and the round is asked for again.
pub(crate) async fn fetch<Sent, E>(
    awaited: &AwaitedRound,
    url: &str,
    send: impl FnOnce(HttpRequest) -> Sent,
) -> Result<VerifiedRound, StoreError>
where
    Sent: Future<Output = Result<HttpResponse, E>>,
    E: std::fmt::Display,
{
    let fault = |what: String| StoreError(format!("round {} of the beacon: {what}", awaited.round));
    let answered = send(request(awaited, url)).await;
    let answered = answered.map_err(|error| fault(format!("no answer: {error}")))?;
    read(awaited, &answered).map_err(fault)
}

fn request(awaited: &AwaitedRound, url: &str) -> HttpRequest {
    let chain = hex::encode(awaited.beacon.chain_hash.0);
    http::Request::builder()
        .method(Method::GET)
        .uri(format!("{url}/{chain}/public/{}", awaited.round))
        .header(header::ACCEPT, "application/json")
        .body(Vec::new())
        .expect("the address was checked with the configuration")
}

fn read(awaited: &AwaitedRound, answered: &HttpResponse) -> Result<VerifiedRound, String> {
    if answered.status() != StatusCode::OK {
        return Err(format!("status {}", answered.status().as_u16()));
    }
    if answered.body().len() > MAX_ANSWER_BYTES {
        return Err(format!("{} bytes", answered.body().len()));
    }
    let answer: DrandRound =
        serde_json::from_slice(answered.body()).map_err(|error| format!("the answer is none of drand's: {error}"))?;
    if answer.round != awaited.round {
        return Err(format!("the answer is round {}", answer.round));
    }
    let round = BeaconRound {
        round: answer.round,
        signature: answer.signature,
    };
    beacon::verify(&awaited.beacon, round).map_err(|fault| fault.to_string())
}
