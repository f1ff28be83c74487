//! Gathers the evidence by which a join is scored; the rules in [`stanchion_shared::score`] weigh
//! it and have the thresholds. The event's policy has what an admin can set.
//!
//! The fingerprint and the address of a join are noted once it gave a number, and not before. A
//! join that is refused, or that finds the ticket its person already holds, must not count against
//! others at the same address.

use futures_util::future::{join, join_all};
use http::header;
use stanchion_shared::{
    ids::{EventKey, Tag},
    policy::BotPolicy,
    score::{
        Evidence, IdentifierReuse, REFUSAL, Score, SolvedWork,
        identifier_reuse::Identifier,
        sharing::{AccountKind, NetworkReview},
        signals::Signals,
    },
    snapshot::Snapshot,
    timestamp::UnixMillis,
    wire::JoinRequest,
};

use super::{
    captcha::CaptchaProof,
    reputation::{self, AddressTable},
};
use crate::{
    app::{
        cache::asking,
        http::refusal::{Refusal, sentence},
    },
    platform::{HttpRequest, IDENTIFIERS_KEPT_MS, IdentifierUse, IdentifierUsers, Platform, QueueStore, StoreError},
};

/// A join, as far as the score must know it.
#[derive(Clone, Copy)]
pub(crate) struct JoinAttempt<'a> {
    pub(crate) request: &'a HttpRequest,
    /// As the page computed it; empty where there is none.
    pub(crate) device_fingerprint: &'a str,
    pub(crate) snapshot: &'a Snapshot,
    pub(crate) key: &'a EventKey,
    pub(crate) tag: Tag,
    /// What the issuer of the account says of its past.
    pub(crate) account: Option<AccountKind>,
    /// When the request came. The time that the edge then needs does not count as the solver's.
    pub(crate) arrived_at: UnixMillis,
}

/// The page's signals, if the client sent them.
///
/// # Errors
/// 422 `signals_malformed`.
pub(crate) fn signals(body: &JoinRequest) -> Result<Option<Signals>, Refusal> {
    let parsed = body.signals.as_ref().map(Signals::parse).transpose();
    parsed.map_err(|problem| Refusal::new(422, "signals_malformed", sentence(&problem)))
}

/// A score, and the identifiers to be noted once the join gave a number.
pub(crate) struct ScoredJoin {
    pub(crate) score: Score,
    pub(crate) new_uses: NewUses,
    /// See [`Join::reviewed_networks`](crate::platform::Join::reviewed_networks).
    pub(crate) reviewed_networks: Vec<Identifier>,
    /// How many people used each of the networks around the address, the narrowest first.
    people_in_networks: Vec<u32>,
}

/// A wider network may have so many times as many people as the one within it.
const WIDER_HOLDS: u32 = 4;

impl ScoredJoin {
    /// Whether the address has more people than are `allowed` at one, or a network around it has many.
    pub(crate) fn is_crowded(&self, allowed: u16) -> bool {
        let mut allowed = u32::from(allowed);
        self.people_in_networks.iter().any(|&people| {
            let is_over = people > allowed;
            allowed = allowed.saturating_mul(WIDER_HOLDS);
            is_over
        })
    }
}

/// Identifiers whose use by this person is not noted yet; see [`note_uses`].
pub(crate) struct NewUses(Vec<IdentifierUse>);

impl NewUses {
    /// Of a person who comes in without a ticket: the event counts only the accounts that join, and a
    /// network's accounts are compared with the event's.
    pub(crate) fn of_walk_in(self) -> NewUses {
        let without_account = |used: IdentifierUse| IdentifierUse { account: None, ..used };
        NewUses(self.0.into_iter().map(without_account).collect())
    }
}

/// Scores a join. Evidence that cannot be had refuses nobody: the rules say how much it counts. Without
/// a `proof` none was asked for.
pub(crate) async fn score<P: Platform>(
    platform: &P,
    attempt: JoinAttempt<'_>,
    signals: Option<Signals>,
    proof: Option<CaptchaProof>,
) -> ScoredJoin {
    let (addresses, (identifier_reuse, people_in_networks, new_uses)) = join(
        reputation::table(platform, &attempt.snapshot.event_id),
        identifier_reuse(platform, attempt),
    )
    .await;
    let (reputation, fingerprint_known_bad) = match &addresses {
        AddressTable::Known(table) => (
            table.of(
                platform.client_address(attempt.request),
                platform.client_system(attempt.request),
            ),
            table.is_bad_fingerprint(attempt.device_fingerprint),
        ),
        AddressTable::Unavailable => Default::default(),
    };
    let work = match proof {
        Some(CaptchaProof::Work(solved)) => Some(SolvedWork {
            number: solved.number,
            took_ms: attempt.arrived_at.since(solved.issued_at),
        }),
        Some(CaptchaProof::ByProvider(_) | CaptchaProof::Unproved(_)) | None => None,
    };
    let evidence = Evidence {
        reputation,
        reputation_unavailable: matches!(addresses, AddressTable::Unavailable),
        fingerprint_known_bad,
        identifier_reuse,
        account: attempt.account,
        event_accounts: attempt.snapshot.scores.accounts(),
        signals,
        work,
        captcha_unproved: matches!(proof, Some(CaptchaProof::Unproved(_))),
    };
    let score = evidence.score(&policy(platform, attempt.snapshot));
    let address = platform
        .client_address(attempt.request)
        .filter(|_| evidence.is_reviewed());
    ScoredJoin {
        score,
        new_uses,
        reviewed_networks: address.map_or_else(Vec::new, |address| Identifier::networks(attempt.key, address)),
        people_in_networks,
    }
}

