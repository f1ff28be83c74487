use std::collections::HashMap;

use super::*;

// RFC 8032, tests 1 and 2.
const FIRST: (&str, &str) = (
    "nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
    "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo",
);
const SECOND: (&str, &str) = (
    "TM0Imyj_ltqdtsNG7BFOD1uKMZ81q6Yk2oz27U-4pvs",
    "PUAXw-hDiVqStwqnTRt-vJyYLM8uxJaMwM1V8Sr0Zgw",
);

fn jwks((d, x): (&str, &str)) -> String {
    format!(r#"{{"keys":[{{"kty":"OKP","crv":"Ed25519","kid":"a","d":"{d}","x":"{x}"}}]}}"#)
}

fn complete() -> HashMap<&'static str, String> {
    [
        ("STANCHION_ENVIRONMENT", "development".to_owned()),
        ("STANCHION_LISTEN", "127.0.0.1:8080".to_owned()),
        ("STANCHION_DATABASE_URL", "postgres://localhost/stanchion".to_owned()),
        ("STANCHION_REDIS_URL", "redis://localhost".to_owned()),
        ("STANCHION_EDGE_URL", "http://localhost:8787/base".to_owned()),
        ("STANCHION_CONTROL_KEY", "07".repeat(32)),
        ("STANCHION_ACCOUNT_SIGNING_KEYS", jwks(FIRST)),
        ("STANCHION_ACCOUNT_JWKS", jwks(FIRST)),
        ("STANCHION_ACCOUNT_ISSUER", "https://accounts.test".to_owned()),
        ("STANCHION_SHOP_ISSUER", "https://edge.test".to_owned()),
        ("STANCHION_STRIPE_URL", "http://localhost:9".to_owned()),
        ("STANCHION_STRIPE_KEY", "sk_test".to_owned()),
        ("STANCHION_TICKET_CODE_KEY", "08".repeat(32)),
        ("STANCHION_INVITATION_KEY", "09".repeat(32)),
        ("STANCHION_ADMIN_TOKEN", "t".repeat(ADMIN_TOKEN_MIN_LENGTH)),
    ]
    .into_iter()
    .collect()
}

fn read(variables: &HashMap<&'static str, String>) -> Result<Config, ConfigError> {
    Config::from_lookup(|name| variables.get(name).cloned())
}

fn refusal(name: &'static str, value: &str) -> Option<String> {
    let mut variables = complete();
    variables.insert(name, value.to_owned());
    read(&variables).err().map(|error| error.to_string())
}

#[test]
fn a_complete_configuration_is_read() {
    let config = read(&complete()).expect("complete");
    assert_eq!(
        config.edge_url.join("api").unwrap().as_str(),
        "http://localhost:8787/base/api"
    );
}

#[test]
fn every_variable_is_needed_and_named_when_it_is_missing_or_blank() {
    for name in complete().into_keys() {
        let mut variables = complete();
        variables.remove(name);
        assert_eq!(read(&variables).err(), Some(ConfigError::Missing(name)));
        assert!(
            refusal(name, "  ").is_some_and(|sentence| sentence.starts_with(name)),
            "{name}"
        );
    }
}

#[test]
fn what_cannot_be_used_is_named_and_not_shown() {
    for (name, value) in [
        ("STANCHION_ENVIRONMENT", "staging-secret"),
        ("STANCHION_LISTEN", "secret"),
        ("STANCHION_DATABASE_URL", "mysql://secret"),
        ("STANCHION_REDIS_URL", "secret"),
        ("STANCHION_EDGE_URL", "ftp://secret"),
        ("STANCHION_EDGE_URL", "secret"),
        ("STANCHION_CONTROL_KEY", "secret"),
        ("STANCHION_TICKET_CODE_KEY", &"07".repeat(31)),
        ("STANCHION_INVITATION_KEY", &"07".repeat(33)),
        ("STANCHION_ACCOUNT_SIGNING_KEYS", "secret"),
        ("STANCHION_ACCOUNT_JWKS", "secret"),
        ("STANCHION_ACCOUNT_ISSUER", "a secret"),
        ("STANCHION_SHOP_ISSUER", &"s".repeat(ISSUER_MAX_LENGTH + 1)),
        ("STANCHION_ADMIN_TOKEN", &"t".repeat(ADMIN_TOKEN_MIN_LENGTH - 1)),
        ("STANCHION_ADMIN_TOKEN", &"t ".repeat(ADMIN_TOKEN_MIN_LENGTH)),
    ] {
        let sentence = refusal(name, value).unwrap_or_else(|| panic!("{name} accepted {value}"));
        assert!(sentence.starts_with(name) && !sentence.contains(value), "{sentence}");
    }
    assert_eq!(refusal("STANCHION_SHOP_ISSUER", &"s".repeat(ISSUER_MAX_LENGTH)), None);
}

#[test]
fn a_published_set_without_the_signing_key_is_refused() {
    let sentence = refusal("STANCHION_ACCOUNT_JWKS", &jwks(SECOND)).expect("refused");
    assert!(sentence.contains("STANCHION_ACCOUNT_SIGNING_KEYS"), "{sentence}");
}

#[test]
fn in_production_edge_and_provider_are_reached_over_https() {
    let mut variables = complete();
    variables.insert("STANCHION_ENVIRONMENT", "production".to_owned());
    assert!(
        read(&variables)
            .err()
            .is_some_and(|error| error.to_string().contains("https"))
    );
    variables.insert("STANCHION_EDGE_URL", "https://edge.example".to_owned());
    variables.insert("STANCHION_STRIPE_URL", "https://stripe.example".to_owned());
    assert!(read(&variables).is_ok());
}

#[test]
fn allowances_have_defaults_and_both_their_limits() {
    let config = read(&complete()).expect("complete");
    assert_eq!(config.sign_ins_per_account, SIGN_INS_PER_ACCOUNT);
    assert_eq!(config.sign_ins_per_address, SIGN_INS_PER_ADDRESS);
    assert_eq!(config.sign_ups_per_address, SIGN_UPS_PER_ADDRESS);
    for name in [
        "STANCHION_SIGN_INS_PER_ACCOUNT",
        "STANCHION_SIGN_INS_PER_ADDRESS",
        "STANCHION_SIGN_UPS_PER_ADDRESS",
    ] {
        for fits in ["1/1", "1000000/86400", " 10/600 "] {
            assert_eq!(refusal(name, fits), None, "{name} {fits}");
        }
        for wrong in [
            "0/1",
            "1000001/1",
            "1/0",
            "1/86401",
            "10",
            "10/",
            "/10",
            "-1/10",
            "a/b",
            "1/1/1",
            "",
        ] {
            assert!(
                refusal(name, wrong).is_some_and(|sentence| sentence.starts_with(name)),
                "{name} {wrong}"
            );
        }
    }
}
