//! Draws for ever: whatever their number, what is stored and public of an event stays small.

use stanchion_shared::{
    draw::{
        beacon::{self, BeaconRound},
        chain::SecretChain,
        digest::ShardDigest,
    },
    epochs::Epochs,
    event_settings::{DRAW_WINDOW_MS, EventSettings, SHOPPING_MS, TURN_MS},
    ids::{EventId, EventKey, ShardCount},
    policy::{BeaconKey, BeaconPolicy, QueuePolicy},
    wire::{PutEvent, PutRelease},
};

use super::*;
use crate::queue::{Attempt, event::EventConstants, shard_reports::ReportTotals};

/// The key pair of RFC 8037, appendix A.
const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
const ON_SALE: UnixMillis = UnixMillis(1_800_000_000_000);

struct Harness {
    event: EventState,
    chain: SecretChain,
    keys: SigningKeys,
}

fn harness(policy: QueuePolicy) -> Harness {
    let chain = SecretChain::generate(Bytes32([3; 32]));
    let put = PutEvent {
        version: 1,
        settings: EventSettings {
            name: "An evening".to_owned(),
            on_sale_time: ON_SALE,
            shards: ShardCount::new(1_024).unwrap(),
            draw_window_ms: DRAW_WINDOW_MS.least,
            turn_ms: TURN_MS.least,
            shopping_ms: SHOPPING_MS.least,
            challenge_max_number: 1_000,
            policy,
        },
    };
    let fixed = EventConstants {
        event_id: EventId::parse("e").unwrap(),
        opened_at: ON_SALE.minus(1_000),
        key: EventKey(Bytes32([4; 32])),
        commitment: chain.commitment(),
    };
    Harness {
        event: EventState::with_constants(fixed, put, Attempt(0)),
        chain,
        keys: SigningKeys::parse(KEYS).unwrap(),
    }
}

/// Three people in two of the 1,024 shards.
fn three_people(draw: u32) -> Vec<ShardTickets> {
    let shard = |shard, counts| ShardTickets {
        frozen: FrozenShard {
            shard: Shard(shard),
            digest: ShardDigest(Bytes32([draw as u8; 32])),
            counts,
        },
        ..ShardTickets::none(Shard(shard))
    };
    vec![shard(draw as u16 % 512, [0, 2, 0]), shard(1_023, [1, 0, 0])]
}

impl Harness {
    fn frozen(&self, draw: u32, shards: Vec<ShardTickets>) -> FrozenDraw {
        FrozenDraw {
            draw: Draw(draw),
            shards,
            secret: self.chain.secret(Draw(draw)).unwrap(),
            beacon: None,
        }
    }

    /// Closes a draw of three people, while an origin's meter goes on. Returns how large (snapshot,
    /// progress, record) are.
    fn close(&mut self, draw: u32) -> (usize, usize, usize) {
        let now = self.event.closed_at(Draw(draw));
        let version = self.event.live.version + 1;
        let release = PutRelease {
            version,
            rate_per_second: stanchion_shared::schedule::Rate::per_second(100),
            lease_ms: 10_000,
            paused: false,
            sold_out: false,
            at_once: None,
        };
        self.event.put_release(&release, Attempt(version), now);
        self.event.end_declarations(None, Draw(draw), now);
        let frozen = self.frozen(draw, three_people(draw));
        let record = self.event.close(frozen, &self.keys, now).unwrap();
        let snapshot = self.event.snapshot(ReportTotals::default(), Epochs::default(), now);
        let length = |json: serde_json::Result<String>| json.unwrap().len();
        (
            length(serde_json::to_string(&snapshot)),
            length(serde_json::to_string(&self.event.progress)),
            length(serde_json::to_string(&record)),
        )
    }
}

#[test]
fn after_three_thousand_draws_snapshot_progress_and_records_are_as_small_as_after_two_hundred() {
    let mut harness = harness(QueuePolicy::default());
    let mut after_two_hundred = (0, 0, 0);
    // Two of three windows are idle, and cost nothing. After two hundred draws the oldest turns are
    // over: from there on nothing grows.
    let draws: Vec<u32> = (0..9_000).step_by(3).collect();
    for (closed, &draw) in draws.iter().enumerate() {
        let (snapshot, progress, record) = harness.close(draw);
        if closed == 200 {
            after_two_hundred = (snapshot, progress, record);
        }
        if closed > 200 {
            // Larger numbers have more digits; nothing else may grow.
            let most = |size: usize| size + size / 10;
            assert!(
                snapshot <= most(after_two_hundred.0),
                "{closed}: {snapshot} bytes, {after_two_hundred:?}"
            );
            assert!(
                progress <= most(after_two_hundred.1),
                "{closed}: {progress} bytes, {after_two_hundred:?}"
            );
            assert!(
                record <= most(after_two_hundred.2),
                "{closed}: {record} bytes, {after_two_hundred:?}"
            );
        }
    }
    assert!(
        after_two_hundred.2 < 1_500,
        "a record lists two shards of 1,024: {after_two_hundred:?}"
    );
    let progress = &harness.event.progress;
    assert_eq!((progress.draws_closed, progress.last_place), (3_000, 9_000));
}

