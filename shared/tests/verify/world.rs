//! Two draws and somebody's receipt, and how they are altered.

use std::sync::LazyLock;

use serde_json::Value;
use sha2::{Digest, Sha256};
use stanchion_shared::{
    draw::{
        announcement::Announcement,
        beacon,
        chain::SecretChain,
        digest::{FrozenShard, ShardDigest, log_entry},
        place::{Numbered, place},
        record::{BeaconRound, ClosingDraw, DrawRecord},
    },
    identity::{Bytes32, Draw, EventId, EventKey, Shard, ShardCount, Tag, Tier},
    jose::SigningKeys,
    policy::{BeaconKey, BeaconPolicy},
    timestamp::UnixMillis,
    verify::{Claimed, Published, Step, unverified, verify},
    wire::{QueueAnswer, ReceiptClaims},
};

/// The key pair of RFC 8037, appendix A.
pub(crate) const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// The test vector of RFC 8032, section 7.1, test 2: somebody else's, under the same name.
pub(crate) const OTHER_KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "d":"TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}]}"#;
/// A million hashes: made once.
pub(crate) static CHAIN: LazyLock<SecretChain> = LazyLock::new(|| SecretChain::generate(Bytes32([5; 32])));
pub(crate) const SHARDS: u16 = 4;
pub(crate) const PEOPLE: u32 = 40;

pub(crate) fn keys() -> SigningKeys {
    SigningKeys::parse(KEYS).unwrap()
}

pub(crate) fn shards() -> ShardCount {
    ShardCount::new(SHARDS).unwrap()
}

/// Rounds 3, 4 and 6 of a real network, and its key.
pub(crate) fn network() -> (BeaconKey, Vec<BeaconRound>) {
    let vectors: Value = serde_json::from_str(include_str!("../vectors/beacon.json")).unwrap();
    let network = &vectors["networks"][1];
    let key = BeaconKey::parse(network["public_key"].as_str().unwrap()).unwrap();
    (key, serde_json::from_value(network["rounds"].clone()).unwrap())
}

pub(crate) fn its_beacon() -> BeaconPolicy {
    BeaconPolicy {
        chain_hash: Bytes32([3; 32]),
        public_key: network().0,
        genesis: 1_000,
        ..BeaconPolicy::quicknet()
    }
}

/// Windows of three seconds, as the beacon's rounds: draw 0 waits for round 3, draw 1 for round 4.
pub(crate) fn announced() -> Announcement {
    Announcement {
        event_id: EventId::parse("e").unwrap(),
        commitment: CHAIN.commitment(),
        shards: shards(),
        on_sale_time: its_beacon().time_of(3).minus(3_000),
        draw_window_ms: 3_000,
        beacon: Some(its_beacon()),
    }
}

/// A draw as its shards know it.
#[derive(Clone)]
pub(crate) struct Tickets {
    logs: Vec<(Shard, Vec<(Tier, Tag)>)>,
}

impl Tickets {
    fn of(draw: u32) -> Tickets {
        let key = EventKey(Bytes32([draw as u8; 32]));
        let mut logs: Vec<_> = shards().all().map(|shard| (shard, Vec::new())).collect();
        for person in 0..PEOPLE {
            let tag = Tag::of(&key, "accounts", &person.to_string());
            let tier = Tier::ALL[if person % 5 == 0 { 2 } else { 1 }];
            logs[usize::from(tag.shard(shards()).0)].1.push((tier, tag));
        }
        Tickets { logs }
    }

    fn frozen(&self) -> Vec<FrozenShard> {
        let of_shard = |(shard, log): &(Shard, Vec<(Tier, Tag)>)| FrozenShard {
            shard: *shard,
            digest: digest_of(log),
            counts: Tier::ALL.map(|tier| log.iter().filter(|entry| entry.0 == tier).count() as u32),
        };
        self.logs.iter().map(of_shard).collect()
    }

    fn served(&self) -> Vec<(Shard, Vec<u8>)> {
        let serve = |(shard, log): &(Shard, Vec<(Tier, Tag)>)| {
            let bytes = log.iter().flat_map(|&(tier, tag)| log_entry(tier, tag)).collect();
            (*shard, bytes)
        };
        self.logs.iter().map(serve).collect()
    }
}

pub(crate) fn digest_of(log: &[(Tier, Tag)]) -> ShardDigest {
    log.iter()
        .fold(ShardDigest::EMPTY, |digest, &(tier, tag)| digest.with(tier, tag))
}

pub(crate) struct World {
    pub(crate) records: Vec<DrawRecord>,
    tickets: Tickets,
    pub(crate) claimed: Claimed,
}

