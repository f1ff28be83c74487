//! Two draws, a receipt of one person, and ways to alter them.

use std::sync::LazyLock;

use serde_json::Value;
use sha2::{Digest, Sha256};
use stanchion_shared::{
    draw::{
        announcement::Announcement,
        beacon::{self, BeaconRound},
        chain::SecretChain,
        digest::{FrozenShard, ShardDigest, log_entry},
        place::place,
        record::{CarriedTickets, ClosingDraw, DrawRecord, RecordSecondLine, SilentShards},
    },
    ids::{Bytes32, Draw, EventId, EventKey, Shard, ShardCount, Tag, TicketNumber, Tier},
    jose::SigningKeys,
    policy::{BeaconKey, BeaconPolicy},
    timestamp::UnixMillis,
    verify::{FanClaim, Published, VerificationStep, unverified, verify},
    wire::{QueueAnswer, ReceiptClaims},
};

/// The key pair of RFC 8037, appendix A.
pub(crate) const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// The test vector of RFC 8032, section 7.1, test 2: a key of another site, under the same name.
pub(crate) const OTHER_KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "d":"TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}]}"#;
/// Costs a million hashes, so it is made once.
pub(crate) static CHAIN: LazyLock<SecretChain> = LazyLock::new(|| SecretChain::generate(Bytes32([5; 32])));
pub(crate) const SHARDS: u16 = 4;
pub(crate) const PEOPLE: u32 = 40;
/// The shard that is silent in [`event_with_silent_shard`].
pub(crate) const SILENT: Shard = Shard(2);

pub(crate) fn keys() -> SigningKeys {
    SigningKeys::parse(KEYS).unwrap()
}

pub(crate) fn shards() -> ShardCount {
    ShardCount::new(SHARDS).unwrap()
}

