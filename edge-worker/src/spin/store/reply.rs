//! Reads a reply of Redis part by part. A part that is not what the script's header promises is an
//! error, never a guess.

use serde::de::DeserializeOwned;
use stanchion_shared::{draw::digest::ShardDigest, ids::Bytes32};

use super::value::Value;
use crate::platform::StoreError;

/// The parts of a reply that were not read yet.
pub(super) struct Reply(std::vec::IntoIter<Value>);

fn unexpected(what: &str) -> StoreError {
    StoreError(format!("Redis: a reply has no {what} where one is due"))
}

impl Reply {
    pub(super) fn new(values: Vec<Value>) -> Reply {
        Reply(values.into_iter())
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.as_slice().is_empty()
    }

    pub(super) fn optional_bytes(&mut self) -> Result<Option<Vec<u8>>, StoreError> {
        match self.0.next() {
            Some(Value::Nil) => Ok(None),
            Some(Value::Bytes(bytes)) => Ok(Some(bytes)),
            _ => Err(unexpected("text")),
        }
    }

    pub(super) fn bytes(&mut self) -> Result<Vec<u8>, StoreError> {
        self.optional_bytes()?.ok_or_else(|| unexpected("text"))
    }

    pub(super) fn text(&mut self) -> Result<String, StoreError> {
        String::from_utf8(self.bytes()?).map_err(|_| unexpected("text"))
    }

    /// A whole number, also as text (fields of hashes are).
    pub(super) fn number<T: TryFrom<i64>>(&mut self) -> Result<T, StoreError> {
        let number = match self.0.next() {
            Some(Value::Integer(number)) => Some(number),
            Some(Value::Bytes(bytes)) => std::str::from_utf8(&bytes).ok().and_then(|text| text.parse().ok()),
            _ => None,
        };
        number
            .and_then(|number| T::try_from(number).ok())
            .ok_or_else(|| unexpected("number of its range"))
    }

    /// A whole number; `None` for -1.
    pub(super) fn optional_number(&mut self) -> Result<Option<u32>, StoreError> {
        match self.number::<i64>()? {
            -1 => Ok(None),
            number => u32::try_from(number)
                .map(Some)
                .map_err(|_| unexpected("number of its range")),
        }
    }

    pub(super) fn json<T: DeserializeOwned>(&mut self) -> Result<T, StoreError> {
        serde_json::from_slice(&self.bytes()?).map_err(|error| StoreError(format!("Redis: stored JSON: {error}")))
    }

    /// As [`Reply::json`], or nothing.
    pub(super) fn optional_json<T: DeserializeOwned>(&mut self) -> Result<Option<T>, StoreError> {
        let stored = self.optional_bytes()?;
        let parsed = stored.map(|bytes| serde_json::from_slice(&bytes)).transpose();
        parsed.map_err(|error| StoreError(format!("Redis: stored JSON: {error}")))
    }

    /// A digest, 64 hex digits.
    pub(super) fn digest(&mut self) -> Result<ShardDigest, StoreError> {
        Bytes32::parse(&self.text()?)
            .map(ShardDigest)
            .map_err(|_| unexpected("digest"))
    }

    /// Whether a script did what it was asked for: 1 or 0.
    pub(super) fn done(&mut self) -> Result<bool, StoreError> {
        Ok(self.number::<u8>()? == 1)
    }
}