/// Two draws, and somebody in the second one whose ticket is in the middle of a list.
pub(crate) fn world() -> World {
    let announced = announced();
    let (event_id, windows) = (&announced.event_id, announced.windows());
    let chain = &*CHAIN;
    let mut records = Vec::new();
    let rounds = network().1;
    for draw in 0..2 {
        let beacon = Some(beacon::verify(&its_beacon(), rounds[draw as usize].clone()).unwrap());
        let closing = ClosingDraw {
            event_id,
            draw: Draw(draw),
            opened_at: windows.opened_at(Draw(draw), UnixMillis(1)),
            closed_at: windows.closed_at(Draw(draw)),
            first_place: u64::from(draw * PEOPLE) + 1,
            commitment: chain.commitment(),
            secret: chain.secret(Draw(draw)).unwrap(),
            beacon,
            previous: records.last().map_or(Bytes32([0; 32]), DrawRecord::hash),
            lives: Vec::new(),
        };
        records.push(DrawRecord::close(closing, shards(), &Tickets::of(draw).frozen()));
    }
    let tickets = Tickets::of(1);
    let (shard, log) = tickets.logs.iter().max_by_key(|(_, log)| log.len()).unwrap();
    let at = log.len() / 2;
    let (tier, tag) = log[at];
    let number = log[..at].iter().filter(|entry| entry.0 == tier).count() as u32;
    let numbered = Numbered {
        tier,
        shard: *shard,
        number,
    };
    let receipt = ReceiptClaims {
        event_id: event_id.clone(),
        draw: 1,
        tier: tier.into(),
        shard: *shard,
        number,
        tag,
        digest: digest_of(&log[..=at]).0,
        announced: announced.digest(),
    };
    let claimed = Claimed {
        receipt: keys().sign_claims(ReceiptClaims::TOKEN_TYPE, &receipt),
        place: place(&records[1], numbered).map(|place| place.0),
        tag: Some(tag),
        commitment: Some(chain.commitment()),
        announced: Some(announced),
        tickets_digest: Some(records[1].tickets_digest),
    };
    World {
        records,
        tickets,
        claimed,
    }
}

impl World {
    pub(crate) fn published(&self) -> Published {
        let signed = |record: &DrawRecord| record.clone().sign(&keys());
        Published {
            keys: keys().verifying().unwrap(),
            queue: self.queue(),
            records: self.records.iter().map(signed).collect(),
            logs: self.tickets.served(),
        }
    }

    fn queue(&self) -> QueueAnswer {
        let mut answer = serde_json::json!({
            "name": "An evening", "phase": "on_sale", "joined": 80, "draws_closed": 2, "last_place": 80, "served": 0,
            "rate_per_second": 1, "paused": false, "as_of": "2026-01-01T00:00:00Z",
        });
        let announced = serde_json::to_value(announced()).unwrap();
        answer
            .as_object_mut()
            .unwrap()
            .extend(announced.as_object().unwrap().clone());
        serde_json::from_value(answer).unwrap()
    }

    /// The receipt, with other claims, signed by the edge.
    pub(crate) fn give_receipt(&mut self, change: impl FnOnce(&mut ReceiptClaims)) {
        let mut claims = unverified(&self.claimed.receipt).unwrap();
        change(&mut claims);
        self.claimed.receipt = keys().sign_claims(ReceiptClaims::TOKEN_TYPE, &claims);
    }

    /// The step at which the altered world is caught.
    pub(crate) fn caught_at(self, alter: impl FnOnce(&mut World, &mut Published)) -> Option<Step> {
        let mut world = self;
        let mut published = world.published();
        alter(&mut world, &mut published);
        let verdict = verify(&world.claimed, &published);
        assert_eq!(verdict.holds(), verdict.place.is_some());
        verdict.fault.map(|fault| fault.step)
    }
}

/// Another record in place of the receipt's, signed with the edge's own key.
pub(crate) fn record_altered(alter: impl FnOnce(&mut DrawRecord)) -> Option<Step> {
    world().caught_at(|world, published| {
        let mut record = world.records[1].clone();
        alter(&mut record);
        published.records[1] = record.sign(&keys());
    })
}

/// Puts a round into a record, with the entropy that goes with it.
pub(crate) fn use_round(record: &mut DrawRecord, round: BeaconRound) {
    let signature: [u8; 48] = hex::decode(&round.signature).unwrap().try_into().unwrap();
    record.entropy = Some(Bytes32(Sha256::digest(signature).into()));
    record.beacon = Some(round);
}
