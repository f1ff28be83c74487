//! Metadata within Stripe's limits. Source: <https://docs.stripe.com/api/metadata>.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Serialize, Serializer};

use crate::error::GatewayError;

/// Most keys an object can carry.
pub const MAX_KEYS: usize = 50;
/// Longest key, in characters.
pub const MAX_KEY_LENGTH: usize = 40;
/// Longest value, in characters.
pub const MAX_VALUE_LENGTH: usize = 500;

/// What a caller pinned to an object. Never changed after that, so views share it.
#[derive(Clone, Debug, Default)]
pub struct Metadata(Arc<BTreeMap<String, String>>);

impl Metadata {
    /// Checks keys and values against the limits.
    ///
    /// # Errors
    /// Stripe's error for the first that breaks one.
    pub fn new(pairs: BTreeMap<String, String>) -> Result<Self, GatewayError> {
        if pairs.len() > MAX_KEYS {
            let message = format!(
                "Metadata can have up to {MAX_KEYS} keys, but {} were passed.",
                pairs.len()
            );
            return Err(GatewayError::invalid_request(message).about("metadata"));
        }
        for (key, value) in &pairs {
            let (key_length, value_length) = (key.chars().count(), value.chars().count());
            if key_length > MAX_KEY_LENGTH {
                let message = format!(
                    "Metadata keys can have up to {MAX_KEY_LENGTH} characters, but one passed has {key_length}."
                );
                return Err(GatewayError::invalid_request(message).about("metadata"));
            }
            if value_length > MAX_VALUE_LENGTH {
                let message = format!(
                    "Metadata values can have up to {MAX_VALUE_LENGTH} characters, but one passed has {value_length}."
                );
                return Err(GatewayError::invalid_request(message).about(format!("metadata[{key}]")));
            }
        }
        Ok(Self(Arc::new(pairs)))
    }

    /// All pairs, in order of their keys.
    pub fn pairs(&self) -> impl Iterator<Item = (&String, &String)> {
        self.0.iter()
    }

    /// Whether `key` holds exactly `value`.
    #[must_use]
    pub fn has(&self, key: &str, value: &str) -> bool {
        self.0.get(key).is_some_and(|held| held == value)
    }
}

impl Serialize for Metadata {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter())
    }
}
