//! Queue tickets and shop tokens that were tampered with. None is accepted, whatever was changed
//! and however often.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use serde_json::{Value, json};
use stanchion_shared::{
    draw::record::Line,
    ids::{Draw, EventId, Place, Serial, Shard, Tag, TicketNumber, Tier},
    jose::{SigningKeys, VerifyingKeys},
    queue_ticket::{DrawnPlace, QueueTicket, TicketKeys},
    shop_token::{self, ISSUED_AT_SKEW_SECONDS, ShopClaims, ShopTokenError},
    timestamp::UnixMillis,
};

/// Number of texts that are tried: a million together. Verifying one Ed25519 signature takes as
/// long as fifty HMACs.
const TICKETS: u32 = 800_000;
const SHOP_TOKENS: u32 = 200_000;
const NOW: u64 = 1_800_000_000;
const ISSUER: &str = "https://queue.example";

/// Key pairs of RFC 8037 (appendix A) and of RFC 8032 (section 7.1, test 2).
const OURS: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"ours","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
const THEIRS: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"theirs","d":"TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}"#;

fn keys(jwks: &[&str]) -> SigningKeys {
    SigningKeys::parse(&format!(r#"{{"keys":[{}]}}"#, jwks.join(","))).unwrap()
}

fn event() -> EventId {
    EventId::parse("show").unwrap()
}

fn claims() -> ShopClaims {
    ShopClaims {
        iss: ISSUER.to_owned(),
        aud: shop_token::AUDIENCE.to_owned(),
        sub: "fan".to_owned(),
        jti: "00112233445566778899aabbccddeeff".to_owned(),
        iat: NOW,
        nbf: None,
        exp: NOW + 600,
        began_ms: Some(NOW * 1000),
        ends_ms: None,
        event: event(),
        place: Some(Place(7)),
        tag: None,
    }
}

fn judge(keys: &VerifyingKeys, token: &str, now: u64) -> Result<ShopClaims, ShopTokenError> {
    shop_token::verify(keys, ISSUER, token, UnixMillis(now * 1000))
}

fn ticket(place: Option<DrawnPlace>) -> QueueTicket {
    QueueTicket {
        event_id: event(),
        epoch: 0,
        draw: Draw(3),
        numbered: TicketNumber {
            tier: Tier::Human,
            shard: Shard(2),
            number: 11,
        },
        tag: Tag([9; 16]),
        serial: Serial(1),
        place,
    }
}

fn ticket_keys(text: &str) -> TicketKeys {
    TicketKeys::parse(text).unwrap()
}

/// Changes a text in one of the ways in which people and programs do: other characters, cut,
/// doubled, moved, or parts of another token.
fn mutated(random: &mut ChaCha8Rng, text: &str, other: &str) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ ";
    let mut bytes = text.as_bytes().to_vec();
    let at = |random: &mut ChaCha8Rng, length: usize| random.next_u32() as usize % length;
    let letter = |random: &mut ChaCha8Rng| ALPHABET[random.next_u32() as usize % ALPHABET.len()];
    match random.next_u32() % 6 {
        0 => {
            let index = at(random, bytes.len());
            bytes[index] = letter(random);
        }
        1 => {
            for _ in 0..=random.next_u32() % 8 {
                let index = at(random, bytes.len());
                bytes[index] = letter(random);
            }
        }
        2 => bytes.truncate(at(random, bytes.len())),
        3 => bytes.insert(at(random, bytes.len()), letter(random)),
        4 => {
            let (one, two) = (at(random, bytes.len()), at(random, bytes.len()));
            bytes.swap(one, two);
        }
        _ => {
            let from = at(random, bytes.len());
            bytes.truncate(from);
            bytes.extend_from_slice(&other.as_bytes()[from.min(other.len())..]);
        }
    }
    String::from_utf8(bytes).unwrap()
}

#[test]
fn no_ticket_that_was_changed_is_accepted() {
    let keys = ticket_keys(&format!("1:{},0:{}", "ab".repeat(32), "cd".repeat(32)));
    let drawn = DrawnPlace {
        place: Place(1_000_000),
        line: Line::First,
        epoch: 0,
    };
    // Another token of the same key, so that parts of both are put together, too.
    let (text, other) = (keys.sign(&ticket(Some(drawn))), keys.sign(&ticket(None)));
    assert!(keys.verify(&text).is_ok() && keys.verify(&other).is_ok());
    let mut random = ChaCha8Rng::seed_from_u64(1);
    for _ in 0..TICKETS {
        let changed = mutated(&mut random, &text, &other);
        let accepted = keys.verify(&changed).is_ok();
        assert!(!accepted || changed == text || changed == other, "{changed}");
    }
}

#[test]
fn no_shop_token_that_was_changed_is_accepted() {
    let signing = keys(&[OURS]);
    let verifying = signing.verifying().unwrap();
    let other = ShopClaims {
        place: Some(Place(1)),
        exp: NOW + 6_000,
        ..claims()
    };
    let (text, other) = (
        shop_token::sign(&signing, &claims()),
        shop_token::sign(&signing, &other),
    );
    let mut random = ChaCha8Rng::seed_from_u64(2);
    for _ in 0..SHOP_TOKENS {
        let changed = mutated(&mut random, &text, &other);
        let accepted = judge(&verifying, &changed, NOW).is_ok();
        assert!(!accepted || changed == text || changed == other, "{changed}");
    }
}

/// A token with any header and payload. `sign` makes its third part.
fn forged(header: &Value, claims: &ShopClaims, sign: impl Fn(&[u8]) -> String) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(serde_json::to_vec(value).unwrap());
    let head = format!("{}.{}", part(header), part(&serde_json::to_value(claims).unwrap()));
    let signature = sign(head.as_bytes());
    format!("{head}.{signature}")
}

