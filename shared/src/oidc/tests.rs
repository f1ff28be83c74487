use super::*;
use crate::{jose::SigningKeys, timestamp::UnixMillis};

/// The key pair of RFC 8037, appendix A.
const PRIVATE: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;
const PUBLIC: &str = r#"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// The key of RFC 7515, appendix A.3.
const ES256: &str = r#"{"kty":"EC","crv":"P-256","kid":"a",
    "x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;
const NOW: u64 = 1_800_000_000;
const EXPECTED: ExpectedToken<'_> = ExpectedToken {
    issuer: "https://issuer.example",
    audience: "the-site",
};

fn keys(entries: &str) -> Result<IssuerKeys, IssuerKeysError> {
    IssuerKeys::parse(format!(r#"{{"keys":[{entries}]}}"#).as_bytes())
}

/// A token with this header and these claims besides `iss`, `sub` and `aud`.
fn token(header: &str, claims: &str) -> String {
    let claims = format!(r#"{{"iss":"https://issuer.example","sub":"fan","aud":["x","the-site"],{claims}}}"#);
    let head = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    let (_, signature) = SigningKeys::parse(PRIVATE).unwrap().sign(head.as_bytes());
    format!("{head}.{signature}")
}

const HEADER: &str = r#"{"alg":"EdDSA","kid":"a"}"#;

fn judge(header: &str, claims: &str) -> Result<(), AccountError> {
    let claims = keys(PUBLIC)
        .unwrap()
        .verify_signature(&token(header, claims), EXPECTED)?;
    claims.check(EXPECTED.issuer, UnixMillis(NOW * 1000))
}

#[test]
fn a_bad_entry_beside_a_good_key_does_not_spoil_it() {
    for beside in [
        "null",
        r#"{"kid":7}"#,
        r#"{"x5c":"MIIB"}"#,
        r#"{"kty":"oct","k":"x"}"#,
        "\"text\"",
    ] {
        let found = keys(&format!("{beside},{PUBLIC}")).unwrap_or_else(|error| panic!("{beside}: {error}"));
        assert!(found.has_key(Some("a")), "{beside}");
        assert!(keys(beside).is_err(), "{beside}");
    }
    // A member that is null says nothing, and one that makes no key spoils none.
    for (key, kid) in [(PUBLIC, "a"), (ES256, "a")] {
        for member in [
            r#""use":null"#,
            r#""key_ops":null"#,
            r#""alg":null"#,
            r#""x5c":"MIIB""#,
            r#""x5t":7"#,
        ] {
            let name = member.split(':').next().unwrap();
            let mut entry: serde_json::Value = serde_json::from_str(key).unwrap();
            entry.as_object_mut().unwrap().remove(name.trim_matches('"'));
            let entry = entry.to_string().replacen('{', &format!("{{{member},"), 1);
            let found = keys(&entry).unwrap_or_else(|error| panic!("{entry}: {error}"));
            assert!(found.has_key(Some(kid)), "{entry}");
        }
    }
    let with_mark = format!("\u{feff}{{\"keys\":[{PUBLIC}]}}");
    assert!(IssuerKeys::parse(with_mark.as_bytes()).is_ok());
    for text in ["", "[]", r#"{"keys":{}}"#, r#"{"keys":[]}"#] {
        assert!(IssuerKeys::parse(text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn keys_of_two_kinds_may_have_one_name() {
    let both = keys(&format!("{ES256},{PUBLIC}")).unwrap();
    assert!(
        both.verify_signature(&token(HEADER, r#""iat":0,"exp":1"#), EXPECTED)
            .is_ok()
    );
}

#[test]
fn a_token_without_a_name_is_verified_where_there_is_one_key_only() {
    let unnamed = token(r#"{"alg":"EdDSA"}"#, r#""iat":0,"exp":1"#);
    assert!(keys(PUBLIC).unwrap().verify_signature(&unnamed, EXPECTED).is_ok());
    let both = keys(&format!("{ES256},{PUBLIC}")).unwrap();
    assert!(both.verify_signature(&unnamed, EXPECTED).is_err());
}

#[test]
fn times_are_numeric_dates() {
    for (iat, exp) in [
        ("1.8e9", "1.9e9"),
        ("1799999999.5", "1800000000.5e0"),
        ("0", "1800000001.25"),
    ] {
        let judged = judge(HEADER, &format!(r#""iat":{iat},"exp":{exp}"#));
        let expected = if exp == "1800000000.5e0" {
            Err(AccountError::Expired)
        } else {
            Ok(())
        };
        assert_eq!(judged, expected, "{iat} {exp}");
    }
    for text in ["\"1800000000\"", "-1", "null"] {
        assert_eq!(
            judge(HEADER, &format!(r#""iat":{text},"exp":{}"#, NOW + 60)),
            Err(AccountError::Invalid),
            "{text}"
        );
    }
}

#[test]
fn a_token_that_holds_only_later_is_refused() {
    let judged = |nbf: u64| judge(HEADER, &format!(r#""iat":{NOW},"nbf":{nbf},"exp":{}"#, NOW + 3_600));
    assert_eq!(judged(NOW), Ok(()));
    assert_eq!(judged(NOW + times::ISSUED_AT_SKEW_SECONDS), Ok(()));
    assert_eq!(
        judged(NOW + times::ISSUED_AT_SKEW_SECONDS + 1),
        Err(AccountError::Invalid)
    );
    assert_eq!(judged(NOW + 600), Err(AccountError::Invalid));
}

#[test]
fn critical_extensions_other_algorithms_and_other_kinds_of_tokens_are_refused() {
    let times = format!(r#""iat":{NOW},"exp":{}"#, NOW + 60);
    for header in [
        r#"{"alg":"EdDSA","kid":"a"}"#,
        r#"{"alg":"Ed25519","kid":"a"}"#,
        r#"{"alg":"EdDSA","kid":"a","typ":"JWT"}"#,
        r#"{"alg":"EdDSA","kid":"a","typ":"at+jwt"}"#,
    ] {
        assert_eq!(judge(header, &times), Ok(()), "{header}");
    }
    for header in [
        r#"{"alg":"EdDSA","kid":"a","crit":["urn:example:unknown"]}"#,
        r#"{"alg":"EdDSA","kid":"a","crit":["exp"],"exp":1}"#,
        r#"{"alg":"RS256","kid":"a"}"#,
        r#"{"alg":"none","kid":"a"}"#,
        r#"{"alg":"EdDSA","kid":"b"}"#,
        r#"{"alg":"EdDSA","kid":"a","typ":"logout+jwt"}"#,
        r#"{"alg":"EdDSA","kid":"a","typ":"application/secevent+jwt"}"#,
        r#"{"alg":"EdDSA","kid":"a","typ":"DPoP+JWT"}"#,
    ] {
        assert_eq!(judge(header, &times), Err(AccountError::Invalid), "{header}");
    }
}
