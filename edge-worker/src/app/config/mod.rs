//! The edge's configuration: keys and addresses, read once per instance, each checked before the first request is served.
//!
//! [`read`] reads a variable, [`providers`], [`issuer`] and [`site`] read what belongs together.

mod issuer;
mod providers;
mod read;
mod site;

pub use super::captcha::Siteverify;
pub use issuer::Issuer;
pub use providers::PUBLIC_BEACON_URL;
pub use site::MAX_SITE_EVENTS;

use stanchion_shared::{
    identity::{Bytes32, EventId},
    jose::{SigningKeys, VerifyingKeys},
    ticket::TicketKeys,
};

use read::{Variables, because};

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

    /// The variables that must be there.
    pub const REQUIRED: [&str; 9] = [
        "STANCHION_ENVIRONMENT",
        "STANCHION_CONTROL_KEY",
        "STANCHION_CHALLENGE_KEY",
        "STANCHION_TICKET_KEYS",
        "STANCHION_SIGNING_KEYS",
        "STANCHION_SHOP_ISSUER",
        "STANCHION_ACCOUNT_JWKS",
        "STANCHION_ACCOUNT_ISSUER",
        "STANCHION_ORIGIN_URL",
    ];

    /// The variables that may be missing or empty.
    pub const OPTIONAL: [&str; 9] = [
        site::SITE_EVENTS,
        issuer::OIDC_ISSUER,
        issuer::OIDC_AUDIENCE,
        issuer::OIDC_JWKS_URL,
        providers::BEACON_URL,
        providers::HCAPTCHA_URL,
        providers::HCAPTCHA_SECRET,
        providers::TURNSTILE_URL,
        providers::TURNSTILE_SECRET,
    ];

    /// All that [`EdgeConfig::parse`] asks for, for runtimes that cannot answer on the spot.
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
        let site_events = variables.optional(site::SITE_EVENTS).unwrap_or_default();
        Ok(EdgeConfig {
            development: variables.is_development(),
            control_key: variables.parsed("STANCHION_CONTROL_KEY", Bytes32::parse)?,
            challenge_key: variables.parsed("STANCHION_CHALLENGE_KEY", Bytes32::parse)?,
            ticket_keys: variables.parsed("STANCHION_TICKET_KEYS", TicketKeys::parse)?,
            shop_keys: signing_keys.verifying().map_err(because("STANCHION_SIGNING_KEYS"))?,
            signing_keys,
            shop_issuer: variables.text("STANCHION_SHOP_ISSUER")?,
            account_keys: variables.parsed("STANCHION_ACCOUNT_JWKS", VerifyingKeys::parse)?,
            account_issuer: variables.text("STANCHION_ACCOUNT_ISSUER")?,
            oidc: issuer::read(&variables)?,
            origin_url: variables.url("STANCHION_ORIGIN_URL", None)?,
            beacon_url: variables.url(providers::BEACON_URL, Some(PUBLIC_BEACON_URL))?,
            site_events: site::events(&site_events).map_err(because(site::SITE_EVENTS))?,
            secure_cookies: !variables.is_development(),
            hcaptcha: providers::hcaptcha(&variables)?,
            turnstile: providers::turnstile(&variables)?,
        })
    }
}

#[cfg(test)]
mod tests;
