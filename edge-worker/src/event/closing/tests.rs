//! Draws for ever: whatever their number, what is kept and told of an event stays small.

use stanchion_shared::{
    draw::{beacon, chain::SecretChain, digest::ShardDigest, record::BeaconRound},
    identity::{EventId, EventKey, ShardCount},
    lives::Lives,
    policy::{BeaconKey, QueuePolicy},
    wire::{DRAW_WINDOW_MS, PutEvent, PutRelease, SHOPPING_MS, TURN_MS},
};

use super::*;
use crate::event::{Attempt, Fixed, Reported};

/// The key pair of RFC 8037, appendix A.
const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
const ON_SALE: UnixMillis = UnixMillis(1_800_000_000_000);

struct World {
    event: Event,
    chain: SecretChain,
    keys: SigningKeys,
}

fn world(policy: QueuePolicy) -> World {
    let chain = SecretChain::generate(Bytes32([3; 32]));
    let put = PutEvent {
        version: 1,
        name: "An evening".to_owned(),
        on_sale_time: ON_SALE,
        shards: ShardCount::new(1_024).unwrap(),
        draw_window_ms: DRAW_WINDOW_MS.least,
        turn_ms: TURN_MS.least,
        shopping_ms: SHOPPING_MS.least,
        challenge_max_number: 1_000,
        policy,
    };
    let fixed = Fixed {
        event_id: EventId::parse("e").unwrap(),
        opened_at: ON_SALE.minus(1_000),
        key: EventKey(Bytes32([4; 32])),
        commitment: chain.commitment(),
    };
    World {
        event: Event::create(fixed, put, Attempt(0)),
        chain,
        keys: SigningKeys::parse(KEYS).unwrap(),
    }
}

/// Three people in two of the 1,024 shards.
fn three_people(draw: u32) -> Vec<FrozenShard> {
    let shard = |shard, counts| FrozenShard {
        shard: Shard(shard),
        digest: ShardDigest(Bytes32([draw as u8; 32])),
        counts,
    };
    vec![shard(draw as u16 % 512, [0, 2, 0]), shard(1_023, [1, 0, 0])]
}

impl World {
    fn frozen(&self, draw: u32, shards: Vec<FrozenShard>) -> FrozenDraw {
        FrozenDraw {
            draw: Draw(draw),
            shards,
            lives: Vec::new(),
            secret: self.chain.secret(Draw(draw)).unwrap(),
            beacon: None,
        }
    }

    /// Closes a draw of three people, while an origin's meter goes on. Returns how large (snapshot, progress, record) are.
    fn close(&mut self, draw: u32) -> (usize, usize, usize) {
        let now = self.event.closed_at(Draw(draw));
        let version = self.event.pulse.version + 1;
        let release = PutRelease {
            version,
            rate_per_second: stanchion_shared::schedule::Rate::per_second(100),
            lease_ms: 10_000,
            paused: false,
            sold_out: false,
        };
        self.event.put_release(&release, Attempt(version), now);
        self.event.begin_closing(self.event.ended(Draw(draw), now));
        let frozen = self.frozen(draw, three_people(draw));
        let record = self.event.close(frozen, &self.keys, now).unwrap();
        let snapshot = self.event.snapshot(Reported::default(), Lives::default(), now);
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
    let mut world = world(QueuePolicy::default());
    let mut after_two_hundred = (0, 0, 0);
    // Two of three windows are idle, and cost nothing. After two hundred draws the oldest turns are over: from there on nothing grows.
    let draws: Vec<u32> = (0..9_000).step_by(3).collect();
    for (closed, &draw) in draws.iter().enumerate() {
        let (snapshot, progress, record) = world.close(draw);
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
    let progress = &world.event.progress;
    assert_eq!((progress.draws_closed, progress.last_place), (3_000, 9_000));
}

#[test]
fn draws_are_frozen_as_soon_as_they_have_ended_and_stay_so_while_an_earlier_one_is_closed() {
    let mut world = world(QueuePolicy::default());
    let closed_at = |draw| world.event.closed_at(Draw(draw));
    for (draw, now, ended) in [
        (0, closed_at(0), 0),
        (0, closed_at(1).minus(1), 0),
        (0, closed_at(1), 1),
        (0, closed_at(7), 7),
        (9, closed_at(7), 9),
    ] {
        assert_eq!(world.event.ended(Draw(draw), now), Draw(ended), "{draw} at {now}");
    }
    world.event.begin_closing(Draw(7));
    world.event.begin_closing(Draw(2));
    assert_eq!(world.event.progress.closing, Some(Draw(7)));
    let frozen = world.frozen(0, three_people(0));
    world.event.close(frozen, &world.keys, ON_SALE);
    assert_eq!(world.event.progress.closing, Some(Draw(7)));
    let frozen = world.frozen(7, three_people(7));
    world.event.close(frozen, &world.keys, ON_SALE);
    assert_eq!(world.event.progress.closing, None);
}

/// Round 3 of a real network, due at 3 s after the close of draw 0.
fn with_beacon() -> (World, VerifiedRound) {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../../../shared/tests/vectors/beacon.json")).unwrap();
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
    (world(policy), verified)
}

#[test]
fn what_is_frozen_is_told_until_the_draw_is_closed_with_its_round() {
    let (mut world, verified) = with_beacon();
    let awaited = world.event.awaited(Draw(0)).unwrap();
    assert_eq!((awaited.round, awaited.at), (3, ON_SALE.plus(3_000)));
    world.event.wait_for_round(Draw(0), &three_people(0));
    let told = world
        .event
        .snapshot(Reported::default(), Lives::default(), ON_SALE)
        .frozen
        .unwrap();
    let frozen = FrozenDraw {
        beacon: Some(verified.clone()),
        ..world.frozen(0, three_people(0))
    };
    let record = world.event.close(frozen, &world.keys, awaited.at).unwrap().record;
    assert_eq!(record.tickets_digest, told.tickets_digest);
    assert_eq!(record.beacon.as_ref(), Some(verified.round()));
    assert_eq!(
        world
            .event
            .snapshot(Reported::default(), Lives::default(), awaited.at)
            .frozen,
        None
    );
}

#[test]
#[should_panic(expected = "a draw has the round that it waits for")]
fn a_draw_without_its_round_is_never_closed() {
    let (mut world, _) = with_beacon();
    let frozen = world.frozen(0, three_people(0));
    let _ = world.event.close(frozen, &world.keys, ON_SALE.plus(3_000));
}

#[test]
#[should_panic(expected = "a draw has the round that it waits for")]
fn a_draw_is_never_closed_with_another_draws_round() {
    let (mut world, verified) = with_beacon();
    let frozen = FrozenDraw {
        beacon: Some(verified),
        ..world.frozen(5, three_people(5))
    };
    let _ = world.event.close(frozen, &world.keys, ON_SALE.plus(60_000));
}

#[test]
fn a_draw_that_nobody_is_in_waits_for_no_round() {
    let (mut world, _) = with_beacon();
    let frozen = world.frozen(0, Vec::new());
    assert_eq!(world.event.close(frozen, &world.keys, ON_SALE), None);
    assert_eq!(world.event.progress.closed_through, Some(Draw(0)));
}