/// The event's bot policy. In front of a protected site people join from a waiting page, which
/// gathers no signals.
fn policy<P: Platform>(platform: &P, snapshot: &Snapshot) -> BotPolicy {
    let policy = snapshot.settings.policy.bots.clone();
    BotPolicy {
        apps_without_signals: policy.apps_without_signals || !platform.config().sites.is_of_shop(&snapshot.event_id),
        ..policy
    }
}

/// How many people used the same fingerprint, and the networks around the address. If a store does
/// not answer, the score does without it and says so.
async fn identifier_reuse<P: Platform>(platform: &P, attempt: JoinAttempt<'_>) -> (IdentifierReuse, Vec<u32>, NewUses) {
    let JoinAttempt {
        device_fingerprint,
        snapshot,
        key,
        ..
    } = attempt;
    let policy = &snapshot.settings.policy.bots;
    let address = platform.client_address(attempt.request);
    let device = Identifier::fingerprint(key, device_fingerprint, policy.fingerprint_counts, address);
    let networks = address.map(|address| Identifier::networks(key, address));
    // One more person than the policy allows must be counted by name.
    let identifier_use = |identifiers: Vec<Identifier>, allowed: u16| {
        (!identifiers.is_empty()).then(|| IdentifierUse {
            identifiers,
            tag: attempt.tag,
            account: attempt.account,
            most: allowed.saturating_add(1),
            kept_ms: kept_ms(snapshot, platform.now()),
        })
    };
    let device = identifier_use(device.into_iter().collect(), policy.accounts_per_fingerprint);
    let networks = identifier_use(networks.unwrap_or_default(), policy.accounts_per_address);
    let (of_device, of_networks) = join(users(platform, snapshot, &device), users(platform, snapshot, &networks)).await;
    let identifier_reuse = IdentifierReuse {
        unavailable: of_device.is_err() || of_networks.is_err(),
        fingerprint: first_people(&of_device),
        address: first_people(&of_networks),
        networks: of_networks.iter().flatten().map(|users| users.accounts).collect(),
    };
    let people_in_networks = of_networks.iter().flatten().map(|users| users.people).collect();
    let is_new = |users: Result<Vec<IdentifierUsers>, StoreError>| {
        users.is_ok_and(|users| users.iter().any(|users| !users.is_noted))
    };
    let new_uses = [
        device.filter(|_| is_new(of_device)),
        networks.filter(|_| is_new(of_networks)),
    ];
    let new_uses = NewUses(new_uses.into_iter().flatten().collect());
    (identifier_reuse, people_in_networks, new_uses)
}

fn kept_ms(snapshot: &Snapshot, now: UnixMillis) -> u64 {
    snapshot.settings.on_sale_time.since(now) + IDENTIFIERS_KEPT_MS
}

/// Looks again at the networks of a new account's join, when its turn has come. A network whose shard
/// does not answer says nothing against it, as at the join.
pub(crate) async fn review<P: Platform>(
    platform: &P,
    snapshot: &Snapshot,
    tag: Tag,
    networks: Vec<Identifier>,
) -> NetworkReview {
    let asked = (!networks.is_empty()).then_some(IdentifierUse {
        identifiers: networks,
        tag,
        // Nobody is added to those who joined: the account is among them.
        account: None,
        most: 0,
        kept_ms: 0,
    });
    let users = users(platform, snapshot, &asked).await.unwrap_or_else(|error| {
        platform.warn(&format!("the networks of a turn could not be looked at: {error}"));
        Vec::new()
    });
    let mixes: Vec<_> = users.iter().map(|users| users.accounts).collect();
    NetworkReview::of(&mixes, snapshot.scores.accounts(), &snapshot.settings.policy.bots)
}

/// How many people used the first of several identifiers; `None` if nobody knows.
fn first_people(users: &Result<Vec<IdentifierUsers>, StoreError>) -> Option<u32> {
    let users = users.as_ref().ok()?;
    users.first().map(|users| users.people)
}

/// How many people used each of some identifiers.
async fn users<P: Platform>(
    platform: &P,
    snapshot: &Snapshot,
    used: &Option<IdentifierUse>,
) -> Result<Vec<IdentifierUsers>, StoreError> {
    let Some(used) = used else {
        return Ok(Vec::new());
    };
    let shard = used.shard(snapshot.shards());
    let store = platform.store();
    let users = store.identifier_users(&snapshot.event_id, shard, used.clone());
    asking::shard(platform, &snapshot.event_id, shard, users).await
}

/// Notes the identifiers of a join that gave a number. A shard that does not answer counts one use
/// less; nobody loses their place for it.
pub(crate) async fn note_uses<P: Platform>(platform: &P, snapshot: &Snapshot, new_uses: NewUses) {
    let store = platform.store();
    let noted = new_uses.0.into_iter().map(|used| {
        let shard = used.shard(snapshot.shards());
        let noted = store.note_identifiers(&snapshot.event_id, shard, used);
        asking::shard(platform, &snapshot.event_id, shard, noted)
    });
    for error in join_all(noted).await.into_iter().filter_map(Result::err) {
        platform.warn(&format!("the identifiers of a join could not be noted: {error}"));
    }
}

/// The refusal of a join that looks like a program's. The person's shard keeps the reasons.
pub(crate) fn refused_as_bot(until: UnixMillis, now: UnixMillis) -> Refusal {
    let seconds = until.since(now).div_ceil(1000).max(1);
    Refusal::new(403, "refused_as_bot", REFUSAL).with(header::RETRY_AFTER, seconds.to_string())
}
