//! The edge's configuration: keys and addresses, read once per instance, each checked before the first request is served.

use stanchion_shared::{
    identity::Bytes32,
    jose::{SigningKeys, VerifyingKeys},
    ticket::TicketKeys,
};

/// Everything the application is told from outside.
pub struct EdgeConfig {
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
    /// Where passed-on requests go; without a slash at the end.
    pub origin_url: String,
}

/// The edge cannot start: a variable is missing or unusable. The sentence names it and shows no value.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("{name} {problem}")]
pub struct ConfigError {
    name: &'static str,
    problem: String,
}

impl EdgeConfig {
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
        if !origin_url.starts_with("http://") && !origin_url.starts_with("https://") {
            return Err(because("STANCHION_ORIGIN_URL")("must start with http:// or https://"));
        }
        Ok(EdgeConfig {
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
            origin_url,
        })
    }
}

fn because<E: std::fmt::Display>(name: &'static str) -> impl Fn(E) -> ConfigError {
    move |problem| ConfigError {
        name,
        problem: format!("cannot be used: {problem}"),
    }
}
