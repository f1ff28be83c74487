//! Keys for tests only, from published test vectors. Anybody can recognise them, so nobody can use them elsewhere unnoticed.

use std::collections::HashMap;

use stanchion_shared::{
    account_token::{self, AccountClaims},
    ids::{EventId, Place},
    jose::SigningKeys,
    shop_token::{self, AUDIENCE, ShopClaims},
};
use uuid::Uuid;

use super::ADMIN_TOKEN;

/// RFC 8037, appendix A (and RFC 8032, test 1): the edge.
pub(crate) const EDGE_KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"edge",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
/// RFC 8032, test 2: accounts.
const ACCOUNT_KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"account",
    "d":"TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}]}"#;
/// HMAC of the control API.
pub(crate) const CONTROL_KEY: [u8; 32] = [7; 32];
const ACCOUNT_ISSUER: &str = "https://accounts.test";
const SHOP_ISSUER: &str = "https://edge.test";

/// Every variable the origin needs.
pub(crate) fn configuration(edge: &str, database: &str, redis: &str) -> HashMap<String, String> {
    let jwks = SigningKeys::parse(ACCOUNT_KEYS).expect("a key set").public_jwks();
    let control = hex::encode(CONTROL_KEY);
    let values = [
        ("STANCHION_ENVIRONMENT", "development"),
        ("STANCHION_LISTEN", "127.0.0.1:0"),
        ("STANCHION_DATABASE_URL", database),
        ("STANCHION_REDIS_URL", redis),
        ("STANCHION_EDGE_URL", edge),
        ("STANCHION_CONTROL_KEY", &control),
        ("STANCHION_ACCOUNT_SIGNING_KEYS", ACCOUNT_KEYS),
        ("STANCHION_ACCOUNT_JWKS", &jwks),
        ("STANCHION_ACCOUNT_ISSUER", ACCOUNT_ISSUER),
        ("STANCHION_SHOP_ISSUER", SHOP_ISSUER),
        ("STANCHION_STRIPE_URL", "http://127.0.0.1:9"),
        ("STANCHION_STRIPE_KEY", "sk_test_harness"),
        ("STANCHION_TICKET_CODE_KEY", &control),
        ("STANCHION_INVITATION_KEY", &control),
        ("STANCHION_ADMIN_TOKEN", ADMIN_TOKEN),
    ];
    values
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

/// A shop token as the edge signs it, that ends `seconds` from now (negative: has ended), and its claims.
pub(crate) fn shop_token(subject: &str, event: &str, seconds: i64) -> (String, ShopClaims) {
    let now = stanchion_origin::clock::now().floor_seconds();
    let claims = ShopClaims {
        iss: SHOP_ISSUER.to_owned(),
        aud: AUDIENCE.to_owned(),
        sub: subject.to_owned(),
        jti: Uuid::new_v4().simple().to_string(),
        iat: now - 1,
        nbf: None,
        exp: now.saturating_add_signed(seconds),
        began_ms: Some((now - 1) * 1000),
        ends_ms: None,
        event: EventId::parse(event).expect("an event id"),
        place: Some(Place(1)),
        tag: None,
    };
    let keys = SigningKeys::parse(EDGE_KEYS).expect("a key set");
    (shop_token::sign(&keys, &claims), claims)
}

/// An account token as the origin signs it, for a subject that never signed up.
pub(crate) fn account_token(subject: &str) -> String {
    let now = stanchion_origin::clock::now().floor_seconds();
    let claims = AccountClaims::new(ACCOUNT_ISSUER, subject, now - 1, now + 3_600);
    account_token::sign(&SigningKeys::parse(ACCOUNT_KEYS).expect("a key set"), &claims)
}
