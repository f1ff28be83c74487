//! An event with very many draws: the check's work grows with their number, and a lie in any of them
//! is named.

use std::sync::LazyLock;

use super::{FanClaim, Published, VerificationStep, verify};
use crate::{
    draw::{
        announcement::Announcement,
        chain::{HASHES, SecretChain},
        digest::{FrozenShard, ShardDigest, log_entry},
        record::{ClosingDraw, DrawRecord, SilentShards},
    },
    ids::{Bytes32, Draw, EventId, Shard, ShardCount, Tag, Tier},
    jose::SigningKeys,
    timestamp::UnixMillis,
    wire::ReceiptClaims,
};

/// Twenty-two hours of windows of five seconds.
const DRAWS: u32 = 16_000;
/// The key pair of RFC 8037, appendix A.
const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
const ONE_SHARD: [(Tier, Tag); 1] = [(Tier::Human, Tag([7; 16]))];

static CHAIN: LazyLock<SecretChain> = LazyLock::new(|| SecretChain::generate(Bytes32([5; 32])));
/// Every window but each fourth one had a joiner.
static RECORDS: LazyLock<Vec<DrawRecord>> = LazyLock::new(|| {
    let mut records: Vec<DrawRecord> = Vec::new();
    for draw in (0..DRAWS + DRAWS / 3).filter(|draw| draw % 4 != 3).take(DRAWS as usize) {
        records.push(record(draw, records.last()));
    }
    records
});

fn announced() -> Announcement {
    Announcement {
        event_id: EventId::parse("e").unwrap(),
        commitment: CHAIN.commitment(),
        shards: ShardCount::new(1).unwrap(),
        on_sale_time: UnixMillis(1_000_000),
        draw_window_ms: 5_000,
        beacon: None,
    }
}

fn record(draw: u32, previous: Option<&DrawRecord>) -> DrawRecord {
    let announced = announced();
    let windows = announced.windows();
    let closing = ClosingDraw {
        event_id: &announced.event_id,
        draw: Draw(draw),
        opened_at: windows.opened_at(Draw(draw), UnixMillis(1)),
        closed_at: windows.closed_at(Draw(draw)),
        first_place: previous.map_or(0, DrawRecord::last_place) + 1,
        commitment: announced.commitment,
        secret: CHAIN.secret(Draw(draw)).unwrap(),
        beacon: None,
        previous: previous.map_or(Bytes32([0; 32]), DrawRecord::hash),
        epochs: Vec::new(),
        silent: SilentShards::default(),
        second_line: None,
    };
    let (tier, tag) = ONE_SHARD[0];
    let frozen = FrozenShard {
        shard: Shard(0),
        digest: ShardDigest::EMPTY.with(tier, tag),
        counts: [0, 1, 0],
    };
    DrawRecord::close(closing, announced.shards, &[frozen])
}

/// The claim of whoever joined in the last draw, and what is public.
fn event(records: &[DrawRecord]) -> (FanClaim, Published) {
    let keys = SigningKeys::parse(KEYS).unwrap();
    let last = records.last().unwrap();
    let (tier, tag) = ONE_SHARD[0];
    let receipt = ReceiptClaims {
        event_id: announced().event_id,
        draw: last.draw.0,
        tier: tier.into(),
        shard: Shard(0),
        number: 0,
        tag,
        digest: ShardDigest::EMPTY.with(tier, tag).0,
        announced: announced().digest(),
    };
    let mut queue = serde_json::json!({
        "name": "An evening", "phase": "on_sale", "joined": DRAWS, "draws_closed": DRAWS, "last_place": DRAWS, "served": 0,
        "rate_per_second": 1, "paused": false, "as_of": "2026-01-01T00:00:00Z",
    });
    let fixed = serde_json::to_value(announced()).unwrap();
    queue
        .as_object_mut()
        .unwrap()
        .extend(fixed.as_object().unwrap().clone());
    let published = Published {
        keys: keys.verifying().unwrap(),
        queue: serde_json::from_value(queue).unwrap(),
        records: records.iter().map(|record| record.clone().sign(&keys)).collect(),
        logs: vec![(Shard(0), log_entry(tier, tag).to_vec())],
        earlier_log: Vec::new(),
    };
    let claimed = FanClaim {
        receipt: keys.sign_claims(ReceiptClaims::TOKEN_TYPE, &receipt),
        place: Some(records.len() as u64),
        ..FanClaim::default()
    };
    (claimed, published)
}

#[test]
fn sixteen_thousand_draws_cost_one_hash_per_window() {
    let (claimed, published) = event(&RECORDS);
    let last = RECORDS.last().unwrap().draw.0;
    let before = HASHES.get();
    let verdict = verify(&claimed, &published);
    assert_eq!(HASHES.get() - before, u64::from(last) + 1);
    assert_eq!((verdict.fault, verdict.place), (None, Some(u64::from(DRAWS))));
}

#[test]
fn a_lie_in_any_of_many_draws_is_named() {
    let (claimed, mut published) = event(&RECORDS[..2_000]);
    let keys = SigningKeys::parse(KEYS).unwrap();
    let secret_of = |draw: u32| CHAIN.secret(Draw(draw)).unwrap();
    type Lie = (
        &'static str,
        VerificationStep,
        fn(&mut DrawRecord, &dyn Fn(u32) -> Bytes32),
    );
    let lies: [Lie; 5] = [
        ("another secret", VerificationStep::Secret, |record, _| {
            record.secret = Bytes32([1; 32]);
        }),
        ("the secret after it", VerificationStep::Secret, |record, secret_of| {
            record.secret = secret_of(record.draw.0 + 1);
        }),
        ("another commitment", VerificationStep::Secret, |record, _| {
            record.commitment = Bytes32([1; 32]);
        }),
        ("another end", VerificationStep::Times, |record, _| {
            record.closed_at = record.closed_at.plus(1);
        }),
        ("another record before it", VerificationStep::Chain, |record, _| {
            record.previous = Bytes32([1; 32]);
        }),
    ];
    for at in [0, 1, 2, 3, 1_000, 1_998, 1_999] {
        for (what, step, lie) in lies {
            let mut record = RECORDS[at].clone();
            lie(&mut record, &secret_of);
            let draw = record.draw.0;
            let honest = std::mem::replace(&mut published.records[at], record.sign(&keys));
            let fault = verify(&claimed, &published).fault.expect(what);
            assert_eq!(fault.step, step, "{what} in record {at}: {}", fault.what);
            assert!(fault.what.contains(&format!("draw {draw}:")), "{}", fault.what);
            published.records[at] = honest;
        }
    }
    assert!(verify(&claimed, &published).holds(), "nothing is altered any more");
    published.records.swap(1_000, 1_001);
    let fault = verify(&claimed, &published).fault.unwrap();
    assert_eq!(fault.step, VerificationStep::Chain, "{}", fault.what);
}
