//! Amounts of money. They are whole minor units in code and decimal strings in JSON, so no amount
//! is ever rounded.

use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};

/// An amount in minor units (cents) of a currency with two decimals. In JSON a string such as
/// `"49.50"`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Minor(pub i64);

impl Minor {
    /// Largest amount that is accepted from outside: 10 million in major units.
    pub const MAX: Minor = Minor(1_000_000_000);

    /// The sum; `None` on overflow.
    #[must_use]
    pub fn checked_add(self, other: Minor) -> Option<Minor> {
        self.0.checked_add(other.0).map(Minor)
    }

    /// Parses `"49"`, `"49.5"` or `"49.50"`. A sign or an exponent is not allowed.
    ///
    /// # Errors
    /// The text is anything else, or the amount is more than [`Minor::MAX`].
    pub fn parse(text: &str) -> Result<Minor, MoneyError> {
        let (major, cents) = text.split_once('.').unwrap_or((text, "00"));
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        if !digits(major) || major.len() > 8 || !digits(cents) || cents.len() > 2 {
            return Err(MoneyError);
        }
        let major: i64 = major.parse().map_err(|_| MoneyError)?;
        let minor: i64 = format!("{cents:0<2}").parse().map_err(|_| MoneyError)?;
        let amount = Minor(major * 100 + minor);
        if amount > Self::MAX {
            Err(MoneyError)
        } else {
            Ok(amount)
        }
    }
}

/// The text is not an amount between 0.00 and 10000000.00.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("not an amount such as \"49.50\" between 0.00 and 10000000.00")]
pub struct MoneyError;

impl std::fmt::Display for Minor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let amount = self.0.unsigned_abs();
        write!(f, "{sign}{}.{:02}", amount / 100, amount % 100)
    }
}

impl Serialize for Minor {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Minor {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Minor::parse(&String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_survives_the_journey() {
        for (text, minor) in [
            ("0", 0),
            ("49", 4900),
            ("49.5", 4950),
            ("49.05", 4905),
            ("10000000.00", 1_000_000_000),
        ] {
            assert_eq!(Minor::parse(text), Ok(Minor(minor)), "{text}");
        }
        assert_eq!(Minor(4905).to_string(), "49.05");
        assert_eq!(Minor(-5).to_string(), "-0.05");
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in [
            "",
            ".",
            "1.",
            ".5",
            "-1",
            "+1",
            "1e3",
            "1.005",
            "10000000.01",
            "99999999999999999999",
            "١",
        ] {
            assert_eq!(Minor::parse(text), Err(MoneyError), "{text}");
        }
    }
}
