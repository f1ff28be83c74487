//! The edge's configuration: keys and addresses, read once per instance, each checked before the first request is served.

pub use super::captcha::Siteverify;
use stanchion_shared::{
    identity::{Bytes32, EventId},
    jose::{SigningKeys, VerifyingKeys},
    ticket::TicketKeys,
};

const OIDC_ISSUER: &str = "STANCHION_OIDC_ISSUER";
const OIDC_AUDIENCE: &str = "STANCHION_OIDC_AUDIENCE";
const OIDC_JWKS_URL: &str = "STANCHION_OIDC_JWKS_URL";
const SITE_EVENTS: &str = "STANCHION_SITE_EVENTS";
const HCAPTCHA_URL: &str = "STANCHION_HCAPTCHA_URL";
const HCAPTCHA_SECRET: &str = "STANCHION_HCAPTCHA_SECRET";
const TURNSTILE_URL: &str = "STANCHION_TURNSTILE_URL";
const TURNSTILE_SECRET: &str = "STANCHION_TURNSTILE_SECRET";
/// Where the providers are unless said otherwise.
const PUBLIC_HCAPTCHA: &str = "https://api.hcaptcha.com";
const PUBLIC_TURNSTILE: &str = "https://challenges.cloudflare.com";
/// Most events in front of one site.
pub const MAX_SITE_EVENTS: usize = 16;

/// Everything the application is told from outside.
pub struct EdgeConfig {
    /// A developer's machine.
    pub development: bool,
    /// HMAC of the control API.
    pub control_key: Bytes32,
    /// HMAC of proof-of-work challenges.
    pub challenge_key: Bytes32,
    /// Sign and verify queue tickets.
    pub ticket_keys: TicketKeys,
    /// Sign shop tokens, receipts and records.
    pub signing_keys: SigningKeys,
    /// Verify what `signing_keys` signed.
    pub shop_keys: VerifyingKeys,
    /// `iss` of shop tokens.
    pub shop_issuer: String,
    /// Verify account tokens.
    pub account_keys: VerifyingKeys,
    /// `iss` of account tokens.
    pub account_issuer: String,
    /// Accounts of another issuer, beside ours.
    pub oidc: Option<Issuer>,
    /// Where passed-on requests go; without a slash at the end.
    pub origin_url: String,
    /// Where rounds of a beacon are read, drand's HTTP API; without a slash at the end.
    pub beacon_url: String,
    /// The origin is a site of somebody else's, and these events guard it, the first whose rules mean a request. Empty: the
    /// origin is ours.
    pub site_events: Vec<EventId>,
    /// Cookies are for https only.
    pub secure_cookies: bool,
    /// Where hCaptcha's word is had.
    pub hcaptcha: Siteverify,
    /// Where Turnstile's word is had.
    pub turnstile: Siteverify,
}

/// drand's public API, for an edge that is told no other: whoever answers, only a round that the announced network signed
/// is used.
pub const PUBLIC_BEACON_URL: &str = "https://api.drand.sh";
const BEACON_URL: &str = "STANCHION_BEACON_URL";

/// An OpenID Connect issuer.
pub struct Issuer {
    /// `iss` of its tokens.
    pub issuer: String,
    /// What `aud` must contain.
    pub audience: String,
    /// Its JWK Set.
    pub keys_uri: http::Uri,
}

/// The edge cannot start: a variable is missing or unusable. The sentence names it and shows no value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{name} {problem}")]
pub struct ConfigError {
    name: &'static str,
    problem: String,
}

impl EdgeConfig {
    /// Largest request body that is read, in bytes.
    #[must_use]
    pub fn largest_body(&self) -> usize {
        if self.site_events.is_empty() {
            super::MAX_BODY_BYTES
        } else {
            super::MAX_SITE_BODY_BYTES
        }
    }

    /// The variables that [`EdgeConfig::parse`] asks for, for runtimes that cannot answer on the spot.
    pub const VARIABLES: [&str; 18] = [
        "STANCHION_ENVIRONMENT",
        "STANCHION_CONTROL_KEY",
        "STANCHION_CHALLENGE_KEY",
        "STANCHION_TICKET_KEYS",
        "STANCHION_SIGNING_KEYS",
        "STANCHION_SHOP_ISSUER",
        "STANCHION_ACCOUNT_JWKS",
        "STANCHION_ACCOUNT_ISSUER",
        "STANCHION_ORIGIN_URL",
        SITE_EVENTS,
        OIDC_ISSUER,
        OIDC_AUDIENCE,
        OIDC_JWKS_URL,
        BEACON_URL,
        HCAPTCHA_URL,
        HCAPTCHA_SECRET,
        TURNSTILE_URL,
        TURNSTILE_SECRET,
    ];

    /// Those of [`EdgeConfig::VARIABLES`] that may be missing or empty.
    pub const OPTIONAL: [&str; 9] = [
        SITE_EVENTS,
        OIDC_ISSUER,
        OIDC_AUDIENCE,
        OIDC_JWKS_URL,
        BEACON_URL,
        HCAPTCHA_URL,
        HCAPTCHA_SECRET,
        TURNSTILE_URL,
        TURNSTILE_SECRET,
    ];

