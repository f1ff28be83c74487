use super::{
    oidc::OIDC_ISSUER,
    providers::{HCAPTCHA_URL, PUBLIC_HCAPTCHA, PUBLIC_TURNSTILE, TURNSTILE_SECRET, TURNSTILE_URL},
    sites::{HOSTS, SITE_EVENTS, SITES},
    *,
};
use stanchion_shared::ids::EventId;

/// The key pair of RFC 8037, appendix A.
const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
    "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

fn parse(change: (&str, Option<&str>)) -> Result<EdgeConfig, ConfigError> {
    parse_with(|name, value| {
        if name == change.0 {
            change.1.map(str::to_owned)
        } else {
            Some(value)
        }
    })
}

fn parse_with(change: impl Fn(&str, String) -> Option<String>) -> Result<EdgeConfig, ConfigError> {
    EdgeConfig::parse(|name| {
        let hex = "ab".repeat(32);
        let value = match name {
            "STANCHION_ENVIRONMENT" => "production".to_owned(),
            "STANCHION_ORIGIN_URL" => "https://origin.example/".to_owned(),
            "STANCHION_BEACON_URL" => "https://beacon.example/".to_owned(),
            "STANCHION_SIGNING_KEYS" | "STANCHION_ACCOUNT_JWKS" => KEYS.to_owned(),
            "STANCHION_TICKET_KEYS" => format!("1:{hex}"),
            SITE_EVENTS | HOSTS | SITES | OIDC_ISSUER | HCAPTCHA_URL | TURNSTILE_URL => String::new(),
            _ => hex,
        };
        change(name, value)
    })
}

#[test]
fn every_variable_must_be_there_and_is_named_when_it_is_not() {
    assert_eq!(
        parse(("", None)).ok().map(|config| config.sites),
        Some(Sites::shop("https://origin.example"))
    );
    for name in EdgeConfig::variables() {
        let error = parse((name, None)).err().map(|error| error.to_string());
        let expected = (!EdgeConfig::OPTIONAL.contains(&name)).then(|| format!("{name} is not set"));
        assert_eq!(error, expected, "{name}");
    }
}

#[test]
fn a_deployment_without_a_shop_needs_no_issuer_of_accounts() {
    fn without(missing: &[&str], site_events: &str) -> Result<EdgeConfig, ConfigError> {
        parse_with(|name, value| match name {
            SITE_EVENTS => Some(site_events.to_owned()),
            name if missing.contains(&name) => Some(String::new()),
            _ => Some(value),
        })
    }
    let config = without(&[ACCOUNT_JWKS, ACCOUNT_ISSUER], "my-sale").unwrap();
    assert_eq!(config.account_issuer, "");
    let token = "e30.e30.AAAA";
    assert!(stanchion_shared::account_token::verify_signature(&config.account_keys, token).is_err());
    // The shop needs both, and keys need the name of their issuer.
    for (missing, site_events, named) in [
        (&[ACCOUNT_JWKS, ACCOUNT_ISSUER][..], "", ACCOUNT_JWKS),
        (&[ACCOUNT_ISSUER][..], "my-sale", ACCOUNT_ISSUER),
    ] {
        let error = without(missing, site_events).err().map(|error| error.to_string());
        assert_eq!(error, Some(format!("{named} is not set")));
    }
}

#[test]
fn no_variable_is_asked_for_that_is_not_listed() {
    let listed = |name: &str| EdgeConfig::variables().any(|listed| listed == name);
    assert!(parse_with(|name, value| listed(name).then_some(value)).is_ok());
}

#[test]
fn a_beacon_is_read_where_it_says_and_otherwise_at_drands_public_api() {
    let beacon_url = |told| parse(("STANCHION_BEACON_URL", told)).map(|config| config.beacon_url);
    assert_eq!(beacon_url(None), Ok(PUBLIC_BEACON_URL.to_owned()));
    assert_eq!(
        beacon_url(Some("https://drand.example/")),
        Ok("https://drand.example".to_owned())
    );
    assert!(beacon_url(Some("http://drand.example")).is_err());
}

#[test]
fn the_events_of_a_site_are_ids_with_commas_between() {
    let sites = |text: Option<&str>| parse((SITE_EVENTS, text)).map(|config| config.sites);
    let site = |ids: &[&str]| {
        let ids = ids.iter().map(|id| EventId::parse(id).unwrap());
        Ok(Sites::one("https://origin.example", ids.collect()))
    };
    for empty in [Some(""), None] {
        assert_eq!(sites(empty), Ok(Sites::shop("https://origin.example")));
    }
    assert_eq!(sites(Some(" a, b,")), site(&["a", "b"]));
    assert!(sites(Some("a b")).is_err());
}

#[test]
fn a_captcha_provider_is_the_public_one_unless_said_otherwise_and_without_a_secret_it_cannot_be_used() {
    let usual = parse(("", None)).unwrap();
    assert_eq!(usual.hcaptcha.base_url, PUBLIC_HCAPTCHA);
    assert_eq!(usual.turnstile.base_url, PUBLIC_TURNSTILE);
    assert!(usual.turnstile.secret.is_some());
    assert!(parse((TURNSTILE_SECRET, None)).unwrap().turnstile.secret.is_none());
    let own = parse((HCAPTCHA_URL, Some("https://captcha.example/"))).unwrap();
    assert_eq!(own.hcaptcha.base_url, "https://captcha.example");
    assert!(parse((HCAPTCHA_URL, Some("http://captcha.example"))).is_err());
}

#[test]
fn production_speaks_to_the_origin_over_tls_only() {
    assert!(parse(("STANCHION_ORIGIN_URL", Some("http://origin.example"))).is_err());
    assert!(parse(("STANCHION_ORIGIN_URL", Some("ftp://origin.example"))).is_err());
    assert!(parse(("STANCHION_ENVIRONMENT", Some("staging"))).is_err());
}
