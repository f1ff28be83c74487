//! The services that the edge asks beside its origin: the captcha providers and the beacon.

use super::variables::{ConfigError, Variables};

pub(super) const HCAPTCHA_URL: &str = "STANCHION_HCAPTCHA_URL";
pub(super) const HCAPTCHA_SECRET: &str = "STANCHION_HCAPTCHA_SECRET";
pub(super) const TURNSTILE_URL: &str = "STANCHION_TURNSTILE_URL";
pub(super) const TURNSTILE_SECRET: &str = "STANCHION_TURNSTILE_SECRET";
pub(super) const BEACON_URL: &str = "STANCHION_BEACON_URL";

/// hCaptcha's public server.
pub(super) const PUBLIC_HCAPTCHA: &str = "https://api.hcaptcha.com";
/// Turnstile's public server.
pub(super) const PUBLIC_TURNSTILE: &str = "https://challenges.cloudflare.com";
/// drand's public API. Any server may answer: only a round that the announced network signed is
/// used.
pub const PUBLIC_BEACON_URL: &str = "https://api.drand.sh";

/// A captcha provider with a `siteverify` endpoint.
#[derive(Clone, Debug)]
pub struct SiteverifyConfig {
    /// Scheme, host and port.
    pub base_url: String,
    /// The secret of the organiser's account; `None`: events cannot ask for this provider.
    pub secret: Option<String>,
}

pub(super) fn hcaptcha<V: Fn(&str) -> Option<String>>(
    variables: &Variables<V>,
) -> Result<SiteverifyConfig, ConfigError> {
    Ok(SiteverifyConfig {
        base_url: variables.url(HCAPTCHA_URL, Some(PUBLIC_HCAPTCHA))?,
        secret: variables.optional(HCAPTCHA_SECRET),
    })
}

pub(super) fn turnstile<V: Fn(&str) -> Option<String>>(
    variables: &Variables<V>,
) -> Result<SiteverifyConfig, ConfigError> {
    Ok(SiteverifyConfig {
        base_url: variables.url(TURNSTILE_URL, Some(PUBLIC_TURNSTILE))?,
        secret: variables.optional(TURNSTILE_SECRET),
    })
}