#[test]
fn draws_are_frozen_as_soon_as_they_have_ended_and_stay_so_while_an_earlier_one_is_closed() {
    let mut harness = harness(QueuePolicy::default());
    let closed_at = |draw| harness.event.due_at(Draw(draw));
    for (draw, now, ended) in [
        (0, closed_at(0), 0),
        (0, closed_at(1).minus(1), 0),
        (0, closed_at(1), 1),
        (0, closed_at(7), 7),
        (9, closed_at(7), 9),
    ] {
        assert_eq!(
            harness.event.last_ended(Draw(draw), now),
            Draw(ended),
            "{draw} at {now}"
        );
    }
    let (closed_at_7, closed_at_2) = (closed_at(7), closed_at(2));
    harness.event.end_declarations(None, Draw(7), closed_at_7);
    harness.event.end_declarations(None, Draw(2), closed_at_2);
    assert_eq!(harness.event.progress.closing, Some(Draw(7)));
    let frozen = harness.frozen(0, three_people(0));
    harness.event.close(frozen, &harness.keys, ON_SALE);
    assert_eq!(harness.event.progress.closing, Some(Draw(7)));
    let frozen = harness.frozen(7, three_people(7));
    harness.event.close(frozen, &harness.keys, ON_SALE);
    assert_eq!(harness.event.progress.closing, None);
}

/// Round 3 of a real network, due at 3 s after the close of draw 0.
fn with_beacon() -> (Harness, VerifiedRound) {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../../../../shared/tests/vectors/beacon.json")).unwrap();
    let network = &vectors["networks"][1];
    let beacon = BeaconPolicy {
        public_key: BeaconKey::parse(network["public_key"].as_str().unwrap()).unwrap(),
        genesis: ON_SALE.0 / 1_000 + 3 - 2 * 3,
        ..BeaconPolicy::quicknet()
    };
    let round: BeaconRound = serde_json::from_value(network["rounds"][0].clone()).unwrap();
    let verified = beacon::verify(&beacon, round).unwrap();
    let policy = QueuePolicy {
        beacon: Some(beacon),
        ..QueuePolicy::default()
    };
    (harness(policy), verified)
}

#[test]
fn what_is_frozen_is_told_until_the_draw_is_closed_with_its_round() {
    let (mut harness, verified) = with_beacon();
    let awaited = harness.event.awaited_round(Draw(0)).unwrap();
    assert_eq!((awaited.round, awaited.at), (3, ON_SALE.plus(3_000)));
    harness.event.note_frozen(Draw(0), Some(&three_people(0)), Draw(0));
    let told = harness
        .event
        .snapshot(ReportTotals::default(), Epochs::default(), ON_SALE)
        .frozen
        .unwrap();
    let frozen = FrozenDraw {
        beacon: Some(verified.clone()),
        ..harness.frozen(0, three_people(0))
    };
    let record = harness.event.close(frozen, &harness.keys, awaited.at).unwrap().record;
    assert_eq!(record.tickets_digest, told.tickets_digest);
    assert_eq!(record.beacon.as_ref(), Some(verified.round()));
    assert_eq!(
        harness
            .event
            .snapshot(ReportTotals::default(), Epochs::default(), awaited.at)
            .frozen,
        None
    );
}

#[test]
#[should_panic(expected = "a draw has the round that it waits for")]
fn a_draw_without_its_round_is_never_closed() {
    let (mut harness, _) = with_beacon();
    let frozen = harness.frozen(0, three_people(0));
    let _ = harness.event.close(frozen, &harness.keys, ON_SALE.plus(3_000));
}

#[test]
#[should_panic(expected = "a draw has the round that it waits for")]
fn a_draw_is_never_closed_with_another_draws_round() {
    let (mut harness, verified) = with_beacon();
    let frozen = FrozenDraw {
        beacon: Some(verified),
        ..harness.frozen(5, three_people(5))
    };
    let _ = harness.event.close(frozen, &harness.keys, ON_SALE.plus(60_000));
}

#[test]
fn a_draw_that_nobody_is_in_waits_for_no_round() {
    let (mut harness, _) = with_beacon();
    let frozen = harness.frozen(0, Vec::new());
    assert_eq!(harness.event.close(frozen, &harness.keys, ON_SALE), None);
    assert_eq!(harness.event.progress.closed_through, Some(Draw(0)));
}

/// Of two that close a draw at once, one heard a shard, and the other has entered it without an
/// answer: the record is of what was decided.
#[test]
fn a_shard_that_was_entered_is_in_the_record_as_it_was_entered() {
    let mut harness = harness(QueuePolicy::default());
    harness.event.end_declarations(None, Draw(0), ON_SALE);
    let deadline = harness.event.freeze_deadline(Draw(0));
    let entered = harness
        .event
        .enter_silent(&[(Draw(0), Shard(1_023))], &Default::default(), deadline);
    assert_eq!(entered.len(), 1);
    let frozen = harness.frozen(0, three_people(0));
    let record = harness.event.close(frozen, &harness.keys, deadline).unwrap().record;
    assert_eq!((record.count(), record.missing), (2, vec![Shard(1_023)]));
}
