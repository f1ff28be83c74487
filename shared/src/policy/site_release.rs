//! The release of a protected site: how its people come in. It stands in for the releases of
//! Stanchion's own origin.

use serde::{Deserialize, Serialize};

use crate::{
    meter::{BrakeLimits, FAILED_PERCENT, SLOW_MS, SiteLimits},
    schedule::Rate,
};

/// Largest number of places per minute that can be set.
pub const MAX_PER_MINUTE: u32 = 1_000_000;
/// Largest number of sessions at once that can be set.
pub const MAX_AT_ONCE: u32 = 10_000_000;

/// Longest `health_path` in bytes.
pub const MAX_HEALTH_PATH_LENGTH: usize = 256;
/// Time between two health checks of a protected site, in ms.
pub const HEALTH_EVERY_MS: u64 = 2_000;
/// How long admission goes on after the last good health check, in ms. It is as long as after the
/// last release of an origin.
pub const HEALTH_LEASE_MS: u64 = 10_000;

/// The limits of one event's site.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SiteRelease {
    /// Most places per minute; 0 admits nobody.
    pub per_minute: u32,
    /// Most shopping sessions at once.
    pub at_once: u32,
    /// A path and query of the site that answers a GET with 2xx while the site can take people.
    /// While it does not, admission stops; afterwards it continues by itself. `None`: there are no
    /// health checks, and admission never stops by itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub health_path: Option<String>,
    /// Whether a meter decides the rate, by the sessions that run and by the site's answers.
    /// Without it the rate is fixed: so slow that `at_once` holds whoever claims when.
    #[serde(default = "metered", skip_serializing_if = "is_metered")]
    pub meter: bool,
    /// When the meter brakes.
    #[serde(default, skip_serializing_if = "BrakeLimits::is_default")]
    pub brake: BrakeLimits,
}

fn metered() -> bool {
    true
}

fn is_metered(meter: &bool) -> bool {
    *meter
}

impl SiteRelease {
    /// The limits by which a meter decides.
    #[must_use]
    pub fn limits(&self) -> SiteLimits {
        SiteLimits {
            most_per_second: Rate::from_milli(u64::from(self.per_minute) * 1000 / 60),
            at_once: self.at_once,
            brake: self.brake,
            called_ahead: 0,
        }
    }

    /// The fixed rate that keeps both limits, whoever claims when. `stay_ms` is the longest time
    /// from a turn to the end of its session, of all turns whose sessions may still run: all people
    /// who are in the shop at one instant had their turns within it.
    #[must_use]
    pub fn fixed_rate(&self, stay_ms: u64) -> Rate {
        let by_sessions = u64::from(self.at_once) * 1_000_000 / stay_ms.max(1);
        self.limits().most_per_second.min(Rate::from_milli(by_sessions))
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
        for (name, value, limits) in [
            ("failed_percent", self.brake.failed_percent, FAILED_PERCENT),
            ("slow_ms", self.brake.slow_ms, SLOW_MS),
        ] {
            if !limits.allow(value) {
                let (least, most) = (limits.least, limits.most);
                return Err(format!("release.brake.{name} must be {least} to {most}"));
            }
        }
        if !self.meter && !self.brake.is_default() {
            return Err("release.brake is the meter's: it does nothing with release.meter false".to_owned());
        }
        Ok(())
    }
}

/// Whether the text is a path as it is sent: any character that is not plain must be
/// percent-encoded.
fn is_path(text: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"/-._~%?&=+,:;@!$'()*".contains(&byte);
    text.starts_with('/') && text.len() <= MAX_HEALTH_PATH_LENGTH && text.bytes().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn release(per_minute: u32, at_once: u32) -> SiteRelease {
        SiteRelease {
            per_minute,
            at_once,
            health_path: None,
            meter: true,
            brake: BrakeLimits::default(),
        }
    }

    fn rate(per_minute: u32, at_once: u32) -> u64 {
        release(per_minute, at_once).fixed_rate(600_000).milli()
    }

    #[test]
    fn the_stricter_limit_decides_a_fixed_rate() {
        assert_eq!(rate(60, 1_000_000), 1_000, "one a second");
        assert_eq!(rate(60_000, 600), 1_000, "600 in ten minutes");
        assert_eq!(rate(0, 600), 0);
    }

    #[test]
    fn a_meter_decides_unless_the_policy_says_otherwise() {
        let read = |json| serde_json::from_str::<SiteRelease>(json);
        let former = r#"{"per_minute":600,"at_once":2000}"#;
        let metered = read(former).unwrap();
        assert!(metered.meter && metered.brake.is_default());
        assert_eq!(serde_json::to_string(&metered).unwrap(), former);
        assert_eq!(metered.limits().most_per_second, Rate::per_second(10));
        let fixed = r#"{"per_minute":600,"at_once":2000,"meter":false}"#;
        assert!(!read(fixed).unwrap().meter);
        assert_eq!(serde_json::to_string(&read(fixed).unwrap()).unwrap(), fixed);
        let slower = read(r#"{"per_minute":600,"at_once":2000,"brake":{"slow_ms":8000}}"#).unwrap();
        assert_eq!(
            (slower.brake.failed_percent, slower.brake.slow_ms),
            (FAILED_PERCENT.default, 8_000)
        );
        assert!(read(r#"{"per_minute":600,"at_once":2000,"brake":{"slow":1}}"#).is_err());
    }

    #[test]
    fn the_brake_has_limits_at_both_sides_and_needs_the_meter() {
        let check = |meter, failed_percent, slow_ms| {
            let brake = BrakeLimits {
                failed_percent,
                slow_ms,
            };
            SiteRelease {
                meter,
                brake,
                ..release(1, 1)
            }
            .check()
        };
        for (failed_percent, slow_ms, is_allowed) in [
            (FAILED_PERCENT.least, SLOW_MS.least, true),
            (FAILED_PERCENT.most, SLOW_MS.most, true),
            (FAILED_PERCENT.least - 1, SLOW_MS.least, false),
            (FAILED_PERCENT.most + 1, SLOW_MS.least, false),
            (FAILED_PERCENT.least, SLOW_MS.least - 1, false),
            (FAILED_PERCENT.least, SLOW_MS.most + 1, false),
        ] {
            let checked = check(true, failed_percent, slow_ms);
            assert_eq!(checked.is_ok(), is_allowed, "{failed_percent} {slow_ms}");
        }
        assert!(check(false, FAILED_PERCENT.default, SLOW_MS.default).is_ok());
        assert!(check(false, FAILED_PERCENT.default, SLOW_MS.most).is_err());
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
            SiteRelease {
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
