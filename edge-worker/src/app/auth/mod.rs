//! Who sends a request: an account, a visitor, a verified fan, or whoever has the control key.
//!
//! # Layout
//! - [`caller`]: the account behind the Bearer token, or the visitor behind the cookie, and their
//!   tag in an event.
//! - [`visitor`]: the cookie of a browser without an account.
//! - [`oidc_issuer`]: accounts of an OpenID Connect issuer, and its keys.
//! - [`control_signature`]: whether a request to the control API is signed.
//! - [`fan_pass`]: whether a join comes from a verified fan.
//! - [`verified_tokens`]: tokens whose signatures were checked before.

pub(crate) mod caller;
pub(crate) mod control_signature;
pub(crate) mod fan_pass;
mod oidc_issuer;
pub(crate) mod verified_tokens;
pub(crate) mod visitor;
