//! An event, people and what they ask, without HTTP around it.

use std::{collections::BTreeSet, time::Duration};

use futures_util::future::join_all;
use stanchion_edge::{
    platform::{Claim, ClaimOutcome, HeldTicket, Join, JoinOutcome, PutOutcome, QueueStore},
    spin::store::{Redis, Store, Value},
};
pub(crate) use stanchion_harness::now;
use stanchion_harness::variable;
use stanchion_shared::{
    draw::{
        digest::{ShardDigest, parse_log},
        membership::Windows,
        place::place,
        record::{DrawRecord, SignedRecord},
    },
    event_settings::EventSettings,
    ids::{Bytes32, Draw, EventId, Shard, ShardCount, Tag, TicketNumber, Tier},
    jose::SigningKeys,
    policy::{BotPolicy, MAX_A_MINUTE, QueuePolicy, RateLimitPolicy},
    proof_of_work::ValidProof,
    schedule::{Rate, Stops},
    score::BotVerdict,
    snapshot::Snapshot,
    wire::{PutEvent, PutRelease},
};

pub(crate) const SHARDS: u16 = 4;
const WINDOW_MS: u64 = 400;

pub(crate) fn stack_redis() -> String {
    variable("STANCHION_REDIS_URL")
}

/// The key pair of RFC 8037, appendix A.
pub(crate) const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

pub(crate) fn signing_keys() -> SigningKeys {
    SigningKeys::parse(KEYS).unwrap()
}

pub(crate) fn random_32() -> [u8; 32] {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).unwrap();
    bytes
}

/// An event whose first put is done.
pub(crate) struct Event {
    pub(crate) id: EventId,
    pub(crate) put: PutEvent,
}

impl Event {
    pub(crate) fn on_sale_in(milliseconds: u64) -> Event {
        Event {
            id: EventId::parse(&format!("e{}", hex::encode(&random_32()[..8]))).unwrap(),
            put: PutEvent {
                version: 1,
                settings: EventSettings {
                    name: "An evening".to_owned(),
                    on_sale_time: now().plus(milliseconds),
                    shards: ShardCount::new(SHARDS).unwrap(),
                    draw_window_ms: WINDOW_MS,
                    turn_ms: 60_000,
                    shopping_ms: 60_000,
                    challenge_max_number: 1_000,
                    // These tests ask as fast as they can.
                    policy: QueuePolicy {
                        bots: BotPolicy {
                            apps_without_signals: true,
                            ..BotPolicy::default()
                        },
                        limits: RateLimitPolicy {
                            joins_per_account_a_minute: MAX_A_MINUTE,
                            joins_per_address_a_minute: MAX_A_MINUTE,
                            polls_per_ticket_a_minute: MAX_A_MINUTE,
                        },
                        ..QueuePolicy::default()
                    },
                },
            },
        }
    }

    pub(crate) async fn open<R: Redis>(self, store: &Store<'_, R>) -> Event {
        let outcome = store.put_event(&self.id, self.put.clone()).await.unwrap();
        assert!(matches!(outcome, PutOutcome::Accepted(_)), "{outcome:?}");
        self
    }

    pub(crate) fn windows(&self) -> Windows {
        Windows {
            on_sale_time: self.put.settings.on_sale_time,
            draw_window_ms: self.put.settings.draw_window_ms,
        }
    }

    /// As if the on-sale had always been announced for in so many ms: no put may move it once somebody has joined. It must
    /// have been far away.
    pub(crate) async fn on_sale_now_in<R: Redis>(&mut self, redis: &R, milliseconds: u64) {
        let key = || format!("stanchion:{{{}}}:event", self.id).into_bytes();
        let stored = redis.execute("HGET", vec![key(), b"settings".to_vec()]).await.unwrap();
        let [Value::Bytes(stored)] = &stored[..] else {
            panic!("{stored:?}");
        };
        self.put.settings.on_sale_time = now().plus(milliseconds);
        let mut stored: serde_json::Value = serde_json::from_slice(stored).unwrap();
        stored["on_sale_time"] = serde_json::json!(self.put.settings.on_sale_time);
        let stored = stored.to_string().into_bytes();
        redis
            .execute("HSET", vec![key(), b"settings".to_vec(), stored])
            .await
            .unwrap();
        let grow = vec![key(), b"revision".to_vec(), b"1".to_vec()];
        redis.execute("HINCRBY", grow).await.unwrap();
    }

    pub(crate) async fn until_closed_at(&self, draw: u32) {
        let closed_at = self.windows().closed_at(Draw(draw));
        tokio::time::sleep(Duration::from_millis(closed_at.since(now()) + 5)).await;
    }

    pub(crate) fn release(version: u64, rate: u64) -> PutRelease {
        PutRelease {
            version,
            rate_per_second: serde_json::from_value::<Rate>(serde_json::json!(rate)).unwrap(),
            lease_ms: 30_000,
            paused: false,
            sold_out: false,
            at_once: None,
        }
    }

    pub(crate) fn shard_of(&self, tag: Tag) -> Shard {
        tag.shard(self.put.settings.shards)
    }

