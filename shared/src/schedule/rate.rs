//! Rates: how fast places are served.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// A rate of places per second, in thousandths: 0 to 1,000,000 places per second. In JSON it is a
/// number with up to three decimals.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rate(u64);

impl Rate {
    /// Nobody is admitted.
    pub const ZERO: Rate = Rate(0);
    /// A million places per second. That would serve ten million fans in ten seconds, which no
    /// origin can bear.
    pub const MAX: Rate = Rate(1_000_000_000);

    /// A rate in thousandths of a place per second, cut off at [`Rate::MAX`].
    #[must_use]
    pub const fn from_milli(milli: u64) -> Rate {
        Rate(if milli > Self::MAX.0 { Self::MAX.0 } else { milli })
    }

    /// A rate in whole places per second, cut off at [`Rate::MAX`].
    #[must_use]
    pub const fn per_second(places: u64) -> Rate {
        Rate::from_milli(places.saturating_mul(1000))
    }

    /// Thousandths of a place per second.
    #[must_use]
    pub const fn milli(self) -> u64 {
        self.0
    }

    /// The rate in places per second, for people to read.
    #[must_use]
    pub fn as_f64(self) -> f64 {
        self.0 as f64 / 1000.0
    }
}

impl Serialize for Rate {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if self.0.is_multiple_of(1000) {
            serializer.serialize_u64(self.0 / 1000)
        } else {
            serializer.serialize_f64(self.as_f64())
        }
    }
}

impl<'de> Deserialize<'de> for Rate {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let per_second = f64::deserialize(deserializer)?;
        let milli = per_second * 1000.0;
        // An f64 holds every multiple of 0.001 up to the limit to well below a millionth. A larger
        // difference means that there were more decimals.
        if (0.0..=Self::MAX.0 as f64).contains(&milli) && (milli - milli.round()).abs() < 1e-3 {
            Ok(Rate(milli.round() as u64))
        } else {
            Err(D::Error::custom(
                "a rate is 0 to 1000000 places per second with up to three decimals",
            ))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_survives_json_exactly() {
        for milli in [0, 1, 999, 1_000, 1_001, 333_333, 999_999_999, 1_000_000_000] {
            let json = serde_json::to_string(&Rate(milli)).unwrap();
            assert_eq!(serde_json::from_str::<Rate>(&json).unwrap(), Rate(milli), "{json}");
        }
    }

    #[test]
    fn a_rate_has_both_its_limits() {
        for json in ["-0.001", "1000000.001", "0.0005", "1e9", "\"1\"", "null"] {
            assert!(serde_json::from_str::<Rate>(json).is_err(), "{json}");
        }
        assert_eq!(Rate::per_second(u64::MAX), Rate::MAX);
    }
}
