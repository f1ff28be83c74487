//! How a join is scored: what is known of it is gathered, the rules in [`stanchion_shared::score`] weigh it.

use futures_util::future::join;
use http::header;
use stanchion_shared::{
    identity::{EventKey, Tag},
    score::{
        Evidence, Score, Sightings, Work,
        sighting::{FingerprintScope, Sighted},
        signals::Signals,
    },
    standing::Snapshot,
    timestamp::UnixMillis,
    wire::JoinRequest,
};

use super::{
    answer::{Refusal, sentence},
    captcha::Proved,
    reputation,
};
use crate::platform::{HttpRequest, Platform, Sight, StoreError};

/// Who asks, as far as the score must know.
#[derive(Clone, Copy)]
pub(super) struct Joining<'a> {
    pub(super) request: &'a HttpRequest,
    pub(super) asked: &'a JoinRequest,
    pub(super) snapshot: &'a Snapshot,
    pub(super) key: &'a EventKey,
    pub(super) tag: Tag,
}

/// What the page saw, if the client sent it.
pub(super) fn signals(asked: &JoinRequest) -> Result<Option<Signals>, Refusal> {
    let parsed = asked.signals.as_ref().map(Signals::parse).transpose();
    parsed.map_err(|problem| Refusal::new(422, "signals_malformed", sentence(&problem)))
}

/// The score of a join.
pub(super) async fn score<P: Platform>(
    platform: &P,
    joining: Joining<'_>,
    signals: Option<Signals>,
    proved: Proved,
) -> Score {
    let (table, sightings) = join(reputation::table(platform), sightings(platform, joining)).await;
    let address = platform.client_address(joining.request);
    let work = match proved {
        Proved::Work(solved) => Some(Work {
            number: solved.number,
            took_ms: platform.now().since(solved.issued_at),
        }),
        Proved::ByProvider(_) | Proved::Unproved(_) => None,
    };
    let evidence = Evidence {
        reputation: table.of(address, platform.client_system(joining.request)),
        fingerprint_known_bad: table.is_bad_fingerprint(&joining.asked.device_fingerprint),
        sightings,
        signals,
        work,
        captcha_unproved: matches!(proved, Proved::Unproved(_)),
    };
    evidence.score(&joining.snapshot.config.policy.bots)
}

/// Who else used the same things. A store that does not answer refuses nobody: the score goes on without, and says so.
async fn sightings<P: Platform>(platform: &P, joining: Joining<'_>) -> Sightings {
    let Joining {
        asked, snapshot, key, ..
    } = joining;
    let policy = &snapshot.config.policy.bots;
    let address = platform.client_address(joining.request);
    let scope: FingerprintScope = policy.fingerprint_counts;
    let device = Sighted::fingerprint(key, &asked.device_fingerprint, scope, address);
    let address = address.and_then(|address| Sighted::address(key, address));
    let (fingerprint, address) = join(
        sight(platform, joining, device, policy.accounts_per_fingerprint),
        sight(platform, joining, address, policy.accounts_per_address),
    )
    .await;
    Sightings {
        unavailable: fingerprint.is_err() || address.is_err(),
        fingerprint: fingerprint.unwrap_or_default(),
        address: address.unwrap_or_default(),
    }
}

/// One more than is allowed has to be told apart.
async fn sight<P: Platform>(
    platform: &P,
    joining: Joining<'_>,
    sighted: Option<Sighted>,
    allowed: u16,
) -> Result<Option<u16>, StoreError> {
    let Some(sighted) = sighted else {
        return Ok(None);
    };
    let shard = sighted.shard(joining.snapshot.shards());
    let sight = Sight {
        sighted,
        tag: joining.tag,
        most: allowed.saturating_add(1),
    };
    platform.sight(&joining.snapshot.event_id, shard, sight).await.map(Some)
}

/// What who is refused reads, and for how long.
pub(super) fn refused(score: &Score, until: UnixMillis, now: UnixMillis) -> Refusal {
    let seconds = until.since(now).div_ceil(1000).max(1);
    Refusal::new(403, "refused_as_bot", score.refusal()).with(header::RETRY_AFTER, seconds.to_string())
}
