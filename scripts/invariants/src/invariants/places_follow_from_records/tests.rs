use stanchion_shared::{
    draw::{
        chain::SecretChain,
        digest::FrozenShard,
        record::{ClosingDraw, DrawRecord, RecordSecondLine, SilentShards},
    },
    ids::{EventId, Shard, ShardCount},
    jose::SigningKeys,
    timestamp::UnixMillis,
};

use super::*;

// The key pair of RFC 8037, appendix A.
const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

/// Two draws of an event with two shards, and the receipts of everybody in them.
struct DrawFixture {
    signing: SigningKeys,
    announced: Announcement,
    draws: Vec<ClosedDraw>,
    tickets: Vec<GivenTicket>,
    last_place: u64,
    in_second_line: u64,
}

fn tag(number: u8) -> Tag {
    // The first bit is the shard.
    Tag([number, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, number])
}

fn fixture() -> DrawFixture {
    let signing = SigningKeys::parse(KEYS).unwrap();
    // A short chain would do, but there is only one length.
    let chain = SecretChain::generate(Bytes32([9; 32]));
    let announced = Announcement {
        event_id: EventId::parse("e").unwrap(),
        commitment: chain.commitment(),
        shards: ShardCount::new(2).unwrap(),
        on_sale_time: UnixMillis(100_000),
        draw_window_ms: 5_000,
        beacon: None,
    };
    let windows = announced.windows();
    let mut fixture = DrawFixture {
        announced,
        signing,
        draws: Vec::new(),
        tickets: Vec::new(),
        last_place: 0,
        in_second_line: 0,
    };
    // Draw, suspects who have moved up before it, and the people in it: suspects have odd numbers.
    let crowds = [(0, 0, vec![1, 2, 3, 200, 201, 202, 203]), (2, 2, vec![4, 5, 210])];
    let mut before = 0;
    for (draw, moved_up, crowd) in crowds {
        let logs: Vec<(Shard, Vec<(Tier, Tag)>)> = [0, 1]
            .map(|shard| {
                let of_shard = crowd.iter().filter(|number| (**number >= 128) == (shard == 1));
                let tier = |number: u8| {
                    if number.is_multiple_of(2) {
                        Tier::Human
                    } else {
                        Tier::Suspect
                    }
                };
                (
                    Shard(shard),
                    of_shard.map(|&number| (tier(number), tag(number))).collect(),
                )
            })
            .to_vec();
        let frozen: Vec<FrozenShard> = logs.iter().map(frozen).collect();
        let previous = fixture.draws.last().map(|draw: &ClosedDraw| draw.record.record.hash());
        let closing = ClosingDraw {
            event_id: &fixture.announced.event_id,
            draw: Draw(draw),
            opened_at: windows.opened_at(Draw(draw), UnixMillis(1)),
            closed_at: windows.closed_at(Draw(draw)),
            first_place: fixture.last_place + moved_up + 1,
            commitment: fixture.announced.commitment,
            secret: chain.secret(Draw(draw)).unwrap(),
            beacon: None,
            previous: previous.unwrap_or(Bytes32([0; 32])),
            epochs: Vec::new(),
            silent: SilentShards::default(),
            second_line: Some(RecordSecondLine { before, moved_up }),
        };
        let record = DrawRecord::close(closing, fixture.announced.shards, &frozen);
        before += record.tiers[2].count;
        fixture.last_place = record.last_place();
        fixture.in_second_line = before - moved_up;
        fixture.tickets.extend(receipts_of(&fixture, &record, &logs));
        fixture.draws.push(ClosedDraw {
            record: record.sign(&fixture.signing),
            logs,
        });
    }
    fixture
}

fn frozen((shard, log): &(Shard, Vec<(Tier, Tag)>)) -> FrozenShard {
    let mut one = FrozenShard {
        shard: *shard,
        digest: ShardDigest::EMPTY,
        counts: [0; 3],
    };
    for &(tier, tag) in log {
        one.digest = one.digest.with(tier, tag);
        one.counts[tier.index()] += 1;
    }
    one
}

fn receipts_of(fixture: &DrawFixture, record: &DrawRecord, logs: &[(Shard, Vec<(Tier, Tag)>)]) -> Vec<GivenTicket> {
    let mut tickets = Vec::new();
    for (shard, log) in logs {
        let mut counts = [0; 3];
        let mut digest = ShardDigest::EMPTY;
        for &(tier, tag) in log {
            digest = digest.with(tier, tag);
            let number = counts[tier.index()];
            counts[tier.index()] += 1;
            let claims = ReceiptClaims {
                event_id: record.event_id.clone(),
                draw: record.draw.0,
                tier: tier.into(),
                shard: *shard,
                number,
                tag,
                digest: digest.0,
                announced: fixture.announced.digest(),
            };
            let place = place::place(
                record,
                TicketNumber {
                    tier,
                    shard: *shard,
                    number,
                },
            )
            .unwrap();
            tickets.push(GivenTicket {
                subject: tag.to_string(),
                receipt: fixture.signing.sign_claims(ReceiptClaims::TOKEN_TYPE, &claims),
                place: Some(place.0),
            });
        }
    }
    tickets
}

impl DrawFixture {
    fn judge(&self) -> Invariant {
        judge(&RecordFacts {
            keys: &self.signing.verifying().unwrap(),
            announced: &self.announced,
            noted: Some(&self.announced),
            last_place: self.last_place,
            in_second_line: self.in_second_line,
            draws_closed: u32::try_from(self.draws.len()).unwrap(),
            draws: &self.draws,
            tickets: Some(&self.tickets),
        })
    }
}

#[test]
fn honest_draws_hold() {
    let invariant = fixture().judge();
    assert!(invariant.held, "{}", invariant.evidence);
}

