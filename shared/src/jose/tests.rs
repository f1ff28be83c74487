use super::*;

// The key pair of RFC 8037, appendix A.
const RFC8037: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

#[test]
fn a_signature_equals_the_one_in_rfc_8037() {
    let keys = SigningKeys::parse(RFC8037).unwrap();
    let (_, signature) = keys.sign(b"eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc");
    assert_eq!(
        signature,
        "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"
    );
}

#[test]
fn the_published_set_has_no_private_part() {
    assert!(!SigningKeys::parse(RFC8037).unwrap().public_jwks().contains("\"d\""));
}

#[test]
fn unusable_sets_are_refused_with_a_reason() {
    let swapped = RFC8037.replace("nWGxne", "nWGxnf");
    let short = RFC8037.replace("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo", "11qYAYKx");
    let public = RFC8037.replace("\"d\":\"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A\",", "");
    for set in [
        swapped.as_str(),
        short.as_str(),
        public.as_str(),
        "{}",
        r#"{"keys":[]}"#,
        "nonsense",
    ] {
        assert!(matches!(SigningKeys::parse(set), Err(JoseError::KeySet(_))), "{set}");
    }
}

#[test]
fn only_our_signature_algorithm_type_and_key_are_accepted() {
    let signing = SigningKeys::parse(RFC8037).unwrap();
    let verifying = signing.verifying().unwrap();
    let claims = serde_json::json!({"n": 1});
    let token = signing.sign_claims("test+jwt", &claims);
    assert_eq!(
        verifying.verify_claims::<serde_json::Value>("test+jwt", &token),
        Ok(claims.clone())
    );
    assert_eq!(
        verifying.verify_claims::<serde_json::Value>("other+jwt", &token),
        Err(JoseError::Malformed)
    );

    let payload = token.split('.').nth(1).unwrap();
    let none = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","typ":"test+jwt","kid":"a"}"#);
    let hmac = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"test+jwt","kid":"a"}"#);
    let stranger = URL_SAFE_NO_PAD.encode(r#"{"alg":"EdDSA","typ":"test+jwt","kid":"b"}"#);
    for header in [none, hmac, stranger] {
        let signature = token.rsplit('.').next().unwrap();
        for forged in [
            format!("{header}.{payload}."),
            format!("{header}.{payload}.{signature}"),
        ] {
            assert_eq!(
                verifying.verify_claims::<serde_json::Value>("test+jwt", &forged),
                Err(JoseError::Malformed)
            );
        }
    }
    let other_claims = URL_SAFE_NO_PAD.encode(r#"{"n":2}"#);
    assert_eq!(
        verifying.verify_claims::<serde_json::Value>("test+jwt", &token.replace(payload, &other_claims)),
        Err(JoseError::Signature)
    );
}

/// Ours as published.
const GOOD: &str =
    r#"{"kty":"OKP","crv":"Ed25519","kid":"a","use":"sig","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;

#[test]
fn a_bad_entry_of_a_published_set_is_left_out_and_the_good_ones_are_used() {
    for beside in [
        "null",
        "7",
        "[]",
        "{}",
        r#"{"kty":"OKP","crv":"Ed25519","kid":7,"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        r#"{"kty":"RSA","kid":"r","x5c":"MIIB"}"#,
        r#"{"kty":"OKP","crv":"X25519","kid":"x","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        r#"{"kty":"OKP","crv":"Ed25519","kid":"short","x":"11qYAYKx"}"#,
        r#"{"kty":"OKP","crv":"Ed25519","kid":"enc","use":"enc","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        r#"{"kty":"OKP","crv":"Ed25519","kid":"ops","key_ops":["deriveKey"],"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        r#"{"kty":"OKP","crv":"Ed25519","kid":"alg","alg":"ES256","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
        r#"{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#,
    ] {
        assert!(
            VerifyingKeys::parse(&format!(r#"{{"keys":[{beside}]}}"#)).is_err(),
            "{beside}"
        );
        for (first, second) in [(beside, GOOD), (GOOD, beside)] {
            let set = format!("\u{feff}{{\"keys\":[{first},{second}],\"more\":1}}");
            let keys = VerifyingKeys::parse(&set).unwrap_or_else(|error| panic!("{beside}: {error}"));
            assert_eq!(keys.keys.len(), 1, "{beside}");
            assert!(keys.has_key("a") && !keys.has_key("b"));
        }
    }
    let many = vec![GOOD; MAX_PUBLISHED_KEYS + 1].join(",");
    let keys = VerifyingKeys::parse(&format!(r#"{{"keys":[{many}]}}"#)).unwrap();
    assert_eq!(keys.keys.len(), MAX_PUBLISHED_KEYS);
}

#[test]
fn keys_of_one_name_are_each_tried() {
    let rfc8032 = r#"{"kty":"OKP","crv":"Ed25519","kid":"a","x":"PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw"}"#;
    let keys = VerifyingKeys::parse(&format!(r#"{{"keys":[{rfc8032},{GOOD}]}}"#)).unwrap();
    let (_, signature) = SigningKeys::parse(RFC8037).unwrap().sign(b"message");
    assert_eq!(keys.verify("a", b"message", &signature), Ok(()));
    assert_eq!(keys.verify("a", b"another", &signature), Err(JoseError::Signature));
}

#[test]
fn keys_of_small_order_and_in_another_form_are_no_keys() {
    // The points of small order of RFC 8032's curve, and some of them in forms that are not canonical.
    for x in [
        "AQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA",
        "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAIA",
        "7P_______________________________________38",
        "7v_______________________________________38",
        "7f_______________________________________38",
        "xxdqcD1N2E-6PAt2DRBnDyogU_osOczGTsf9d5KsA3o",
    ] {
        assert!(Ed25519Key::parse(x).is_err(), "{x}");
        let set = format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"weak","x":"{x}"}}]}}"#);
        assert!(VerifyingKeys::parse(&set).is_err(), "{x}");
    }
}

#[test]
fn a_signature_has_one_form_only() {
    let signing = SigningKeys::parse(RFC8037).unwrap();
    let verifying = signing.verifying().unwrap();
    let (kid, signature) = signing.sign(b"message");
    assert_eq!(verifying.verify(&kid, b"message", &signature), Ok(()));
    // S plus the order of the group fulfils the same equation (RFC 8032, section 5.1.7).
    const ORDER: [u8; 32] = [
        0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63, 0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0, 0, 0, 0, 0,
        0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10,
    ];
    let mut bytes = URL_SAFE_NO_PAD.decode(&signature).unwrap();
    let mut carry = 0;
    for (byte, add) in bytes[32..].iter_mut().zip(ORDER) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    let other = URL_SAFE_NO_PAD.encode(&bytes);
    assert_eq!(verifying.verify(&kid, b"message", &other), Err(JoseError::Signature));
    // Neither is base64url with padding, or with bits that mean nothing, the same signature.
    for text in [format!("{signature}=="), format!("{}h", &signature[..85])] {
        assert_eq!(
            verifying.verify(&kid, b"message", &text),
            Err(JoseError::Signature),
            "{text}"
        );
    }
}

/// A token with this header, signed by the key of the RFC.
fn signed(header: &str) -> String {
    let head = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(r#"{"n":1}"#)
    );
    let (_, signature) = SigningKeys::parse(RFC8037).unwrap().sign(head.as_bytes());
    format!("{head}.{signature}")
}

#[test]
fn a_header_with_critical_extensions_or_with_two_of_a_name_is_refused() {
    let keys = SigningKeys::parse(RFC8037).unwrap().verifying().unwrap();
    let judge = |header: &str| {
        keys.verify_claims::<serde_json::Value>("test+jwt", &signed(header))
            .is_ok()
    };
    assert!(judge(r#"{"alg":"EdDSA","typ":"test+jwt","kid":"a","more":[1]}"#));
    for more in [
        r#""crit":["exp"]"#,
        r#""crit":["b64"],"b64":false"#,
        r#""crit":[]"#,
        r#""crit":null"#,
        r#""crit":"exp""#,
        r#""kid":"a""#,
        r#""alg":"EdDSA""#,
        r#""typ":"test+jwt""#,
    ] {
        let header = format!(r#"{{"alg":"EdDSA","typ":"test+jwt","kid":"a",{more}}}"#);
        assert!(!judge(&header), "{header}");
    }
    assert!(!judge(r#"{"alg":"EdDSA","typ":"test+jwt","kid":7}"#));
    assert!(!judge("[]") && !judge("nonsense"));
}

#[test]
fn a_type_is_a_media_type() {
    let keys = SigningKeys::parse(RFC8037).unwrap().verifying().unwrap();
    let judge = |typ: &str| {
        let header = format!(r#"{{"alg":"EdDSA","typ":"{typ}","kid":"a"}}"#);
        keys.verify_claims::<serde_json::Value>("test+jwt", &signed(&header))
            .is_ok()
    };
    assert!(
        ["test+jwt", "TEST+JWT", "application/test+jwt", "Application/Test+JWT"]
            .into_iter()
            .all(judge)
    );
    for typ in [
        "",
        "JWT",
        "test",
        "application/",
        "text/test+jwt",
        "test+jwt ",
        "äpplication/test+jwt",
    ] {
        assert!(!judge(typ), "{typ}");
    }
}

#[test]
fn a_token_has_three_parts_and_at_most_its_length() {
    let keys = SigningKeys::parse(RFC8037).unwrap().verifying().unwrap();
    let token = signed(r#"{"alg":"EdDSA","typ":"test+jwt","kid":"a"}"#);
    let judge = |token: &str| keys.verify_claims::<serde_json::Value>("test+jwt", token);
    for text in [
        "",
        ".",
        "..",
        "a.b",
        &token.replace('.', ""),
        &format!("{token}."),
        &format!(".{token}"),
    ] {
        assert_eq!(judge(text), Err(JoseError::Malformed), "{text}");
    }
    let filler = |length: usize| {
        let header = format!(
            r#"{{"alg":"EdDSA","typ":"test+jwt","kid":"a","x":"{}"}}"#,
            "x".repeat(length)
        );
        signed(&header)
    };
    let longest = (1..2_000)
        .map(filler)
        .take_while(|token| token.len() <= MAX_TOKEN_LENGTH)
        .last()
        .unwrap();
    assert_eq!(longest.len(), MAX_TOKEN_LENGTH);
    assert!(judge(&longest).is_ok());
    assert_eq!(named_key(&longest).as_deref(), Some("a"));
    let longer = filler(longest.len());
    assert_eq!((judge(&longer), named_key(&longer)), (Err(JoseError::Malformed), None));
}