/// Rounds 3, 4 and 6 of a real network, and its key.
pub(crate) fn network() -> (BeaconKey, Vec<BeaconRound>) {
    let vectors: Value = serde_json::from_str(include_str!("../../vectors/beacon.json")).unwrap();
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

/// Windows of three seconds, as long as the period of the beacon. Draw 0 waits for round 3 and draw
/// 1 for round 4.
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

pub(crate) struct DrawnEvent {
    pub(crate) records: Vec<DrawRecord>,
    tickets: Tickets,
    earlier_log: Vec<u8>,
    pub(crate) claimed: FanClaim,
}

/// Suspects of the draw before who have moved up before a draw.
pub(crate) const MOVED_UP: u64 = 3;

/// Closes a draw with its own round of the beacon.
fn close(draw: u32, tickets: &Tickets, silent: SilentShards, previous: Option<&DrawRecord>) -> DrawRecord {
    let announced = announced();
    let windows = announced.windows();
    let second_line = previous.map_or_else(RecordSecondLine::default, |previous| RecordSecondLine {
        before: previous.second_line.unwrap().before + previous.tiers[2].count,
        moved_up: MOVED_UP,
    });
    let closing = ClosingDraw {
        event_id: &announced.event_id,
        draw: Draw(draw),
        opened_at: windows.opened_at(Draw(draw), UnixMillis(1)),
        closed_at: windows.closed_at(Draw(draw)),
        first_place: previous.map_or(0, DrawRecord::last_place) + second_line.moved_up + 1,
        commitment: CHAIN.commitment(),
        secret: CHAIN.secret(Draw(draw)).unwrap(),
        beacon: Some(beacon::verify(&its_beacon(), network().1[draw as usize].clone()).unwrap()),
        previous: previous.map_or(Bytes32([0; 32]), DrawRecord::hash),
        epochs: Vec::new(),
        silent,
        second_line: Some(second_line),
    };
    DrawRecord::close(closing, shards(), &tickets.frozen())
}

/// The receipt of the person at this position of a log.
fn receipt(draw: u32, shard: Shard, log: &[(Tier, Tag)], at: usize) -> ReceiptClaims {
    let (tier, tag) = log[at];
    ReceiptClaims {
        event_id: announced().event_id,
        draw,
        tier: tier.into(),
        shard,
        number: log[..at].iter().filter(|entry| entry.0 == tier).count() as u32,
        tag,
        digest: digest_of(&log[..=at]).0,
        announced: announced().digest(),
    }
}

fn claimed(receipt: &ReceiptClaims, place: Option<u64>, tickets_digest: Bytes32) -> FanClaim {
    FanClaim {
        receipt: keys().sign_claims(ReceiptClaims::TOKEN_TYPE, receipt),
        place,
        tag: Some(receipt.tag),
        commitment: Some(CHAIN.commitment()),
        announced: Some(announced()),
        tickets_digest: Some(tickets_digest),
    }
}

/// Two draws, and a person in the second one whose ticket is in the middle of a log.
pub(crate) fn drawn_event() -> DrawnEvent {
    let (first, tickets) = (Tickets::of(0), Tickets::of(1));
    let first = close(0, &first, SilentShards::default(), None);
    let record = close(1, &tickets, SilentShards::default(), Some(&first));
    let (shard, log) = tickets.logs.iter().max_by_key(|(_, log)| log.len()).unwrap();
    let receipt = receipt(1, *shard, log, log.len() / 2);
    let numbered = TicketNumber {
        tier: Tier::try_from(receipt.tier).unwrap(),
        shard: *shard,
        number: receipt.number,
    };
    let place = place(&record, numbered).map(|place| place.0);
    DrawnEvent {
        claimed: claimed(&receipt, place, record.tickets_digest),
        records: vec![first, record],
        tickets,
        earlier_log: Vec::new(),
    }
}

/// A shard was silent when draw 0 was closed, and was entered with the first `entered` tickets of its
/// log. Draw 1 carries the others, and the person at position `at` of the log is one of them.
pub(crate) fn event_with_silent_shard(entered: usize, at: usize) -> DrawnEvent {
    let (mut first, mut tickets) = (Tickets::of(0), Tickets::of(1));
    let shard = SILENT;
    let whole = first.logs[usize::from(shard.0)].1.clone();
    assert!(entered <= at && at < whole.len());
    first.logs[usize::from(shard.0)].1.truncate(entered);
    let left_over = &whole[entered..];
    let mut log = left_over.to_vec();
    log.append(&mut tickets.logs[usize::from(shard.0)].1);
    tickets.logs[usize::from(shard.0)].1 = log;

    let missing = SilentShards {
        missing: vec![shard],
        ..SilentShards::default()
    };
    let record = close(0, &first, missing, None);
    let carried = CarriedTickets {
        shard,
        from: Draw(0),
        first: [0; 3],
        counts: Tier::ALL.map(|tier| left_over.iter().filter(|entry| entry.0 == tier).count() as u32),
    };
    let carries = SilentShards {
        carried: vec![carried],
        ..SilentShards::default()
    };
    let later = close(1, &tickets, carries, Some(&record));
    let receipt = receipt(0, shard, &whole, at);
    let tier = Tier::try_from(receipt.tier).unwrap();
    let in_later = left_over[..at - entered].iter().filter(|entry| entry.0 == tier).count();
    let numbered = TicketNumber {
        tier,
        shard,
        number: in_later as u32,
    };
    let place = place(&later, numbered).map(|place| place.0);
    DrawnEvent {
        claimed: claimed(&receipt, place, record.tickets_digest),
        records: vec![record, later],
        earlier_log: first.served()[usize::from(shard.0)].1.clone(),
        tickets,
    }
}

impl DrawnEvent {
    pub(crate) fn published(&self) -> Published {
        let signed = |record: &DrawRecord| record.clone().sign(&keys());
        Published {
            keys: keys().verifying().unwrap(),
            queue: self.queue(),
            records: self.records.iter().map(signed).collect(),
            logs: self.tickets.served(),
            earlier_log: self.earlier_log.clone(),
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

    /// The receipt with other claims, signed by the edge.
    pub(crate) fn give_receipt(&mut self, change: impl FnOnce(&mut ReceiptClaims)) {
        let mut claims = unverified(&self.claimed.receipt).unwrap();
        change(&mut claims);
        self.claimed.receipt = keys().sign_claims(ReceiptClaims::TOKEN_TYPE, &claims);
    }

    /// The step that finds the alteration.
    pub(crate) fn caught_at(self, alter: impl FnOnce(&mut DrawnEvent, &mut Published)) -> Option<VerificationStep> {
        let mut event = self;
        let mut published = event.published();
        alter(&mut event, &mut published);
        let verdict = verify(&event.claimed, &published);
        assert_eq!(verdict.holds(), verdict.place.is_some());
        verdict.fault.map(|fault| fault.step)
    }
}

/// Publishes another record in place of the one of the receipt, signed with the key of the edge.
pub(crate) fn record_altered(alter: impl FnOnce(&mut DrawRecord)) -> Option<VerificationStep> {
    drawn_event().caught_at(|event, published| {
        let mut record = event.records[1].clone();
        alter(&mut record);
        published.records[1] = record.sign(&keys());
    })
}

/// Puts a round into a record, with its entropy.
pub(crate) fn use_round(record: &mut DrawRecord, round: BeaconRound) {
    let signature: [u8; 48] = hex::decode(&round.signature).unwrap().try_into().unwrap();
    record.entropy = Some(Bytes32(Sha256::digest(signature).into()));
    record.beacon = Some(round);
}
