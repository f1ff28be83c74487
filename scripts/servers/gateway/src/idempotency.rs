//! Idempotency keys. Source: <https://docs.stripe.com/api/idempotent_requests>.
//!
//! A key belongs to the endpoint and the parameters it was first used with. While that request runs, a second one is
//! refused (409). Once it has run, its answer is given again, whatever it was. A request that never began to run (invalid,
//! or failed before it) leaves the key free. Stripe forgets a key after at least 24 hours; this gateway never does.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, StatusCode};

use crate::error::GatewayError;
use crate::mutex::lock;
use crate::response::GatewayResponse;

/// The header that carries a key.
pub const HEADER: &str = "idempotency-key";
/// Longest key, in characters.
pub const MAX_LENGTH: usize = 255;

/// A key: 1 to 255 visible ASCII characters.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdempotencyKey(Arc<str>);

impl IdempotencyKey {
    /// The request's key, if it has one.
    ///
    /// # Errors
    /// It is empty, too long, or not ASCII.
    pub fn of(headers: &HeaderMap) -> Result<Option<Self>, GatewayError> {
        let Some(value) = headers.get(HEADER) else {
            return Ok(None);
        };
        match value.to_str() {
            Ok(text) if (1..=MAX_LENGTH).contains(&text.len()) => Ok(Some(Self(text.into()))),
            _ => Err(GatewayError::invalid_request(format!(
                "Idempotency keys must have 1 to {MAX_LENGTH} visible ASCII characters."
            ))),
        }
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a key belongs to.
#[derive(Clone, Debug)]
pub struct KeyedRequest {
    /// The path.
    pub endpoint: String,
    /// The parameters in a form that does not depend on their order.
    pub params: String,
}

#[derive(Debug)]
struct Entry {
    first: KeyedRequest,
    /// `None` while the first request runs.
    answer: Option<GatewayResponse>,
}

/// All keys used so far. Shared, because the claims on them outlive the request's future.
#[derive(Debug, Default)]
pub struct IdempotencyKeys {
    entries: Mutex<HashMap<IdempotencyKey, Entry>>,
}

/// What a key turned out to be.
#[derive(Debug)]
pub enum ClaimResult {
    /// Unused until now: run the request.
    First(KeyClaim),
    /// Used for the very same request, which got this answer.
    Answered(GatewayResponse),
}

impl IdempotencyKeys {
    /// Claims a key for a request.
    ///
    /// # Errors
    /// 409 while another request runs under it, 400 if it belongs to another request.
    pub fn claim(self: &Arc<Self>, key: IdempotencyKey, request: KeyedRequest) -> Result<ClaimResult, GatewayError> {
        let mut entries = lock(&self.entries);
        let Some(entry) = entries.get(&key) else {
            entries.insert(
                key.clone(),
                Entry {
                    first: request,
                    answer: None,
                },
            );
            return Ok(ClaimResult::First(KeyClaim {
                keys: Arc::clone(self),
                key,
            }));
        };
        let Some(answer) = &entry.answer else {
            let message = format!(
                "There is currently another in-progress request using this Idempotent Key (that probably means you \
                 submitted twice, and the other request is still going through): {}. Please try again later.",
                key.as_str()
            );
            return Err(GatewayError::idempotency(
                StatusCode::CONFLICT,
                Some("idempotency_key_in_use"),
                message,
            ));
        };
        let only = if entry.first.endpoint != request.endpoint {
            format!(
                "for the same endpoint they were first used for ('{}' vs '{}')",
                request.endpoint, entry.first.endpoint
            )
        } else if entry.first.params != request.params {
            "with the same parameters they were first used with".to_owned()
        } else {
            return Ok(ClaimResult::Answered(answer.clone()));
        };
        let message = format!(
            "IdempotencyKeys for idempotent requests can only be used {only}. Try using a key other than '{}' if you meant to \
             execute a different request.",
            key.as_str()
        );
        Err(GatewayError::idempotency(StatusCode::BAD_REQUEST, None, message))
    }

    /// How many keys hold an answer.
    #[must_use]
    pub fn answered(&self) -> usize {
        lock(&self.entries)
            .values()
            .filter(|entry| entry.answer.is_some())
            .count()
    }
}

/// The right to run the one request of a key. Dropped without an answer, it leaves the key free.
#[derive(Debug)]
pub struct KeyClaim {
    keys: Arc<IdempotencyKeys>,
    key: IdempotencyKey,
}

impl KeyClaim {
    /// Keeps the answer: from now on it is what the key gives.
    pub fn keep(self, answer: GatewayResponse) {
        if let Some(entry) = lock(&self.keys.entries).get_mut(&self.key) {
            entry.answer = Some(answer);
        }
    }
}

impl Drop for KeyClaim {
    fn drop(&mut self) {
        // A panic between claim and answer may have poisoned the lock; a second one here would end the process.
        let Ok(mut entries) = self.keys.entries.lock() else {
            return;
        };
        if entries.get(&self.key).is_some_and(|entry| entry.answer.is_none()) {
            entries.remove(&self.key);
        }
    }
}
