//! The secret key and how callers present it: Bearer, or basic with the key as user name and no password, as with Stripe.

use std::fmt;
use std::str::FromStr;

use axum::http::{HeaderMap, StatusCode, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use crate::error::GatewayError;

/// What every key of this gateway starts with.
const PREFIX: &str = "sk_test_";

/// A test secret key. A live one cannot be built: it must never be given to a gateway that only pretends.
#[derive(Clone, PartialEq, Eq)]
pub struct SecretKey(String);

impl FromStr for SecretKey {
    type Err = &'static str;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let Some(rest) = text.strip_prefix(PREFIX) else {
            return Err("must start with sk_test_");
        };
        if rest.is_empty() || !rest.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return Err("must be sk_test_ followed by letters, digits or _");
        }
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("SecretKey(sk_test_…)")
    }
}

impl SecretKey {
    /// Whether the request's `Authorization` presents this key.
    ///
    /// # Errors
    /// 401 in Stripe's shape; the message never repeats what was presented.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), GatewayError> {
        match presented(headers) {
            Some(key) if key == self.0 => Ok(()),
            Some(_) => Err(GatewayError::invalid_request("Invalid API Key provided.").with_status(StatusCode::UNAUTHORIZED)),
            None => Err(GatewayError::invalid_request(
                "You did not provide an API key. Send it in the Authorization header, as in 'Authorization: Bearer sk_test_…'.",
            )
            .with_status(StatusCode::UNAUTHORIZED)),
        }
    }
}

fn presented(headers: &HeaderMap) -> Option<String> {
    let (scheme, rest) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    if scheme.eq_ignore_ascii_case("bearer") {
        return Some(rest.trim().to_owned());
    }
    if scheme.eq_ignore_ascii_case("basic") {
        let pair = String::from_utf8(STANDARD.decode(rest.trim()).ok()?).ok()?;
        let (user, _password) = pair.split_once(':')?;
        return Some(user.to_owned());
    }
    None
}