#[test]
fn nothing_drawn_shows_nothing() {
    let mut empty = fixture();
    empty.draws.clear();
    empty.tickets.clear();
    (empty.last_place, empty.in_second_line) = (0, 0);
    assert!(!empty.judge().held);
    let mut nobody = fixture();
    nobody.tickets.clear();
    assert!(!nobody.judge().held);
}

#[test]
fn a_doctored_record_is_noticed() {
    let mut doctored = fixture();
    doctored.draws[1].record.record.tiers[1].count += 1;
    assert!(!doctored.judge().held, "counts");
    let mut doctored = fixture();
    doctored.draws[1].record.record.secret = Bytes32([1; 32]);
    let resigned = doctored.draws[1].record.record.clone().sign(&doctored.signing);
    doctored.draws[1].record = resigned;
    assert!(!doctored.judge().held, "a secret of its own choice");
    let mut doctored = fixture();
    doctored.draws.remove(0);
    assert!(!doctored.judge().held, "a record is missing");
    let mut doctored = fixture();
    doctored.last_place += 1;
    assert!(!doctored.judge().held, "a place is nobody's");
    let mut doctored = fixture();
    let mut record = doctored.draws[1].record.record.clone();
    record.second_line.as_mut().unwrap().moved_up = 1;
    doctored.draws[1].record = record.sign(&doctored.signing);
    assert!(!doctored.judge().held, "a suspect lost the place before the draw");
}

#[test]
fn a_suspect_moves_up_behind_those_who_are_drawn() {
    let mut moved = fixture();
    moved.last_place += 1;
    moved.in_second_line -= 1;
    let invariant = moved.judge();
    assert!(invariant.held, "{}", invariant.evidence);
    // Three people and two suspects, two people, three suspects.
    let line = line(&mut Findings::default(), &moved.draws);
    let is_suspect = |place: u64| line[&place].1.0[0] % 2 == 1;
    let suspects: Vec<u64> = (1..=10).filter(|&place| is_suspect(place)).collect();
    assert_eq!(suspects, [4, 5, 8, 9, 10]);
}

#[test]
fn a_record_of_other_times_is_noticed_although_the_edge_signed_it() {
    let mut doctored = fixture();
    let mut record = doctored.draws[1].record.record.clone();
    record.closed_at = record.closed_at.plus(1);
    doctored.draws[1].record = record.sign(&doctored.signing);
    let invariant = doctored.judge();
    assert!(!invariant.held);
    assert!(invariant.evidence.contains("times"), "{}", invariant.evidence);
}

#[test]
fn what_is_announced_otherwise_than_before_the_first_join_is_noticed() {
    let honest = fixture();
    let mut moved = fixture();
    moved.announced.draw_window_ms += 1;
    let judged = |announced: &Announcement, noted: Option<&Announcement>| {
        let keys = honest.signing.verifying().unwrap();
        judge(&RecordFacts {
            keys: &keys,
            announced,
            noted,
            last_place: honest.last_place,
            in_second_line: honest.in_second_line,
            draws_closed: 1,
            draws: &honest.draws[..1],
            tickets: None,
        })
    };
    // The first draw closes at the same instant whatever the window: only the note shows the change.
    let noted = judged(&moved.announced, Some(&honest.announced));
    assert!(
        noted.evidence.contains("changed since the first join: draw_window_ms"),
        "{}",
        noted.evidence
    );
    let unnoted = judged(&moved.announced, None);
    assert!(!unnoted.evidence.contains("changed since"), "{}", unnoted.evidence);
}

#[test]
fn a_doctored_log_is_noticed() {
    let mut doctored = fixture();
    doctored.draws[0].logs[0].1.swap(0, 1);
    assert!(!doctored.judge().held, "another order");
    let mut doctored = fixture();
    doctored.draws[0].logs[0].1[0].1 = tag(9);
    assert!(!doctored.judge().held, "somebody else");
}

#[test]
fn a_doctored_receipt_or_place_is_noticed() {
    let mut doctored = fixture();
    doctored.tickets[0].place = doctored.tickets[0].place.map(|place| place + 1);
    assert!(!doctored.judge().held, "another place was told");
    let mut doctored = fixture();
    let other = receipt_with(&doctored, |claims| claims.number += 1);
    doctored.tickets[0].receipt = other;
    assert!(!doctored.judge().held, "another number");
    let mut doctored = fixture();
    let other = receipt_with(&doctored, |claims| claims.digest = Bytes32([3; 32]));
    doctored.tickets[0].receipt = other;
    assert!(!doctored.judge().held, "another digest");
    let mut doctored = fixture();
    let other = receipt_with(&doctored, |claims| claims.draw = 1);
    doctored.tickets[0].receipt = other;
    assert!(!doctored.judge().held, "a draw without record, before the last one");
    let mut doctored = fixture();
    let other = receipt_with(&doctored, |claims| claims.announced = Bytes32([3; 32]));
    doctored.tickets[0].receipt = other;
    assert!(!doctored.judge().held, "another announcement");
    let mut doctored = fixture();
    doctored.tickets[0].receipt.push('A');
    assert!(!doctored.judge().held, "not signed");
}

fn receipt_with(fixture: &DrawFixture, change: impl Fn(&mut ReceiptClaims)) -> String {
    let keys = fixture.signing.verifying().unwrap();
    let mut claims: ReceiptClaims = keys
        .verify_claims(ReceiptClaims::TOKEN_TYPE, &fixture.tickets[0].receipt)
        .unwrap();
    change(&mut claims);
    fixture.signing.sign_claims(ReceiptClaims::TOKEN_TYPE, &claims)
}
