//! Amounts and currencies within Stripe's limits.

use serde::Serialize;

use crate::error::GatewayError;

/// An amount in the currency's minor unit (cents); what of an intent is captured or refunded may be any of these.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Amount(u32);

impl Amount {
    /// Nothing.
    pub const ZERO: Self = Self(0);
    /// The most one intent can be about: eight digits, Stripe's limit for most currencies.
    pub const MAX: Self = Self(99_999_999);
    /// The least a card can be charged. Stripe's is per currency (50 for USD and EUR); here it is one for all.
    pub const LEAST_CHARGE: Self = Self(50);

    /// Parses a parameter: a whole number of minor units, at least 1 and at most [`Amount::MAX`].
    ///
    /// # Errors
    /// Stripe's error for the parameter `name`.
    pub fn parse(name: &str, text: &str) -> Result<Self, GatewayError> {
        let digits = text.strip_prefix('-').unwrap_or(text);
        if digits.is_empty() || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(GatewayError::invalid_param(
                name,
                "parameter_invalid_integer",
                format!("Invalid integer: {text}"),
            ));
        }
        // Digits that do not fit 64 bits are too many, whatever their sign says about them.
        match text.parse::<i64>() {
            Ok(value) if value < 1 => Err(GatewayError::invalid_param(
                name,
                "parameter_invalid_integer",
                "This value must be greater than or equal to 1.",
            )),
            Ok(value) if value <= i64::from(Self::MAX.0) => Ok(Self(u32::try_from(value).unwrap_or(Self::MAX.0))),
            _ => Err(GatewayError::invalid_param(
                name,
                "amount_too_large",
                format!("Amount must be no more than {} minor units.", Self::MAX.0),
            )),
        }
    }

    /// What is left after `other`, or `None` if `other` is more.
    #[must_use]
    pub fn minus(self, other: Self) -> Option<Self> {
        self.0.checked_sub(other.0).map(Self)
    }

    /// The sum, or `None` if it is more than `most`.
    #[must_use]
    pub fn plus_within(self, other: Self, most: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self).filter(|sum| *sum <= most)
    }

    /// The number of minor units.
    #[must_use]
    pub fn get(self) -> u32 {
        self.0
    }
}

/// A currency code: three letters, lower case. Which of them exist is left to Stripe.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Currency([u8; 3]);

impl Currency {
    /// Parses the parameter `currency`, in either case.
    ///
    /// # Errors
    /// Stripe's error for it.
    pub fn parse(text: &str) -> Result<Self, GatewayError> {
        let lower = text.to_ascii_lowercase();
        match <[u8; 3]>::try_from(lower.as_bytes()) {
            Ok(letters) if letters.iter().all(u8::is_ascii_lowercase) => Ok(Self(letters)),
            _ => Err(GatewayError::invalid_request(format!("Invalid currency: {text}")).about("currency")),
        }
    }

    /// The code.
    #[must_use]
    pub fn as_str(&self) -> &str {
        // Three ASCII letters, by `parse`.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl Serialize for Currency {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}
