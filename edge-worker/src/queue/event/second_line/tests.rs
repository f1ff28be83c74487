use std::sync::LazyLock;

use stanchion_shared::{
    draw::{
        chain::SecretChain,
        digest::{FrozenShard, ShardDigest},
        record::DrawRecord,
    },
    epochs::Epochs,
    event_settings::{DRAW_WINDOW_MS, EventSettings, SHOPPING_MS, TURN_MS},
    ids::{Bytes32, EventId, EventKey, Place, Shard, ShardCount},
    jose::SigningKeys,
    policy::QueuePolicy,
    schedule::{Rate, ScheduleChange},
    wire::PutEvent,
};

use super::*;
use crate::queue::{
    Attempt,
    closing::{FrozenDraw, MissedDraw},
    event::EventConstants,
    shard_reports::ReportTotals,
    shard_tickets::EnteredDraw,
};

/// The key pair of RFC 8037, appendix A.
const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
const OPENED: UnixMillis = UnixMillis(1_800_000_000_000);
/// Costs a million hashes, so it is made once.
static CHAIN: LazyLock<SecretChain> = LazyLock::new(|| SecretChain::generate(Bytes32([3; 32])));

fn at(seconds: u64) -> UnixMillis {
    OPENED.plus(seconds * 1_000)
}

/// Ten places a second.
fn event() -> EventState {
    let settings = EventSettings {
        name: "An evening".to_owned(),
        on_sale_time: OPENED,
        shards: ShardCount::new(1).unwrap(),
        draw_window_ms: DRAW_WINDOW_MS.least,
        turn_ms: TURN_MS.least,
        shopping_ms: SHOPPING_MS.least,
        challenge_max_number: 1_000,
        policy: QueuePolicy::default(),
    };
    let constants = EventConstants {
        event_id: EventId::parse("e").unwrap(),
        opened_at: OPENED.minus(10_000),
        key: EventKey(Bytes32([4; 32])),
        commitment: CHAIN.commitment(),
    };
    let mut event = EventState::with_constants(constants, PutEvent { version: 1, settings }, Attempt(0));
    let change = ScheduleChange {
        rate: Some(Rate::per_second(10)),
        ..ScheduleChange::default()
    };
    event.schedule.change(change, OPENED.minus(10_000));
    event
}

fn tickets(counts: [u32; 3]) -> ShardTickets {
    ShardTickets {
        frozen: FrozenShard {
            shard: Shard(0),
            digest: ShardDigest(Bytes32([7; 32])),
            counts,
        },
        ..ShardTickets::none(Shard(0))
    }
}

impl EventState {
    fn closes(&mut self, draw: u32, counts: [u32; 3], now: UnixMillis) -> Option<DrawRecord> {
        let frozen = FrozenDraw {
            draw: Draw(draw),
            shards: vec![tickets(counts)],
            secret: CHAIN.secret(Draw(draw)).unwrap(),
            beacon: None,
        };
        let signed = self.close(frozen, &SigningKeys::parse(KEYS).unwrap(), now);
        signed.map(|signed| signed.record)
    }

    fn turn_of_number(&self, number: u64) -> Option<UnixMillis> {
        self.schedule.turn_at(self.schedule.place_in_line(number).unwrap())
    }
}

/// 100 people and 50 suspects joined before the on-sale.
fn drawn() -> EventState {
    let mut event = event();
    event.first_line_joins(Draw(0), OPENED.minus(9_000));
    let record = event.closes(0, [0, 100, 50], OPENED).unwrap();
    assert_eq!((record.first_place, record.last_place()), (1, 100));
    assert_eq!(record.second_line, Some(RecordSecondLine::default()));
    event
}

#[test]
fn suspects_follow_the_first_line_without_a_gap() {
    let event = drawn();
    assert_eq!((event.schedule.last_place(), event.in_second_line()), (150, 0));
    assert_eq!(event.schedule.turn_at(Place(100)), Some(at(12)));
    assert_eq!(event.turn_of_number(1), Some(at(12).plus(100)));
    assert_eq!(event.turn_of_number(50), Some(at(17)));
}

