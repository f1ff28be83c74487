//! The draw to the byte: the rules give what an independent implementation published in
//! `vectors/draw.json`.

use serde_json::Value;
use stanchion_shared::{
    draw::{
        announcement::Announcement,
        chain::SecretChain,
        digest::{FrozenShard, ShardDigest, log_entry, parse_log},
        place::{place, seed},
        record::{ClosingDraw, DrawRecord, Line, RecordFault, RecordSecondLine, SilentShards},
        shuffle::compute_shuffled_index,
    },
    ids::{Bytes32, Draw, EventId, EventKey, Shard, ShardCount, Tag, TicketNumber, Tier},
    jose::SigningKeys,
    timestamp::UnixMillis,
};

fn vector() -> Value {
    serde_json::from_str(include_str!("../vectors/draw.json")).unwrap()
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

fn bytes32(value: &Value, name: &str) -> Bytes32 {
    Bytes32::parse(text(value, name)).unwrap()
}

fn tier(value: &Value) -> Tier {
    Tier::try_from(value.as_u64().unwrap() as u8).unwrap()
}

type Logs = Vec<(Shard, Vec<(Tier, Tag)>)>;

/// The whole way from secrets and people to the record, with the code of this crate.
struct Drawn {
    record: DrawRecord,
    shards: ShardCount,
    logs: Logs,
}

fn draw() -> Drawn {
    let vector = vector();
    let input = &vector["input"];
    let chain = SecretChain::generate(bytes32(input, "root"));
    let key = EventKey(bytes32(input, "event_key"));
    let shards = ShardCount::new(input["shards"].as_u64().unwrap() as u16).unwrap();
    let mut logs: Logs = shards.all().map(|shard| (shard, Vec::new())).collect();
    for ticket in vector["tickets"].as_array().unwrap() {
        let tag = Tag::of(&key, text(input, "issuer"), text(ticket, "subject"));
        assert_eq!(tag.to_string(), text(ticket, "tag"));
        let shard = tag.shard(shards);
        assert_eq!(u64::from(shard.0), ticket["shard"].as_u64().unwrap());
        logs[usize::from(shard.0)].1.push((tier(&ticket["tier"]), tag));
    }
    let frozen: Vec<FrozenShard> = logs
        .iter()
        .map(|(shard, log)| {
            let digest = log
                .iter()
                .fold(ShardDigest::EMPTY, |digest, &(tier, tag)| digest.with(tier, tag));
            let count = |tier| log.iter().filter(|(one, _)| *one == tier).count() as u32;
            FrozenShard {
                shard: *shard,
                digest,
                counts: Tier::ALL.map(count),
            }
        })
        .collect();
    for (one, digest) in frozen.iter().zip(vector["digests"].as_array().unwrap()) {
        assert_eq!(hex::encode(one.digest.0.0), digest.as_str().unwrap());
    }
    let event_id = EventId::parse(text(input, "event_id")).unwrap();
    let closing = ClosingDraw {
        event_id: &event_id,
        draw: Draw(0),
        opened_at: UnixMillis::parse(text(input, "opened_at")).unwrap(),
        closed_at: UnixMillis::parse(text(input, "closed_at")).unwrap(),
        first_place: 1,
        commitment: chain.commitment(),
        secret: chain.secret(Draw(0)).unwrap(),
        beacon: None,
        previous: Bytes32([0; 32]),
        epochs: Vec::new(),
        silent: SilentShards::default(),
        second_line: Some(RecordSecondLine::default()),
    };
    Drawn {
        record: DrawRecord::close(closing, shards, &frozen),
        shards,
        logs,
    }
}

#[test]
fn the_record_is_the_published_one_to_the_byte() {
    let (vector, drawn) = (vector(), draw());
    assert_eq!(drawn.record.secret, bytes32(&vector, "secret"));
    assert_eq!(drawn.record.commitment, bytes32(&vector, "commitment"));
    assert_eq!(drawn.record.tickets_digest, bytes32(&vector, "tickets_digest"));
    assert_eq!(serde_json::to_value(&drawn.record.tiers).unwrap(), vector["tiers"]);
    assert_eq!(
        hex::encode(drawn.record.canonical_bytes()),
        text(&vector, "canonical_bytes")
    );
    assert_eq!(drawn.record.hash(), bytes32(&vector, "record_hash"));
    for tier in Tier::ALL {
        assert_eq!(
            hex::encode(seed(&drawn.record, tier).0),
            vector["seeds"][tier.index()].as_str().unwrap()
        );
    }
}

#[test]
fn every_place_is_the_published_one_and_each_is_there_once() {
    let (vector, drawn) = (vector(), draw());
    let (mut places, mut numbers) = (Vec::new(), Vec::new());
    for ticket in vector["tickets"].as_array().unwrap() {
        let numbered = TicketNumber {
            tier: tier(&ticket["tier"]),
            shard: Shard(ticket["shard"].as_u64().unwrap() as u16),
            number: ticket["number"].as_u64().unwrap() as u32,
        };
        let place = place(&drawn.record, numbered).unwrap();
        assert_eq!(
            place.0,
            ticket["place"].as_u64().unwrap(),
            "{}",
            text(ticket, "subject")
        );
        match drawn.record.line_of(numbered.tier) {
            Line::First => places.push(place.0),
            Line::Second => numbers.push(place.0),
        }
    }
    places.sort_unstable();
    assert_eq!(places, (1..=drawn.record.last_place()).collect::<Vec<_>>());
    numbers.sort_unstable();
    assert_eq!(numbers, (1..=drawn.record.tiers[2].count).collect::<Vec<_>>());
}

#[test]
fn a_ticket_the_record_does_not_count_has_no_place() {
    let drawn = draw();
    let count = drawn.record.tiers[1].shards[0].1;
    let beyond = TicketNumber {
        tier: Tier::Human,
        shard: drawn.record.tiers[1].shards[0].0,
        number: count,
    };
    assert!(
        place(
            &drawn.record,
            TicketNumber {
                number: count - 1,
                ..beyond
            }
        )
        .is_some()
    );
    assert_eq!(place(&drawn.record, beyond), None);
    assert_eq!(
        place(
            &drawn.record,
            TicketNumber {
                shard: Shard(999),
                number: 0,
                ..beyond
            }
        ),
        None
    );
}

#[test]
fn the_public_logs_prove_the_record_and_any_change_to_them_is_found() {
    let (vector, drawn) = (vector(), draw());
    for ((_, log), published) in drawn.logs.iter().zip(vector["logs"].as_array().unwrap()) {
        let bytes: Vec<u8> = log.iter().flat_map(|&(tier, tag)| log_entry(tier, tag)).collect();
        assert_eq!(hex::encode(&bytes), published.as_str().unwrap());
        assert_eq!(parse_log(&bytes).as_ref(), Some(log));
    }
    let check = |logs: &[(Shard, Vec<(Tier, Tag)>)]| drawn.record.check_logs(drawn.shards, logs);
    assert_eq!(check(&drawn.logs), Ok(()));
    let doctored = |doctor: &dyn Fn(&mut Logs)| {
        let mut logs = drawn.logs.clone();
        doctor(&mut logs);
        check(&logs)
    };
    let fault = Err(RecordFault::Logs);
    assert_eq!(doctored(&|logs| logs[0].1.truncate(1)), fault, "a ticket left out");
    assert_eq!(doctored(&|logs| logs.truncate(3)), fault, "a shard left out");
    assert_eq!(doctored(&|logs| logs[0].1.swap(0, 1)), fault, "two tickets swapped");
    assert_eq!(
        doctored(&|logs| logs[0].1.extend_from_within(..1)),
        fault,
        "a phantom ticket"
    );
    assert_eq!(doctored(&|logs| logs[0].1[0].0 = Tier::Suspect), fault, "another tier");
}

fn announced(drawn: &Drawn) -> Announcement {
    Announcement {
        event_id: drawn.record.event_id.clone(),
        commitment: drawn.record.commitment,
        shards: drawn.shards,
        on_sale_time: drawn.record.closed_at,
        draw_window_ms: 5_000,
        beacon: None,
    }
}

#[test]
fn a_record_is_checked_against_signature_commitment_sums_and_the_one_before() {
    let keys = SigningKeys::parse(
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#,
    )
    .unwrap();
    let verifying = keys.verifying().unwrap();
    let drawn = draw();
    let announced = announced(&drawn);
    let signed = drawn.record.clone().sign(&keys);
    let recommitted = Announcement {
        commitment: Bytes32([1; 32]),
        ..announced.clone()
    };
    assert_eq!(signed.check(&verifying, &announced, None), Ok(()));

    let mut altered = signed.clone();
    altered.record.tiers[0].count += 1;
    assert_eq!(altered.check(&verifying, &announced, None), Err(RecordFault::Signature));
    let resigned = altered.record.sign(&keys);
    assert_eq!(resigned.check(&verifying, &announced, None), Err(RecordFault::Counts));
    assert_eq!(signed.check(&verifying, &recommitted, None), Err(RecordFault::Chain));
    assert_eq!(
        signed.check(&verifying, &announced, Some(&drawn.record)),
        Err(RecordFault::Previous)
    );

    let json = serde_json::to_string(&signed).unwrap();
    assert_eq!(
        serde_json::from_str::<stanchion_shared::draw::record::SignedRecord>(&json).unwrap(),
        signed
    );
}

#[test]
fn the_shuffle_is_the_one_of_an_independent_implementation() {
    for list in vector()["shuffles"].as_array().unwrap() {
        let (count, seed) = (list["count"].as_u64().unwrap(), bytes32(list, "seed"));
        for (index, expected) in list["indexes"].as_array().unwrap().iter().enumerate() {
            let shuffled = compute_shuffled_index(index as u64, count, seed);
            assert_eq!(shuffled, expected.as_u64().unwrap(), "{index} of {count}");
        }
    }
}
