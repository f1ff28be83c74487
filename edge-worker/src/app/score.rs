//! How a join is scored: what is known of it is gathered, the rules in [`stanchion_shared::score`] weigh it. What it used is
//! noted when it gave a number, and not before: a join that is refused must not count against others at the same address, nor
//! one that finds the ticket its person has.

use futures_util::future::{join, join_all};
use http::header;
use stanchion_shared::{
    identity::{EventKey, Tag},
    policy::BotPolicy,
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
    reputation::{self, Addresses},
};
use crate::platform::{HttpRequest, Platform, Sight, SightedBy, StoreError};

/// Who asks, as far as the score must know.
#[derive(Clone, Copy)]
pub(super) struct Joining<'a> {
    pub(super) request: &'a HttpRequest,
    pub(super) asked: &'a JoinRequest,
    pub(super) snapshot: &'a Snapshot,
    pub(super) key: &'a EventKey,
    pub(super) tag: Tag,
    /// When the join came; what it has to wait for until it is judged is not the solver's time.
    pub(super) arrived_at: UnixMillis,
}

/// What the page saw, if the client sent it.
pub(super) fn signals(asked: &JoinRequest) -> Result<Option<Signals>, Refusal> {
    let parsed = asked.signals.as_ref().map(Signals::parse).transpose();
    parsed.map_err(|problem| Refusal::new(422, "signals_malformed", sentence(&problem)))
}

/// A score, and what has to be noted once the join gave a number.
pub(super) struct Scored {
    pub(super) score: Score,
    pub(super) used: Used,
}

/// What a join used that nobody knows of yet; see [`note`].
pub(super) struct Used(Vec<Sight>);

/// The score of a join.
pub(super) async fn score<P: Platform>(
    platform: &P,
    joining: Joining<'_>,
    signals: Option<Signals>,
    proved: Proved,
) -> Scored {
    let (addresses, (sightings, used)) = join(reputation::addresses(platform), sightings(platform, joining)).await;
    let (reputation, fingerprint_known_bad) = match &addresses {
        Addresses::Known(table) => (
            table.of(
                platform.client_address(joining.request),
                platform.client_system(joining.request),
            ),
            table.is_bad_fingerprint(&joining.asked.device_fingerprint),
        ),
        Addresses::Unavailable => Default::default(),
    };
    let work = match proved {
        Proved::Work(solved) => Some(Work {
            number: solved.number,
            took_ms: joining.arrived_at.since(solved.issued_at),
        }),
        Proved::ByProvider(_) | Proved::Unproved(_) => None,
    };
    let evidence = Evidence {
        reputation,
        reputation_unavailable: matches!(addresses, Addresses::Unavailable),
        fingerprint_known_bad,
        sightings,
        signals,
        work,
        captcha_unproved: matches!(proved, Proved::Unproved(_)),
    };
    let score = evidence.score(&policy(platform, joining.snapshot));
    Scored { score, used }
}

/// The event's, but in front of a site of somebody else's people join from a waiting page that knows nothing of them.
fn policy<P: Platform>(platform: &P, snapshot: &Snapshot) -> BotPolicy {
    let policy = snapshot.config.policy.bots.clone();
    BotPolicy {
        apps_without_signals: policy.apps_without_signals || !platform.config().site_events.is_empty(),
        ..policy
    }
}

/// Who else used the same things. A store that does not answer refuses nobody: the score goes on without, and says so.
async fn sightings<P: Platform>(platform: &P, joining: Joining<'_>) -> (Sightings, Used) {
    let Joining {
        asked, snapshot, key, ..
    } = joining;
    let policy = &snapshot.config.policy.bots;
    let address = platform.client_address(joining.request);
    let scope: FingerprintScope = policy.fingerprint_counts;
    let device = Sighted::fingerprint(key, &asked.device_fingerprint, scope, address);
    let address = address.and_then(|address| Sighted::address(key, address));
    // One more than is allowed has to be told apart.
    let sight = |sighted: Option<Sighted>, allowed: u16| {
        sighted.map(|sighted| Sight {
            sighted,
            tag: joining.tag,
            most: allowed.saturating_add(1),
        })
    };
    let device = sight(device, policy.accounts_per_fingerprint);
    let address = sight(address, policy.accounts_per_address);
    let (of_device, of_address) = join(by(platform, snapshot, device), by(platform, snapshot, address)).await;
    let unknown = [(device, &of_device), (address, &of_address)];
    let unknown = unknown
        .into_iter()
        .filter_map(|(sight, by)| sight.filter(|_| matches!(by, Ok(Some(by)) if by.is_new)));
    let used = Used(unknown.collect());
    let sightings = Sightings {
        unavailable: of_device.is_err() || of_address.is_err(),
        fingerprint: of_device.ok().flatten().map(|by| by.people),
        address: of_address.ok().flatten().map(|by| by.people),
    };
    (sightings, used)
}

async fn by<P: Platform>(
    platform: &P,
    snapshot: &Snapshot,
    sight: Option<Sight>,
) -> Result<Option<SightedBy>, StoreError> {
    let Some(sight) = sight else {
        return Ok(None);
    };
    let shard = sight.sighted.shard(snapshot.shards());
    platform.sighted(&snapshot.event_id, shard, sight).await.map(Some)
}

/// Notes what a join used that gave a number. Nobody loses a place for a shard that does not answer: then it counts one less.
pub(super) async fn note<P: Platform>(platform: &P, snapshot: &Snapshot, used: Used) {
    let noted = used.0.into_iter().map(|sight| {
        let shard = sight.sighted.shard(snapshot.shards());
        platform.note(&snapshot.event_id, shard, sight)
    });
    for error in join_all(noted).await.into_iter().filter_map(Result::err) {
        platform.warn(&format!("what a join used could not be noted: {error}"));
    }
}

/// What who is refused reads, and for how long.
pub(super) fn refused(score: &Score, until: UnixMillis, now: UnixMillis) -> Refusal {
    let seconds = until.since(now).div_ceil(1000).max(1);
    Refusal::new(403, "refused_as_bot", score.refusal()).with(header::RETRY_AFTER, seconds.to_string())
}