#[test]
fn from_a_join_on_no_more_suspects_go_until_whoever_joined_was_served() {
    let mut event = drawn();
    event.first_line_joins(Draw(14), at(13));
    let after_effect = at(13).plus(stanchion_shared::schedule::EFFECT_DELAY_MS);
    assert_eq!(event.turn_of_number(30), Some(after_effect));
    assert_eq!(event.turn_of_number(31), None);
    assert_eq!(event.in_second_line(), 20);
    let snapshot = event.snapshot(ReportTotals::default(), Epochs::default(), at(14));
    assert_eq!(
        (snapshot.joined, snapshot.last_place, snapshot.in_second_line),
        (150, 130, 20)
    );
    // More joins and other shards change nothing.
    let once = event.clone();
    event.first_line_joins(Draw(14), at(13).plus(500));
    assert!(event == once);

    let record = event.closes(14, [1, 19, 5], at(15)).unwrap();
    assert_eq!((record.first_place, record.last_place()), (131, 150));
    let second_line = RecordSecondLine {
        before: 50,
        moved_up: 30,
    };
    assert_eq!(
        (record.second_line, record.tiers[2].first_place),
        (Some(second_line), 51)
    );
    assert_eq!(event.schedule.turn_at(Place(150)), Some(at(19)));
    assert_eq!(event.turn_of_number(31), Some(at(19).plus(100)));
    assert_eq!((event.schedule.last_place(), event.in_second_line()), (175, 0));
}

#[test]
fn suspects_do_not_move_up_while_somebody_waits_in_a_later_draw() {
    let mut event = drawn();
    event.first_line_joins(Draw(1), at(1));
    event.first_line_joins(Draw(2), at(2));
    event.closes(1, [0, 1, 0], at(2)).unwrap();
    assert_eq!((event.schedule.last_place(), event.in_second_line()), (101, 50));
    event.closes(2, [0, 1, 0], at(3)).unwrap();
    assert_eq!((event.schedule.last_place(), event.in_second_line()), (152, 0));
}

#[test]
fn suspects_who_come_later_move_up_at_the_end_and_take_nobodys_place_back() {
    let mut event = drawn();
    let record = event.closes(15, [0, 0, 7], at(16)).unwrap();
    // The 50 are on their way still: how many of them went first is not settled.
    assert_eq!((record.first_place, record.last_place()), (101, 100));
    assert_eq!(record.second_line.map(|line| line.moved_up), Some(0));
    assert_eq!(event.turn_of_number(50), Some(at(17)));
    assert_eq!(event.turn_of_number(57), Some(at(18).plus(700)));
}

#[test]
fn a_draw_in_which_nobody_got_a_number_holds_suspects_up_only_until_it_is_closed() {
    let mut event = drawn();
    event.first_line_joins(Draw(1), at(1));
    assert_eq!(event.in_second_line(), 50);
    assert!(!event.all_are_out(at(100_000)), "the meter goes on for them");
    assert!(event.closes(1, [0, 0, 0], at(2)).is_none());
    assert_eq!((event.schedule.last_place(), event.in_second_line()), (150, 0));
}

#[test]
fn people_whom_a_missing_shard_left_over_are_waited_for_until_it_is_back() {
    let mut event = drawn();
    event.first_line_joins(Draw(1), at(1));
    event.progress.missed.push(MissedDraw {
        draw: Draw(1),
        entered: tickets([0, 2, 0]),
        decided_at: at(4),
        heard_at: None,
    });
    event.closes(1, [0, 2, 0], at(5)).unwrap();
    assert_eq!((event.schedule.last_place(), event.in_second_line()), (102, 50));
    let entered = EnteredDraw {
        draw: Draw(1),
        counts: [0, 2, 0],
    };
    let mut with_left_over = event.clone();
    with_left_over.first_line_joins(Draw(9), at(8));
    with_left_over.settled(Shard(0), &[entered], at(8));
    assert_eq!(with_left_over.in_second_line(), 50, "they are in a later draw now");
    event.settled(Shard(0), &[entered], at(8));
    assert_eq!((event.schedule.last_place(), event.in_second_line()), (152, 0));
}

#[test]
fn people_of_whom_no_shard_told_take_places_back_when_their_draw_is_closed() {
    // Their shards declared the draw to an earlier version.
    let mut event = drawn();
    let record = event.closes(13, [0, 4, 0], at(14)).unwrap();
    assert_eq!((record.first_place, record.last_place()), (141, 144));
    assert_eq!(event.turn_of_number(41), Some(at(16).plus(501)));
}

#[test]
fn draws_that_an_earlier_version_closed_keep_their_places() {
    let mut event = event();
    event.progress.last_place = 150;
    event.progress.draws_closed = 1;
    event.progress.closed_through = Some(Draw(0));
    event.schedule.open_later(150, None, 0, OPENED);
    let stored = serde_json::to_string(&event.progress).unwrap();
    assert!(!stored.contains("second_line"));
    event.progress = serde_json::from_str(&stored).unwrap();
    let record = event.closes(1, [0, 3, 0], at(1)).unwrap();
    assert_eq!((record.first_place, record.second_line), (151, None));
    let record = event.closes(2, [0, 3, 4], at(2)).unwrap();
    assert_eq!((record.first_place, record.last_place()), (154, 156));
    assert_eq!(record.second_line, Some(RecordSecondLine::default()));
    assert_eq!(record.tiers[2].first_place, 1);
    assert_eq!(event.schedule.place_in_line(4), Some(Place(160)));
}