#[test]
fn only_our_algorithm_by_our_key_under_its_own_name_is_a_signature() {
    let (ours, theirs) = (keys(&[OURS]), keys(&[THEIRS]));
    let both = keys(&[OURS, THEIRS]);
    let verifying = ours.verifying().unwrap();
    let header = |alg: &str, kid: &str| json!({"typ": shop_token::TOKEN_TYPE, "alg": alg, "kid": kid});
    let good = forged(&header("EdDSA", "ours"), &claims(), |head| ours.sign(head).1);
    assert!(
        judge(&verifying, &good, NOW).is_ok(),
        "what is refused below is refused for one reason only"
    );

    let by = |alg: &str, kid: &str, keys: &SigningKeys| forged(&header(alg, kid), &claims(), |head| keys.sign(head).1);
    let none = forged(&header("none", "ours"), &claims(), |_| String::new());
    let no_kid = forged(
        &json!({"typ": shop_token::TOKEN_TYPE, "alg": "EdDSA"}),
        &claims(),
        |head| ours.sign(head).1,
    );
    let no_typ = forged(&json!({"alg": "EdDSA", "kid": "ours"}), &claims(), |head| {
        ours.sign(head).1
    });
    let other_typ = forged(
        &json!({"typ": "at+jwt", "alg": "EdDSA", "kid": "ours"}),
        &claims(),
        |head| ours.sign(head).1,
    );
    for (what, token) in [
        ("alg none, no signature", none),
        ("alg none, signed", by("none", "ours", &ours)),
        ("alg NONE", by("NONE", "ours", &ours)),
        ("alg HS256", by("HS256", "ours", &ours)),
        ("alg ES256", by("ES256", "ours", &ours)),
        ("somebody else's key under our name", by("EdDSA", "ours", &theirs)),
        ("our key under another name", by("EdDSA", "theirs", &ours)),
        ("an unknown name", by("EdDSA", "nobody", &ours)),
        ("no name", no_kid),
        ("no type", no_typ),
        ("an account token", other_typ),
    ] {
        assert_eq!(judge(&verifying, &token, NOW), Err(ShopTokenError::Invalid), "{what}");
    }
    // Two keys of one site. Each verifies under its own name, and neither under the name of the
    // other.
    let both = both.verifying().unwrap();
    assert!(judge(&both, &by("EdDSA", "theirs", &theirs), NOW).is_ok());
    assert_eq!(
        judge(&both, &by("EdDSA", "theirs", &ours), NOW),
        Err(ShopTokenError::Invalid)
    );
}

#[test]
fn clocks_a_minute_apart_agree_and_further_apart_do_not() {
    let signing = keys(&[OURS]);
    let verifying = signing.verifying().unwrap();
    let token = shop_token::sign(&signing, &claims());
    assert!(judge(&verifying, &token, NOW - ISSUED_AT_SKEW_SECONDS).is_ok());
    assert_eq!(
        judge(&verifying, &token, NOW - ISSUED_AT_SKEW_SECONDS - 1),
        Err(ShopTokenError::Invalid)
    );
    assert!(judge(&verifying, &token, NOW + 599).is_ok());
    assert_eq!(
        judge(&verifying, &token, NOW + 600),
        Err(ShopTokenError::Expired),
        "no skew on the end"
    );
}

#[test]
fn a_token_opens_no_other_event() {
    assert!(claims().opens(&event()).is_ok());
    assert_eq!(
        claims().opens(&EventId::parse("other").unwrap()),
        Err(ShopTokenError::OtherEvent)
    );
}

#[test]
fn keys_rotate_and_nobody_is_dropped() {
    let (old, new) = ("ab".repeat(32), "cd".repeat(32));
    let [before, during, after] =
        [format!("1:{old}"), format!("2:{new},1:{old}"), format!("2:{new}")].map(|text| ticket_keys(&text));
    let (held, given) = (before.sign(&ticket(None)), during.sign(&ticket(None)));
    assert_eq!(during.verify(&held), Ok(ticket(None)), "a ticket of the old key");
    assert_eq!(
        after.verify(&given),
        Ok(ticket(None)),
        "whoever has polled meanwhile has one of the new"
    );
    assert!(after.verify(&held).is_err(), "a key that is gone signs for nobody");
    assert_eq!([during.is_by_first(&held), during.is_by_first(&given)], [false, true]);

    let [before, during, after] = [keys(&[OURS]), keys(&[THEIRS, OURS]), keys(&[THEIRS])];
    let (held, given) = (
        shop_token::sign(&before, &claims()),
        shop_token::sign(&during, &claims()),
    );
    assert!(judge(&during.verifying().unwrap(), &held, NOW).is_ok());
    assert!(judge(&after.verifying().unwrap(), &given, NOW).is_ok());
    assert_eq!(
        judge(&after.verifying().unwrap(), &held, NOW),
        Err(ShopTokenError::Invalid)
    );
}
