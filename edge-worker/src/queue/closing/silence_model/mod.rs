//! A model of one event: a coordinator, its shards and messages that are lost, late or twice, in
//! thousands of random histories, while the rate changes. Whatever happens, once every shard is back
//! everybody has exactly one place, the places are 1 to the last, no suspect went before a person of
//! the first line who waited, and the check that fans make agrees.
//!
//! The coordinator is the decision core itself. A shard here is what a runtime's shard is: rows that
//! change all or not at all.

mod checks;
mod shard;
mod world;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use stanchion_shared::{
    draw::{
        chain::SecretChain,
        digest::log_entry,
        place::place,
        record::{DrawRecord, SignedRecord},
    },
    event_settings::{DRAW_WINDOW_MS, EventSettings, SHOPPING_MS, TURN_MS},
    ids::{Bytes32, EventId, EventKey, Place, Shard, ShardCount, Tag, TicketNumber, Tier},
    jose::SigningKeys,
    policy::QueuePolicy,
    schedule::{EFFECT_DELAY_MS, Rate, ScheduleChange},
    verify::{FanClaim, Published, carries, is_left_over, verify},
    wire::{PutEvent, QueueAnswer, ReceiptClaims},
};

use super::*;
use crate::queue::{
    Attempt,
    declaration::DeclarationOutcome,
    event::{EventConstants, is_first_line},
    shard_reports::ShardReport,
    shard_tickets::sum,
};
use checks::is_suspect;
use shard::ModelShard;
use world::World;

const HISTORIES: u64 = 1_000;
const SHARDS: u16 = 4;
const ON_SALE: UnixMillis = UnixMillis(1_800_000_000_000);
/// Joins go on for so long after the on-sale, in ms.
const JOINING_MS: u64 = 6_000;

/// The key pair of RFC 8037, appendix A.
const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
static SIGNING: LazyLock<SigningKeys> = LazyLock::new(|| SigningKeys::parse(KEYS).unwrap());
/// Costs a million hashes, so it is made once.
static CHAIN: LazyLock<SecretChain> = LazyLock::new(|| SecretChain::generate(Bytes32([5; 32])));
/// How many draws missed a shard, and how many tickets were carried.
fn play(seed: u64) -> (usize, usize) {
    let mut world = World::new(seed);
    while world.now < ON_SALE.plus(JOINING_MS) {
        world.step(true);
    }
    world.finish();

    let (mut places, mut numbers) = (BTreeSet::new(), BTreeSet::new());
    for receipt in &world.receipts {
        let line = match is_suspect(receipt) {
            true => &mut numbers,
            false => &mut places,
        };
        assert!(line.insert(world.place(receipt)), "a place twice");
    }
    let suspects = numbers.len() as u64;
    assert_eq!(numbers, (1..=suspects).collect(), "each number once");
    for number in numbers {
        let place = world.event.schedule.place_in_line(number).unwrap();
        assert!(places.insert(place.0), "a place of the first line");
    }
    let last = world.receipts.len() as u64;
    assert_eq!(places, (1..=last).collect(), "everybody, and each place once");
    assert_eq!(world.event.schedule.last_place(), last, "everybody has moved up");
    world.first_line_goes_first();
    // Whoever asks their shard learns the same.
    for receipt in &world.receipts {
        let person = &world.shards[usize::from(receipt.shard.0)].people[&receipt.tag];
        let held = person.held.as_ref().unwrap();
        let numbered = TicketNumber {
            tier: held.tier,
            shard: receipt.shard,
            number: held.number,
        };
        let record = world.record(held.draw.0).unwrap();
        assert_eq!(place(record, numbered).unwrap().0, world.place(receipt));
    }
    let carried = |receipt: &&ReceiptClaims| is_left_over(receipt, world.record(receipt.draw).unwrap());
    for receipt in world
        .receipts
        .iter()
        .filter(carried)
        .take(2)
        .chain(world.receipts.first())
    {
        world.verify(receipt, world.place(receipt));
    }
    // The steps of this model are up to 80 ms apart, and one in some is of closing.
    let latest = JOIN_GRACE_MS + super::silent::FREEZE_DEADLINE_MS + 8_000;
    assert!(world.last_close_ms < latest, "closed after {} ms", world.last_close_ms);
    let missed = world.records.iter().filter(|signed| !signed.record.missing.is_empty());
    (missed.count(), world.receipts.iter().filter(carried).count())
}

#[test]
fn whatever_is_silent_lost_or_late_everybody_has_one_place_that_can_be_checked_and_suspects_come_last() {
    let (mut missed, mut carried) = (0, 0);
    for seed in 0..HISTORIES {
        let played = std::panic::catch_unwind(|| play(seed));
        let (draws, tickets) = played.unwrap_or_else(|_| panic!("the history of seed {seed}"));
        missed += draws;
        carried += tickets;
    }
    println!("{HISTORIES} histories from seed 0 on: {missed} draws missed a shard, {carried} tickets were carried");
    assert!(
        missed > 300 && carried > 800,
        "too little was silent: {missed} {carried}"
    );
}
