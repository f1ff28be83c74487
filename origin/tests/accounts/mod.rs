//! Signing up and in, over HTTP.

mod limits;
mod minting;
mod signing_in;

use serde_json::{Value, json};

pub(crate) fn sign_up(email: &str) -> Value {
    json!({"email": email, "password": "correct horse", "name": "A Fan"})
}
