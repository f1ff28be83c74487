//! Releases without an origin's meter: in front of a site of somebody else's, which tells nothing.

use serde::{Deserialize, Serialize};

use crate::schedule::Rate;

/// Most places a minute that can be asked for.
pub const MAX_PER_MINUTE: u32 = 1_000_000;
/// Most sessions at once that can be asked for.
pub const MAX_AT_ONCE: u32 = 10_000_000;

/// Longest `health_path`, in bytes.
pub const MAX_HEALTH_PATH_LENGTH: usize = 256;
/// A site whose health is asked for is asked this often, in ms.
pub const HEALTH_EVERY_MS: u64 = 2_000;
/// After its last good answer admission goes on for this long, in ms, as after an origin's last word.
pub const HEALTH_LEASE_MS: u64 = 10_000;

/// Fixed limits.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FixedRelease {
    /// Most places a minute; 0 admits nobody.
    pub per_minute: u32,
    /// Most sessions at once.
    pub at_once: u32,
    /// An address of the site, path and query, that answers a GET with 2xx while the site can take people. While it does not,
    /// admission stops, and goes on by itself. `None`: nobody asks, and admission never stops by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_path: Option<String>,
}

impl FixedRelease {
    /// How fast to serve places so that neither limit is passed, whoever claims when: a turn may be claimed `turn_ms` after
    /// it came, and the session then lasts `shopping_ms`, so those who are in at one instant had their turns within both
    /// times together.
    #[must_use]
    pub fn rate(&self, turn_ms: u64, shopping_ms: u64) -> Rate {
        let by_minute = u64::from(self.per_minute) * 1000 / 60;
        let by_sessions = u64::from(self.at_once) * 1_000_000 / (turn_ms + shopping_ms).max(1);
        Rate::from_milli(by_minute.min(by_sessions))
    }

    /// # Errors
    /// A sentence that names the field and its limits.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.per_minute > MAX_PER_MINUTE {
            return Err(format!("release.per_minute may be {MAX_PER_MINUTE}"));
        }
        if !(1..=MAX_AT_ONCE).contains(&self.at_once) {
            return Err(format!("release.at_once must be 1 to {MAX_AT_ONCE}"));
        }
        if self.health_path.as_deref().is_some_and(|path| !is_path(path)) {
            return Err(format!(
                "release.health_path must begin with / and have at most {MAX_HEALTH_PATH_LENGTH} plain characters"
            ));
        }
        Ok(())
    }
}

/// Of an address as it is sent: what is not plain has to be percent-encoded.
fn is_path(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%?&=+,:;@!$'()*".contains(&byte);
    text.starts_with('/') && text.len() <= MAX_HEALTH_PATH_LENGTH && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(per_minute: u32, at_once: u32) -> FixedRelease {
        FixedRelease {
            per_minute,
            at_once,
            health_path: None,
        }
    }

    fn rate(per_minute: u32, at_once: u32) -> u64 {
        release(per_minute, at_once).rate(60_000, 540_000).milli()
    }

    #[test]
    fn the_stricter_limit_decides() {
        assert_eq!(rate(60, 1_000_000), 1_000, "one a second");
        assert_eq!(rate(60_000, 600), 1_000, "600 in ten minutes");
        assert_eq!(rate(0, 600), 0);
    }

    #[test]
    fn every_limit_is_kept_at_both_sides() {
        let check = |per_minute, at_once| release(per_minute, at_once).check();
        assert!(check(MAX_PER_MINUTE, MAX_AT_ONCE).is_ok());
        assert!(check(0, 1).is_ok());
        assert!(check(MAX_PER_MINUTE + 1, 1).is_err());
        assert!(check(0, 0).is_err());
        assert!(check(0, MAX_AT_ONCE + 1).is_err());
    }

    #[test]
    fn a_health_path_is_a_path_of_the_site() {
        let check = |path: &str| {
            let health_path = Some(path.to_owned());
            FixedRelease {
                health_path,
                ..release(1, 1)
            }
            .check()
        };
        for path in ["/", "/up", "/health?deep=1&x=%20", "//up"] {
            assert!(check(path).is_ok(), "{path}");
        }
        for path in [
            "",
            "up",
            "https://elsewhere.example/",
            "/a b",
            "/a#b",
            "/\u{e9}",
            "/a\nb",
            "/<",
            "/a\\b",
        ] {
            assert!(check(path).is_err(), "{path}");
        }
        let long = |length: usize| check(&format!("/{}", "a".repeat(length - 1)));
        assert!(long(MAX_HEALTH_PATH_LENGTH).is_ok());
        assert!(long(MAX_HEALTH_PATH_LENGTH + 1).is_err());
    }
}
