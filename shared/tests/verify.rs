//! Whoever alters anything of a draw is caught by the checker that fans use, and what they altered is named. The cheat here
//! has the edge's signing key: only a forged receipt and an unsigned change lack it.

use std::sync::LazyLock;

use serde_json::Value;
use stanchion_shared::{
    draw::{
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
const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// The test vector of RFC 8032, section 7.1, test 2: somebody else's, under the same name.
const OTHER_KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "d":"TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}]}"#;
/// A million hashes: made once.
static CHAIN: LazyLock<SecretChain> = LazyLock::new(|| SecretChain::generate(Bytes32([5; 32])));
const SHARDS: u16 = 4;
const PEOPLE: u32 = 40;

fn keys() -> SigningKeys {
    SigningKeys::parse(KEYS).unwrap()
}

fn shards() -> ShardCount {
    ShardCount::new(SHARDS).unwrap()
}

/// Rounds 3, 4 and 6 of a real network, and its key.
fn network() -> (BeaconKey, Vec<BeaconRound>) {
    let vectors: Value = serde_json::from_str(include_str!("vectors/beacon.json")).unwrap();
    let network = &vectors["networks"][1];
    let key = BeaconKey::parse(network["public_key"].as_str().unwrap()).unwrap();
    (key, serde_json::from_value(network["rounds"].clone()).unwrap())
}

fn announced() -> BeaconPolicy {
    BeaconPolicy {
        public_key: network().0,
        genesis: 1_000,
        ..BeaconPolicy::quicknet()
    }
}

/// A draw as its shards know it.
#[derive(Clone)]
struct Tickets {
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

fn digest_of(log: &[(Tier, Tag)]) -> ShardDigest {
    log.iter()
        .fold(ShardDigest::EMPTY, |digest, &(tier, tag)| digest.with(tier, tag))
}

struct World {
    event_id: EventId,
    records: Vec<DrawRecord>,
    tickets: Tickets,
    claimed: Claimed,
}

/// Two draws, and somebody in the second one whose ticket is in the middle of a list.
fn world() -> World {
    let event_id = EventId::parse("e").unwrap();
    let chain = &*CHAIN;
    let mut records = Vec::new();
    let rounds = network().1;
    for draw in 0..2 {
        let beacon = Some(beacon::verify(&announced(), rounds[draw as usize].clone()).unwrap());
        let closing = ClosingDraw {
            event_id: &event_id,
            draw: Draw(draw),
            opened_at: UnixMillis(1),
            closed_at: announced().time_of(u64::from(draw) + 3).minus(3_000),
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
    };
    let claimed = Claimed {
        receipt: keys().sign_claims(ReceiptClaims::TOKEN_TYPE, &receipt),
        place: place(&records[1], numbered).map(|place| place.0),
        tag: Some(tag),
        commitment: Some(chain.commitment()),
        tickets_digest: Some(records[1].tickets_digest),
    };
    World {
        event_id,
        records,
        tickets,
        claimed,
    }
}

impl World {
    fn published(&self) -> Published {
        let signed = |record: &DrawRecord| record.clone().sign(&keys());
        Published {
            keys: keys().verifying().unwrap(),
            queue: self.queue(),
            records: self.records.iter().map(signed).collect(),
            logs: self.tickets.served(),
        }
    }

    fn queue(&self) -> QueueAnswer {
        let answer = serde_json::json!({
            "event_id": self.event_id, "name": "An evening", "phase": "on_sale", "on_sale_time": "2026-01-01T00:00:00Z",
            "commitment": CHAIN.commitment(), "beacon": announced(), "shards": SHARDS, "joined": 80, "draws_closed": 2,
            "last_place": 80, "served": 0, "rate_per_second": 1, "paused": false, "as_of": "2026-01-01T00:00:00Z",
        });
        serde_json::from_value(answer).unwrap()
    }

    /// The step at which the altered world is caught.
    fn caught_at(self, alter: impl FnOnce(&mut World, &mut Published)) -> Option<Step> {
        let mut world = self;
        let mut published = world.published();
        alter(&mut world, &mut published);
        let verdict = verify(&world.claimed, &published);
        assert_eq!(verdict.holds(), verdict.place.is_some());
        verdict.fault.map(|fault| fault.step)
    }
}

/// Another record in place of the receipt's, signed with the edge's own key.
fn record_altered(alter: impl FnOnce(&mut DrawRecord)) -> Option<Step> {
    world().caught_at(|world, published| {
        let mut record = world.records[1].clone();
        alter(&mut record);
        published.records[1] = record.sign(&keys());
    })
}

/// Other lists in place of those that the record was made of.
fn logs_altered(alter: impl FnOnce(&mut Vec<(Shard, Vec<u8>)>, usize)) -> Option<Step> {
    world().caught_at(|world, published| {
        let own = usize::from(unverified(&world.claimed.receipt).unwrap().shard.0);
        alter(&mut published.logs, own);
    })
}

#[test]
fn what_is_right_holds_and_every_step_is_listed() {
    let world = world();
    let verdict = verify(&world.claimed, &world.published());
    assert_eq!(verdict.fault, None);
    assert_eq!(verdict.place, world.claimed.place);
    let steps: Vec<_> = verdict.passed.iter().map(|passed| passed.step).collect();
    use Step::*;
    let all = [
        Receipt, Commitment, Record, Signature, Secret, Beacon, Counts, Chain, Ticket, Logs, Frozen, Place,
    ];
    assert_eq!(steps, all);
    let with_nothing_noted = Claimed {
        receipt: format!(" {}\n", world.claimed.receipt),
        ..Claimed::default()
    };
    let verdict = verify(&with_nothing_noted, &world.published());
    assert_eq!((verdict.holds(), verdict.place), (true, world.claimed.place));
}

#[test]
fn changed_counts_are_caught() {
    let unsigned = world().caught_at(|_, published| published.records[1].record.tiers[1].count += 1);
    assert_eq!(unsigned, Some(Step::Signature));
    assert_eq!(record_altered(|record| record.tiers[1].count += 1), Some(Step::Counts));
    // Sums that agree with one another, and not with the lists.
    let consistent = record_altered(|record| {
        record.tiers[1].shards[0].1 += 1;
        record.tiers[1].count += 1;
        record.tiers[2].first_place += 1;
    });
    assert_eq!(consistent, Some(Step::Logs));
}

#[test]
fn phantom_and_missing_tickets_in_a_list_are_caught() {
    let phantom = log_entry(Tier::Human, Tag([0xff; 16]));
    let behind = logs_altered(|logs, own| logs[own].1.extend(phantom));
    assert_eq!(behind, Some(Step::Logs), "behind this fan's ticket");
    let before = logs_altered(|logs, own| drop(logs[own].1.splice(..0, phantom)));
    assert_eq!(before, Some(Step::Ticket), "before this fan's ticket");
    let elsewhere = logs_altered(|logs, own| logs[(own + 1) % 4].1.extend(log_entry(Tier::Human, Tag([0; 16]))));
    assert_eq!(elsewhere, Some(Step::Logs), "in another list");

    let own_gone = world().caught_at(|world, published| {
        let tag = world.claimed.tag.unwrap();
        for (_, log) in &mut published.logs {
            *log = log
                .chunks(17)
                .filter(|entry| entry[1..] != tag.0)
                .flatten()
                .copied()
                .collect();
        }
    });
    assert_eq!(own_gone, Some(Step::Ticket));
    let others_gone = logs_altered(|logs, own| drop(logs[(own + 1) % 4].1.drain(..17)));
    assert_eq!(others_gone, Some(Step::Logs));
    let list_gone = logs_altered(|logs, own| drop(logs.remove((own + 1) % 4)));
    assert_eq!(list_gone, Some(Step::Logs));
    let own_list_gone = logs_altered(|logs, own| drop(logs.remove(own)));
    assert_eq!(own_list_gone, Some(Step::Ticket));
    assert_eq!(
        logs_altered(|logs, own| {
            logs[own].1.pop();
        }),
        Some(Step::Logs),
        "half a ticket"
    );
}

#[test]
fn a_swapped_record_is_caught() {
    assert_eq!(
        world().caught_at(|_, published| published.records.swap(0, 1)),
        Some(Step::Record)
    );
    assert_eq!(
        world().caught_at(|_, published| drop(published.records.pop())),
        Some(Step::Record)
    );
    let of_another_event = record_altered(|record| record.event_id = EventId::parse("other").unwrap());
    assert_eq!(of_another_event, Some(Step::Record));
    let first_left_out = world().caught_at(|_, published| drop(published.records.remove(0)));
    assert_eq!(first_left_out, Some(Step::Chain));
}

#[test]
fn a_forged_receipt_is_caught() {
    let forged = |forge: &dyn Fn(&World) -> String| {
        world().caught_at(|world, _| {
            world.claimed.receipt = forge(world);
            world.claimed.tag = None;
        })
    };
    let claims = |world: &World| unverified(&world.claimed.receipt).unwrap();
    let by_another_key = forged(&|world| {
        let keys = SigningKeys::parse(OTHER_KEYS).unwrap();
        keys.sign_claims(ReceiptClaims::TOKEN_TYPE, &claims(world))
    });
    assert_eq!(by_another_key, Some(Step::Receipt));
    let as_another_token = forged(&|world| keys().sign_claims("shop+jwt", &claims(world)));
    assert_eq!(as_another_token, Some(Step::Receipt));
    assert_eq!(forged(&|_| "nonsense".to_owned()), Some(Step::Receipt));
    // With the edge's own key a receipt can be made, and then the lists contradict it.
    let of_a_better_number = forged(&|world| {
        let claims = ReceiptClaims {
            number: 0,
            ..claims(world)
        };
        keys().sign_claims(ReceiptClaims::TOKEN_TYPE, &claims)
    });
    assert_eq!(of_a_better_number, Some(Step::Ticket));
    let somebody_elses = world().caught_at(|world, _| world.claimed.tag = Some(Tag([1; 16])));
    assert_eq!(somebody_elses, Some(Step::Receipt));
}

#[test]
fn a_wrong_hash_of_the_record_before_is_caught() {
    assert_eq!(
        record_altered(|record| record.previous = Bytes32([1; 32])),
        Some(Step::Chain)
    );
    // A first record that was changed later, though it is signed and consistent by itself.
    let rewritten = world().caught_at(|world, published| {
        let mut first = world.records[0].clone();
        first.opened_at = UnixMillis(2);
        published.records[0] = first.sign(&keys());
    });
    assert_eq!(rewritten, Some(Step::Chain));
    let places_left_out = record_altered(|record| {
        record.first_place += 1;
        record.tiers.iter_mut().for_each(|tier| tier.first_place += 1);
    });
    assert_eq!(places_left_out, Some(Step::Chain));
}

#[test]
fn a_wrong_round_and_a_foreign_signature_of_a_beacon_are_caught() {
    let round = |index: usize| network().1[index].clone();
    let with_round = |round: BeaconRound| {
        record_altered(|record| {
            let signature: [u8; 48] = hex::decode(&round.signature).unwrap().try_into().unwrap();
            use sha2::{Digest, Sha256};
            record.entropy = Some(Bytes32(Sha256::digest(signature).into()));
            record.beacon = Some(round);
        })
    };
    assert_eq!(with_round(round(1)), None, "its own");
    assert_eq!(
        with_round(round(0)),
        Some(Step::Beacon),
        "the round before, well signed"
    );
    assert_eq!(with_round(round(2)), Some(Step::Beacon), "a later round, well signed");
    let foreign = BeaconRound {
        signature: round(0).signature,
        ..round(1)
    };
    assert_eq!(with_round(foreign), Some(Step::Beacon), "another signature");
    assert_eq!(record_altered(|record| record.beacon = None), Some(Step::Beacon));
    assert_eq!(
        record_altered(|record| record.entropy = Some(Bytes32([1; 32]))),
        Some(Step::Beacon)
    );
    let other_network = world().caught_at(|_, published| published.queue.beacon = Some(BeaconPolicy::quicknet()));
    assert_eq!(other_network, Some(Step::Beacon));
}

#[test]
fn another_secret_commitment_or_frozen_list_is_caught() {
    let secret = CHAIN.secret(Draw(2)).unwrap();
    assert_eq!(record_altered(|record| record.secret = secret), Some(Step::Secret));
    let recommitted = world().caught_at(|_, published| published.queue.commitment = Bytes32([1; 32]));
    assert_eq!(recommitted, Some(Step::Commitment));
    let thawed = world().caught_at(|world, _| world.claimed.tickets_digest = Some(Bytes32([1; 32])));
    assert_eq!(thawed, Some(Step::Frozen));
}

#[test]
fn a_wrong_place_told_is_caught() {
    let told = world().claimed.place.unwrap();
    for wrong in [told - 1, told + 1, 0, u64::MAX] {
        assert_eq!(
            world().caught_at(|world, _| world.claimed.place = Some(wrong)),
            Some(Step::Place)
        );
    }
}

#[test]
fn a_record_signed_by_a_key_that_is_not_published_is_caught() {
    let signed_by_another = world().caught_at(|world, published| {
        let keys = SigningKeys::parse(OTHER_KEYS).unwrap();
        published.records[1] = world.records[1].clone().sign(&keys);
    });
    assert_eq!(signed_by_another, Some(Step::Signature));
}
