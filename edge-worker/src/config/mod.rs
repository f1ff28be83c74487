//! The edge's configuration: keys and addresses, read once per instance, each checked before the
//! first request is served.
//!
//! [`variables`] reads one variable; [`oidc`], [`providers`] and [`sites`] read the variables that
//! belong together.

mod oidc;
mod providers;
mod sites;
mod variables;

pub use oidc::OidcConfig;
pub use providers::{PUBLIC_BEACON_URL, SiteverifyConfig};
pub use sites::{Behind, MAX_SITE_EVENTS, MAX_SITE_HOSTS, MAX_SITE_NAME_LENGTH, MAX_SITES, Site, Sites};
pub use variables::ConfigError;

use stanchion_shared::{
    ids::Bytes32,
    jose::{SigningKeys, VerifyingKeys},
    queue_ticket::TicketKeys,
};

use variables::{Variables, because};

/// The public keys of the issuer of accounts.
const ACCOUNT_JWKS: &str = "STANCHION_ACCOUNT_JWKS";
/// Its name in their tokens.
const ACCOUNT_ISSUER: &str = "STANCHION_ACCOUNT_ISSUER";

/// The edge's configuration.
pub struct EdgeConfig {
    /// Whether this is a developer's machine.
    pub development: bool,
    /// HMAC key of the control API.
    pub control_key: Bytes32,
    /// HMAC key of proof-of-work challenges.
    pub challenge_key: Bytes32,
    /// Keys that sign and verify queue tickets.
    pub ticket_keys: TicketKeys,
    /// Keys that sign shop tokens, receipts and draw records.
    pub signing_keys: SigningKeys,
    /// Keys that verify what `signing_keys` signed.
    pub shop_keys: VerifyingKeys,
    /// `iss` of shop tokens.
    pub shop_issuer: String,
    /// Keys that verify account tokens. None where the deployment has no shop and no such issuer.
    pub account_keys: VerifyingKeys,
    /// `iss` of account tokens; empty where there are no keys.
    pub account_issuer: String,
    /// An OpenID Connect issuer whose accounts are accepted beside the origin's.
    pub oidc: Option<OidcConfig>,
    /// Where requests are passed on to.
    pub sites: Sites,
    /// Where rounds of a beacon are read (drand's HTTP API), without a slash at the end.
    pub beacon_url: String,
    /// Whether cookies are for https only.
    pub secure_cookies: bool,
    /// hCaptcha's verification endpoint.
    pub hcaptcha: SiteverifyConfig,
    /// Turnstile's verification endpoint.
    pub turnstile: SiteverifyConfig,
}

impl EdgeConfig {
    /// The variables that must be set. `STANCHION_ORIGIN_URL` may be missing where `STANCHION_SITES`
    /// names all sites. The issuer of accounts and its keys may be missing where all origins are
    /// protected sites.
    pub const REQUIRED: [&str; 9] = [
        "STANCHION_ENVIRONMENT",
        "STANCHION_CONTROL_KEY",
        "STANCHION_CHALLENGE_KEY",
        "STANCHION_TICKET_KEYS",
        "STANCHION_SIGNING_KEYS",
        "STANCHION_SHOP_ISSUER",
        ACCOUNT_JWKS,
        ACCOUNT_ISSUER,
        sites::ORIGIN_URL,
    ];

    /// The variables that may be missing or blank.
    pub const OPTIONAL: [&str; 11] = [
        sites::SITE_EVENTS,
        sites::HOSTS,
        sites::SITES,
        oidc::OIDC_ISSUER,
        oidc::OIDC_AUDIENCE,
        oidc::OIDC_JWKS_URL,
        providers::BEACON_URL,
        providers::HCAPTCHA_URL,
        providers::HCAPTCHA_SECRET,
        providers::TURNSTILE_URL,
        providers::TURNSTILE_SECRET,
    ];

    /// All variables that [`EdgeConfig::parse`] reads, for runtimes that must read them beforehand.
    pub fn variables() -> impl Iterator<Item = &'static str> {
        EdgeConfig::REQUIRED.into_iter().chain(EdgeConfig::OPTIONAL)
    }

    /// Reads all variables through `variable`.
    ///
    /// # Errors
    /// The first one that is missing or unusable.
    pub fn parse(variable: impl Fn(&str) -> Option<String>) -> Result<EdgeConfig, ConfigError> {
        let variables = Variables::new(variable)?;
        let signing_keys = variables.parsed("STANCHION_SIGNING_KEYS", SigningKeys::parse)?;
        let sites = sites::read(&variables)?;
        // Only the shop needs accounts of its own.
        let has_accounts = sites.shop_url().is_some() || variables.optional(ACCOUNT_JWKS).is_some();
        let (account_keys, account_issuer) = match has_accounts {
            true => (
                variables.parsed(ACCOUNT_JWKS, VerifyingKeys::parse)?,
                variables.text(ACCOUNT_ISSUER)?,
            ),
            false => (VerifyingKeys::none(), String::new()),
        };
        Ok(EdgeConfig {
            development: variables.is_development(),
            control_key: variables.parsed("STANCHION_CONTROL_KEY", Bytes32::parse)?,
            challenge_key: variables.parsed("STANCHION_CHALLENGE_KEY", Bytes32::parse)?,
            ticket_keys: variables.parsed("STANCHION_TICKET_KEYS", TicketKeys::parse)?,
            shop_keys: signing_keys.verifying().map_err(because("STANCHION_SIGNING_KEYS"))?,
            signing_keys,
            shop_issuer: variables.text("STANCHION_SHOP_ISSUER")?,
            account_keys,
            account_issuer,
            oidc: oidc::read(&variables)?,
            sites,
            beacon_url: variables.url(providers::BEACON_URL, Some(PUBLIC_BEACON_URL))?,
            secure_cookies: !variables.is_development(),
            hcaptcha: providers::hcaptcha(&variables)?,
            turnstile: providers::turnstile(&variables)?,
        })
    }
}

#[cfg(test)]
mod tests;