    pub(crate) fn join_of(&self, tag: Tag) -> Join {
        Join {
            tag,
            verdict: BotVerdict::Join(Tier::Human),
            score: None,
            reviewed_networks: Vec::new(),
            proof: Some(ValidProof {
                challenge: Bytes32(random_32()),
                expires_at: now().plus(60_000),
            }),
            windows: Some(self.windows()),
            replaces: None,
            arrived_at: now(),
        }
    }

    pub(crate) async fn join<R: Redis>(&self, store: &Store<'_, R>, tag: Tag) -> HeldTicket {
        match store
            .join(&self.id, self.shard_of(tag), self.join_of(tag))
            .await
            .unwrap()
        {
            JoinOutcome::Numbered(held) | JoinOutcome::Holds(held) => held,
            other => panic!("{tag} holds nothing: {other:?}"),
        }
    }

    pub(crate) async fn join_all<R: Redis>(&self, store: &Store<'_, R>, tags: &[Tag]) -> Vec<Person> {
        let joins = tags.iter().map(|&tag| async move {
            Person {
                tag,
                shard: self.shard_of(tag),
                held: self.join(store, tag).await,
            }
        });
        join_all(joins).await
    }

    pub(crate) fn claim_of(&self, person: &Person) -> Claim {
        Claim {
            tag: person.tag,
            epoch: person.held.epoch,
            serial: person.held.serial,
            turn_at: now(),
            shopping_ms: 60_000,
            idle_ms: None,
            stops: Stops::default(),
            session: hex::encode(&random_32()[..16]),
            only_if_claimed: false,
            needs_slot: false,
            review: None,
        }
    }

    pub(crate) async fn claim<R: Redis>(&self, store: &Store<'_, R>, person: &Person) -> ClaimOutcome {
        store
            .claim(&self.id, person.shard, self.claim_of(person))
            .await
            .unwrap()
    }

    pub(crate) async fn snapshot<R: Redis>(&self, store: &Store<'_, R>) -> Snapshot {
        store.snapshot(&self.id).await.unwrap().expect("the event is there")
    }

    /// Reads snapshots until the draw is closed, as edges do.
    pub(crate) async fn until_closed<R: Redis>(&self, store: &Store<'_, R>, draw: u32) -> Snapshot {
        for _ in 0..3_000 {
            let snapshot = self.snapshot(store).await;
            if snapshot.is_closed(Draw(draw)) {
                return snapshot;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("draw {draw} does not close");
    }

    pub(crate) async fn record<R: Redis>(&self, store: &Store<'_, R>, draw: u32) -> Option<SignedRecord> {
        store.record(&self.id, Draw(draw)).await.unwrap()
    }

    /// The record of a draw, checked against signature, commitment, the record before it, and the logs of its shards.
    pub(crate) async fn checked_record<R: Redis>(
        &self,
        store: &Store<'_, R>,
        draw: u32,
        previous: Option<&DrawRecord>,
    ) -> DrawRecord {
        let snapshot = self.snapshot(store).await;
        let signed = self
            .record(store, draw)
            .await
            .expect("a closed draw with tickets has a record");
        let keys = signing_keys().verifying().unwrap();
        signed.check(&keys, &snapshot.announcement(), previous).unwrap();
        let mut logs = Vec::new();
        for shard in self.put.settings.shards.all() {
            let log = store.shard_log(&self.id, Draw(draw), shard).await.unwrap();
            logs.push((shard, parse_log(&log.unwrap_or_default()).unwrap()));
        }
        signed.record.check_logs(self.put.settings.shards, &logs).unwrap();
        signed.record
    }
}

/// Somebody with a ticket.
#[derive(Clone, Debug)]
pub(crate) struct Person {
    pub(crate) tag: Tag,
    pub(crate) shard: Shard,
    pub(crate) held: HeldTicket,
}

impl Person {
    pub(crate) fn numbered(&self) -> TicketNumber {
        TicketNumber {
            tier: self.held.tier,
            shard: self.shard,
            number: self.held.number,
        }
    }

    /// The place that an edge would tell, or nothing if it would say that the ticket is lost.
    pub(crate) fn place_in(&self, record: &DrawRecord) -> Option<u64> {
        let counted = record.counts_ticket(self.held.epoch, self.numbered());
        counted
            .then(|| place(record, self.numbered()).map(|place| place.0))
            .flatten()
    }
}

/// Random people, different in every run.
pub(crate) fn people(count: usize) -> Vec<Tag> {
    (0..count).map(|_| Tag(random_32()[..16].try_into().unwrap())).collect()
}

/// The places of all are exactly first..=last, each once.
pub(crate) fn assert_places(record: &DrawRecord, people: &[Person]) {
    let places: BTreeSet<u64> = people
        .iter()
        .map(|person| {
            person
                .place_in(record)
                .unwrap_or_else(|| panic!("{person:?} has no place"))
        })
        .collect();
    assert_eq!(places, (record.first_place..=record.last_place()).collect());
}

/// The digest after each ticket of a log, in order: what receipts pin.
pub(crate) fn digests(log: &[(Tier, Tag)]) -> Vec<ShardDigest> {
    let grow = |digest: &mut ShardDigest, &(tier, tag): &(Tier, Tag)| {
        *digest = digest.with(tier, tag);
        Some(*digest)
    };
    log.iter().scan(ShardDigest::EMPTY, grow).collect()
}
