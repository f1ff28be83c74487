//! Whom the edge asks beside its origin: the captcha providers and the beacon.

use super::{ConfigError, read::Variables};
use crate::app::captcha::Siteverify;

pub(super) const HCAPTCHA_URL: &str = "STANCHION_HCAPTCHA_URL";
pub(super) const HCAPTCHA_SECRET: &str = "STANCHION_HCAPTCHA_SECRET";
pub(super) const TURNSTILE_URL: &str = "STANCHION_TURNSTILE_URL";
pub(super) const TURNSTILE_SECRET: &str = "STANCHION_TURNSTILE_SECRET";
pub(super) const BEACON_URL: &str = "STANCHION_BEACON_URL";

/// Where the providers are unless said otherwise.
pub(super) const PUBLIC_HCAPTCHA: &str = "https://api.hcaptcha.com";
pub(super) const PUBLIC_TURNSTILE: &str = "https://challenges.cloudflare.com";
/// drand's public API, for an edge that is told no other: whoever answers, only a round that the announced network signed
/// is used.
pub const PUBLIC_BEACON_URL: &str = "https://api.drand.sh";

pub(super) fn hcaptcha<V: Fn(&str) -> Option<String>>(variables: &Variables<V>) -> Result<Siteverify, ConfigError> {
    Ok(Siteverify {
        base_url: variables.url(HCAPTCHA_URL, Some(PUBLIC_HCAPTCHA))?,
        secret: variables.optional(HCAPTCHA_SECRET),
    })
}

pub(super) fn turnstile<V: Fn(&str) -> Option<String>>(variables: &Variables<V>) -> Result<Siteverify, ConfigError> {
    Ok(Siteverify {
        base_url: variables.url(TURNSTILE_URL, Some(PUBLIC_TURNSTILE))?,
        secret: variables.optional(TURNSTILE_SECRET),
    })
}
