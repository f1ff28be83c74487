//! The captcha policy: how people prove to be human, as far as an admin decides.

use serde::{Deserialize, Serialize};

use crate::limits::Limits;

/// Largest number that a proof of work may hide. The work is half of it on average.
pub const CHALLENGE_MAX_NUMBER: Limits = Limits {
    default: 50_000,
    least: 1_000,
    most: 10_000_000,
};
/// Joins per second from which on challenges become harder.
pub const RAISE_ABOVE_PER_SECOND: Limits = Limits {
    default: 1_000,
    least: 1,
    most: 1_000_000,
};
/// Longest site key in bytes.
pub const MAX_SITE_KEY_LENGTH: usize = 100;
/// Under attack a challenge is at most this many times as hard.
pub const HARDEST: u64 = 8;

/// The provider of the captcha.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CaptchaProvider {
    /// The built-in proof of work ([`crate::proof_of_work`]).
    #[default]
    Altcha,
    /// hCaptcha.
    Hcaptcha,
    /// Cloudflare Turnstile.
    Turnstile,
}

impl CaptchaProvider {
    /// The name in JSON.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            CaptchaProvider::Altcha => "altcha",
            CaptchaProvider::Hcaptcha => "hcaptcha",
            CaptchaProvider::Turnstile => "turnstile",
        }
    }
}

/// The captcha policy of one event.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CaptchaPolicy {
    /// The provider.
    pub provider: CaptchaProvider,
    /// The public site key that the provider issued; none for the built-in proof of work.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub site_key: Option<String>,
    /// See [`RAISE_ABOVE_PER_SECOND`]. Only the built-in proof of work can become harder.
    pub raise_above_per_second: u32,
}

impl Default for CaptchaPolicy {
    fn default() -> Self {
        CaptchaPolicy {
            provider: CaptchaProvider::default(),
            site_key: None,
            raise_above_per_second: RAISE_ABOVE_PER_SECOND.default as u32,
        }
    }
}

impl CaptchaPolicy {
    /// # Errors
    /// A sentence that names the field and its limits.
    pub(super) fn check(&self) -> Result<(), String> {
        let limits = RAISE_ABOVE_PER_SECOND;
        if !limits.allow(u64::from(self.raise_above_per_second)) {
            let (least, most) = (limits.least, limits.most);
            return Err(format!("captcha.raise_above_per_second must be {least} to {most}"));
        }
        match (self.provider, &self.site_key) {
            (CaptchaProvider::Altcha, None) => Ok(()),
            (CaptchaProvider::Altcha, Some(_)) => Err("captcha.site_key is for hcaptcha and turnstile".to_owned()),
            (_, Some(key)) if is_site_key(key) => Ok(()),
            _ => Err(format!(
                "captcha.site_key must be what the provider gave: 1 to {MAX_SITE_KEY_LENGTH} of A-Z, a-z, 0-9, '-' and '_'"
            )),
        }
    }

    /// The largest number that a challenge may hide while `joins_per_second` people join. It is
    /// `usual` below the limit, twice that above it, four times that above twice the limit, and so
    /// on up to [`HARDEST`] times.
    #[must_use]
    pub fn max_number(&self, usual: u64, joins_per_second: u64) -> u64 {
        let above = joins_per_second / u64::from(self.raise_above_per_second.max(1));
        let doublings = above.checked_ilog2().map_or(0, |log| log + 1);
        let factor = 1_u64.checked_shl(doublings).unwrap_or(HARDEST).min(HARDEST);
        usual.saturating_mul(factor).min(CHALLENGE_MAX_NUMBER.most.max(usual))
    }
}

fn is_site_key(key: &str) -> bool {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    (1..=MAX_SITE_KEY_LENGTH).contains(&key.len()) && key.bytes().all(allowed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn policy(provider: CaptchaProvider, site_key: Option<&str>) -> CaptchaPolicy {
        CaptchaPolicy {
            provider,
            site_key: site_key.map(str::to_owned),
            ..CaptchaPolicy::default()
        }
    }

    #[test]
    fn a_providers_name_is_its_json() {
        for provider in [
            CaptchaProvider::Altcha,
            CaptchaProvider::Hcaptcha,
            CaptchaProvider::Turnstile,
        ] {
            assert_eq!(serde_json::to_value(provider).unwrap(), provider.name());
        }
    }

    #[test]
    fn a_site_key_is_there_exactly_where_a_provider_needs_one() {
        let longest = "k".repeat(MAX_SITE_KEY_LENGTH);
        for provider in [CaptchaProvider::Hcaptcha, CaptchaProvider::Turnstile] {
            assert!(policy(provider, Some("0x4AAA-_z")).check().is_ok());
            assert!(policy(provider, Some(&longest)).check().is_ok());
            for key in [None, Some(""), Some("a b"), Some(&(longest.clone() + "k"))] {
                assert!(policy(provider, key).check().is_err(), "{key:?}");
            }
        }
        assert!(policy(CaptchaProvider::Altcha, None).check().is_ok());
        assert!(policy(CaptchaProvider::Altcha, Some("k")).check().is_err());
    }

    #[test]
    fn the_bound_has_both_its_limits() {
        let limits = RAISE_ABOVE_PER_SECOND;
        let allowed = |bound: u64| {
            let policy = CaptchaPolicy {
                raise_above_per_second: bound as u32,
                ..CaptchaPolicy::default()
            };
            policy.check().is_ok()
        };
        assert!(allowed(limits.least) && allowed(limits.most));
        assert!(!allowed(limits.least - 1) && !allowed(limits.most + 1));
    }

    #[test]
    fn challenges_become_twice_as_hard_with_every_doubling_of_the_joins_and_not_harder_than_allowed() {
        let policy = CaptchaPolicy::default();
        for (joins, number) in [
            (0, 50_000),
            (999, 50_000),
            (1_000, 100_000),
            (1_999, 100_000),
            (2_000, 200_000),
            (3_999, 200_000),
            (4_000, 400_000),
            (u64::MAX, 400_000),
        ] {
            assert_eq!(policy.max_number(50_000, joins), number, "{joins}");
        }
        assert_eq!(policy.max_number(9_000_000, 4_000), CHALLENGE_MAX_NUMBER.most);
    }
}