    /// Reads all variables through `variable`.
    ///
    /// # Errors
    /// The first one that is missing or unusable.
    pub fn parse(variable: impl Fn(&str) -> Option<String>) -> Result<EdgeConfig, ConfigError> {
        let text = |name: &'static str| match variable(name) {
            Some(value) if !value.trim().is_empty() => Ok(value),
            _ => Err(ConfigError {
                name,
                problem: "is not set".to_owned(),
            }),
        };
        let key = |name| Bytes32::parse(text(name)?.trim()).map_err(because(name));
        let signing_keys =
            SigningKeys::parse(&text("STANCHION_SIGNING_KEYS")?).map_err(because("STANCHION_SIGNING_KEYS"))?;
        let shop_keys = signing_keys.verifying().map_err(because("STANCHION_SIGNING_KEYS"))?;
        let origin_url = text("STANCHION_ORIGIN_URL")?.trim_end_matches('/').to_owned();
        let development = match text("STANCHION_ENVIRONMENT")?.as_str() {
            "development" => true,
            "production" => false,
            _ => {
                return Err(because("STANCHION_ENVIRONMENT")(
                    "it is neither development nor production",
                ));
            }
        };
        // Account tokens, shop tokens and passwords go this way.
        let schemes: &[&str] = match development {
            true => &["http://", "https://"],
            false => &["https://"],
        };
        let check_scheme = |name, url: &str| {
            let fits = schemes.iter().any(|scheme| url.starts_with(scheme));
            let problem = || because(name)(format!("it must start with {}", schemes.join(" or ")));
            fits.then_some(()).ok_or_else(problem)
        };
        check_scheme("STANCHION_ORIGIN_URL", &origin_url)?;
        let beacon_url = text(BEACON_URL).unwrap_or_else(|_| PUBLIC_BEACON_URL.to_owned());
        let beacon_url = beacon_url.trim_end_matches('/').to_owned();
        check_scheme(BEACON_URL, &beacon_url)?;
        let siteverify = |url: &'static str, public: &str, secret| {
            let base_url = text(url).unwrap_or_else(|_| public.to_owned());
            let base_url = base_url.trim().trim_end_matches('/').to_owned();
            check_scheme(url, &base_url)?;
            base_url.parse::<http::Uri>().map_err(because(url))?;
            Ok(Siteverify {
                base_url,
                secret: text(secret).ok(),
            })
        };
        // Where the first is there, the others must be.
        let oidc = match text(OIDC_ISSUER) {
            Err(_) => None,
            Ok(issuer) => {
                let url = text(OIDC_JWKS_URL)?;
                check_scheme(OIDC_JWKS_URL, &url)?;
                Some(Issuer {
                    issuer,
                    audience: text(OIDC_AUDIENCE)?,
                    keys_uri: url.trim().parse().map_err(because(OIDC_JWKS_URL))?,
                })
            }
        };
        Ok(EdgeConfig {
            development,
            control_key: key("STANCHION_CONTROL_KEY")?,
            challenge_key: key("STANCHION_CHALLENGE_KEY")?,
            ticket_keys: TicketKeys::parse(&text("STANCHION_TICKET_KEYS")?)
                .map_err(because("STANCHION_TICKET_KEYS"))?,
            signing_keys,
            shop_keys,
            shop_issuer: text("STANCHION_SHOP_ISSUER")?,
            account_keys: VerifyingKeys::parse(&text("STANCHION_ACCOUNT_JWKS")?)
                .map_err(because("STANCHION_ACCOUNT_JWKS"))?,
            account_issuer: text("STANCHION_ACCOUNT_ISSUER")?,
            oidc,
            origin_url,
            beacon_url,
            site_events: site_events(&variable(SITE_EVENTS).unwrap_or_default()).map_err(because(SITE_EVENTS))?,
            secure_cookies: !development,
            hcaptcha: siteverify(HCAPTCHA_URL, PUBLIC_HCAPTCHA, HCAPTCHA_SECRET)?,
            turnstile: siteverify(TURNSTILE_URL, PUBLIC_TURNSTILE, TURNSTILE_SECRET)?,
        })
    }
}

/// Ids with commas between.
fn site_events(text: &str) -> Result<Vec<EventId>, String> {
    let ids = text.split(',').map(str::trim).filter(|id| !id.is_empty());
    let events: Vec<EventId> = ids
        .map(|id| EventId::parse(id).map_err(|error| format!("'{id}': {error}")))
        .collect::<Result<_, _>>()?;
    if events.len() > MAX_SITE_EVENTS {
        return Err(format!("it may name {MAX_SITE_EVENTS} events"));
    }
    Ok(events)
}

fn because<E: std::fmt::Display>(name: &'static str) -> impl Fn(E) -> ConfigError {
    move |problem| ConfigError {
        name,
        problem: format!("cannot be used: {problem}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
                SITE_EVENTS | OIDC_ISSUER | HCAPTCHA_URL | TURNSTILE_URL => String::new(),
                _ => hex,
            };
            change(name, value)
        })
    }

    #[test]
    fn every_variable_must_be_there_and_is_named_when_it_is_not() {
        assert_eq!(
            parse(("", None)).ok().map(|config| config.origin_url),
            Some("https://origin.example".to_owned())
        );
        for name in EdgeConfig::VARIABLES {
            let error = parse((name, None)).err().map(|error| error.to_string());
            let expected = (!EdgeConfig::OPTIONAL.contains(&name)).then(|| format!("{name} is not set"));
            assert_eq!(error, expected, "{name}");
        }
    }

    #[test]
    fn no_variable_is_asked_for_that_is_not_listed() {
        let listed = |name: &str| EdgeConfig::VARIABLES.contains(&name);
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
        let events = |text: &str| parse((SITE_EVENTS, Some(text))).map(|config| config.site_events.len());
        assert_eq!(events(""), Ok(0));
        assert_eq!(parse((SITE_EVENTS, None)).map(|config| config.site_events.len()), Ok(0));
        assert_eq!(events(" a, b,"), Ok(2));
        assert_eq!(events(&"a,".repeat(MAX_SITE_EVENTS)), Ok(MAX_SITE_EVENTS));
        assert!(events(&"a,".repeat(MAX_SITE_EVENTS + 1)).is_err());
        assert!(events("a b").is_err());
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
}
