use super::*;
use stanchion_shared::{
    ids::{Bytes32, Draw, EventId, Place, Shard},
    jose::SigningKeys,
    shop_token::{AUDIENCE, ShopClaims},
    timestamp::UnixMillis,
    wire::QueueStatus,
};

// The key pair of RFC 8037, appendix A.
const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

fn tag(number: u8) -> Tag {
    Tag([number; 16])
}

fn receipt(draw: u32, number: u32, of: u8) -> String {
    let claims = ReceiptClaims {
        event_id: EventId::parse("e").unwrap(),
        draw,
        tier: 1,
        shard: Shard(0),
        number,
        tag: tag(of),
        digest: Bytes32([0; 32]),
        announced: Bytes32([0; 32]),
    };
    SigningKeys::parse(KEYS)
        .unwrap()
        .sign_claims(ReceiptClaims::TOKEN_TYPE, &claims)
}

fn held_ticket(subject: &str, receipt: String) -> GivenTicket {
    GivenTicket {
        subject: subject.to_owned(),
        receipt,
        place: None,
    }
}

fn token(subject: &str, jti: &str, place: u64, iat: u64, exp: u64) -> ReadToken {
    ReadToken {
        subject: subject.to_owned(),
        claims: ShopClaims {
            iss: "i".to_owned(),
            aud: AUDIENCE.to_owned(),
            sub: subject.to_owned(),
            jti: jti.to_owned(),
            iat,
            nbf: None,
            exp,
            began_ms: None,
            ends_ms: None,
            event: EventId::parse("e").unwrap(),
            place: Some(Place(place)),
            tag: None,
        },
        received_at: UnixMillis(iat * 1_000),
    }
}

/// Fan 1 is at place 1 (draw 0) and again at place 3 (draw 2); fan 2 is at place 2.
fn line() -> DrawnLine {
    [(1, (Draw(0), tag(1))), (2, (Draw(0), tag(2))), (3, (Draw(2), tag(1)))].into()
}

fn held(line: &DrawnLine, tokens: &[ReadToken], two_tabs: &[TwoTabs], old_tickets: &[ReplacedTicketAttempt]) -> bool {
    held_with(line, tokens, two_tabs, old_tickets, &[])
}

fn held_with(
    line: &DrawnLine,
    tokens: &[ReadToken],
    two_tabs: &[TwoTabs],
    old_tickets: &[ReplacedTicketAttempt],
    left_sessions: &[LeftSession],
) -> bool {
    let tickets = [
        held_ticket("one", receipt(0, 0, 1)),
        held_ticket("two", receipt(0, 1, 2)),
        held_ticket("one", receipt(2, 0, 1)),
    ];
    let keys = SigningKeys::parse(KEYS).unwrap().verifying().unwrap();
    judge(&PersonFacts {
        keys: &keys,
        line,
        tokens,
        tickets: &tickets,
        two_tabs,
        old_tickets,
        left_sessions,
    })
    .held
}

#[test]
fn who_left_may_have_the_next_session_once_the_first_token_is_dead() {
    let tokens = |second| [token("one", "a", 1, 10, 600), token("one", "b", 3, second, 700)];
    let left = |subject: &str, at_ms| {
        [LeftSession {
            subject: subject.to_owned(),
            left_at: UnixMillis(at_ms),
        }]
    };
    let judged = |second, left: &[LeftSession]| held_with(&line(), &tokens(second), &[], &[], left);
    assert!(judged(22, &left("one", 20_000)));
    assert!(!judged(21, &left("one", 20_000)), "the first token was good until 22");
    assert!(!judged(22, &left("two", 20_000)), "somebody else left");
    assert!(!judged(22, &left("one", 9_000)), "before this session");
}

#[test]
fn one_session_after_the_other_holds() {
    let tokens = [
        token("one", "a", 1, 10, 20),
        token("one", "a", 1, 10, 25),
        token("one", "b", 3, 25, 35),
        token("two", "c", 2, 11, 21),
    ];
    assert!(held(&line(), &tokens, &[], &[]));
}

#[test]
fn nothing_seen_shows_nothing() {
    assert!(!held(&line(), &[], &[], &[]));
    assert!(!held(&DrawnLine::new(), &[token("one", "a", 1, 10, 20)], &[], &[]));
}

#[test]
fn two_sessions_at_once_do_not() {
    assert!(!held(
        &line(),
        &[token("one", "a", 1, 10, 20), token("one", "b", 3, 19, 30)],
        &[],
        &[]
    ));
    // A stop made the first one longer.
    let longer = [
        token("one", "a", 1, 10, 20),
        token("one", "a", 1, 10, 22),
        token("one", "b", 3, 21, 30),
    ];
    assert!(!held(&line(), &longer, &[], &[]));
}

#[test]
fn an_older_place_after_a_newer_one_does_not() {
    assert!(!held(
        &line(),
        &[token("one", "a", 3, 10, 20), token("one", "b", 1, 25, 30)],
        &[],
        &[]
    ));
}

#[test]
fn somebody_elses_place_or_session_does_not() {
    assert!(!held(&line(), &[token("two", "a", 1, 10, 20)], &[], &[]));
    assert!(!held(&line(), &[token("two", "a", 9, 10, 20)], &[], &[]));
    assert!(!held(
        &line(),
        &[token("one", "a", 1, 10, 20), token("two", "a", 2, 10, 20)],
        &[],
        &[]
    ));
}

#[test]
fn two_numbers_in_a_draw_do_not() {
    let mut twice = line();
    twice.insert(4, (Draw(2), tag(1)));
    assert!(!held(&twice, &[token("one", "a", 1, 10, 20)], &[], &[]));
}

#[test]
fn two_tabs_with_two_numbers_and_old_tickets_that_work_do_not() {
    let good = [token("one", "a", 1, 10, 20)];
    let tabs = |receipts: Vec<String>| {
        [TwoTabs {
            subject: "one".to_owned(),
            receipts,
        }]
    };
    assert!(held(
        &line(),
        &good,
        &tabs(vec![receipt(0, 0, 1), receipt(0, 0, 1)]),
        &[]
    ));
    assert!(!held(
        &line(),
        &good,
        &tabs(vec![receipt(0, 0, 1), receipt(0, 5, 1)]),
        &[]
    ));
    let tried = |opened_the_shop| {
        [ReplacedTicketAttempt {
            subject: "one".to_owned(),
            status: QueueStatus::Expired,
            opened_the_shop,
        }]
    };
    assert!(held(&line(), &good, &[], &tried(false)));
    assert!(!held(&line(), &good, &[], &tried(true)));
}
