//! Records of stores that can go back. The record states which epoch issued which numbers; that is
//! signed, checked, and decides which tickets count.

use stanchion_shared::{
    draw::{
        announcement::Announcement,
        chain::SecretChain,
        digest::{FrozenShard, ShardDigest},
        record::{ClosingDraw, DrawRecord, RecordFault, SilentShards},
    },
    epochs::{EpochStart, ONLY_EPOCH},
    ids::{Bytes32, Draw, EventId, Shard, ShardCount, TicketNumber, Tier},
    jose::SigningKeys,
    timestamp::UnixMillis,
};

/// Shards with tickets: (shard, tickets per tier).
const SHARDS: [(Shard, [u32; 3]); 2] = [(Shard(1), [0, 10, 2]), (Shard(3), [4, 0, 0])];

type Listed = Vec<(Shard, EpochStart)>;

fn start(shard: u16, epoch: u32, from: [u32; 3]) -> (Shard, EpochStart) {
    (Shard(shard), EpochStart { epoch, from })
}

/// Shard 1 began a second epoch after six humans. Shard 3 had only one.
fn epochs() -> Listed {
    vec![
        start(1, 70, [0, 0, 0]),
        start(1, 71, [0, 6, 2]),
        start(3, 0x0102_0304, [0, 0, 0]),
    ]
}

fn record(epochs: Listed) -> DrawRecord {
    let event_id = EventId::parse("e").unwrap();
    let chain = SecretChain::generate(Bytes32([5; 32]));
    let closing = ClosingDraw {
        event_id: &event_id,
        draw: Draw(0),
        opened_at: UnixMillis(1),
        closed_at: UnixMillis(2),
        first_place: 1,
        commitment: chain.commitment(),
        secret: chain.secret(Draw(0)).unwrap(),
        beacon: None,
        previous: Bytes32([0; 32]),
        epochs,
        silent: SilentShards::default(),
        second_line: None,
    };
    let frozen = SHARDS.map(|(shard, counts)| FrozenShard {
        shard,
        digest: ShardDigest(Bytes32([9; 32])),
        counts,
    });
    DrawRecord::close(closing, ShardCount::new(4).unwrap(), &frozen)
}

#[test]
fn lives_are_signed_behind_all_else_and_where_there_are_none_there_are_no_bytes() {
    let without = record(Vec::new());
    let listed = "03000000\
         0100 46000000 00000000 00000000 00000000\
         0100 47000000 00000000 06000000 02000000\
         0300 04030201 00000000 00000000 00000000"
        .replace(' ', "");
    let expected = hex::encode(without.canonical_bytes()) + &listed;
    assert_eq!(hex::encode(record(epochs()).canonical_bytes()), expected);
    assert!(!serde_json::to_string(&without).unwrap().contains("lives"));
    let json = serde_json::to_string(&record(epochs())).unwrap();
    assert_eq!(serde_json::from_str::<DrawRecord>(&json).unwrap(), record(epochs()));
}

#[test]
fn a_ticket_counts_by_the_life_that_numbered_it() {
    let (without, with) = (record(Vec::new()), record(epochs()));
    for (epoch, shard, tier, number, counts) in [
        (70, 1, Tier::Human, 5, true),
        (70, 1, Tier::Human, 6, false), // after the copy
        (71, 1, Tier::Human, 5, false),
        (71, 1, Tier::Human, 9, true),
        (71, 1, Tier::Human, 10, false),
        (70, 1, Tier::Suspect, 1, true),
        (70, 3, Tier::Verified, 0, false), // another shard's epoch
        (0x0102_0304, 3, Tier::Verified, 3, true),
        (0x0102_0304, 2, Tier::Verified, 0, false),
        (ONLY_EPOCH, 3, Tier::Verified, 0, false),
    ] {
        let ticket = TicketNumber {
            tier,
            shard: Shard(shard),
            number,
        };
        assert_eq!(with.counts_ticket(epoch, ticket), counts, "{epoch} {ticket:?}");
        assert!(!without.counts_ticket(epoch, ticket) || epoch == ONLY_EPOCH);
    }
    let first = TicketNumber {
        tier: Tier::Human,
        shard: Shard(1),
        number: 0,
    };
    assert!(without.counts_ticket(ONLY_EPOCH, first));
    assert!(!without.counts_ticket(ONLY_EPOCH, TicketNumber { number: 10, ..first }));
}

#[test]
fn lives_that_do_not_cover_all_numbers_in_order_are_found() {
    let keys = SigningKeys::parse(
        r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
            "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#, // RFC 8037, appendix A
    )
    .unwrap();
    let judge = |doctor: &dyn Fn(&mut Listed)| {
        let mut doctored = epochs();
        doctor(&mut doctored);
        let record = record(doctored);
        let announced = Announcement {
            event_id: record.event_id.clone(),
            commitment: record.commitment,
            shards: ShardCount::new(4).unwrap(),
            on_sale_time: record.closed_at,
            draw_window_ms: 5_000,
            beacon: None,
        };
        record.sign(&keys).check(&keys.verifying().unwrap(), &announced, None)
    };
    let fault = Err(RecordFault::Counts);
    assert_eq!(judge(&|_| ()), Ok(()));
    assert_eq!(judge(&Vec::clear), Ok(()), "a store that never goes back");
    assert_eq!(judge(&|epochs| epochs.truncate(2)), fault, "a shard without epochs");
    assert_eq!(
        judge(&|epochs| epochs.push(start(9, 1, [0; 3]))),
        fault,
        "a shard without tickets"
    );
    assert_eq!(
        judge(&|epochs| epochs[0].1.from = [0, 1, 0]),
        fault,
        "a number of nobody"
    );
    assert_eq!(
        judge(&|epochs| epochs[1].1.from = [0, 0, 0]),
        fault,
        "an epoch without numbers"
    );
    assert_eq!(
        judge(&|epochs| epochs[1].1.from = [0, 11, 2]),
        fault,
        "more than there are"
    );
    assert_eq!(judge(&|epochs| epochs.reverse()), fault, "another order");
}
