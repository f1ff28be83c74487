//! The identity policy: whether only accounts may join, or visitors without an account, too.

use serde::{Deserialize, Serialize};

/// The identity policy of one event. An account of the configured issuer may always join.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityPolicy {
    /// Whether a browser without an account may join, with a signed cookie and a proof of work.
    /// Each browser then has one place, so a person who clears cookies can have many, one for each
    /// proof.
    pub anonymous: bool,
    /// With `anonymous`: whether a browser that runs no script may join without the proof, in the
    /// tier of suspects.
    pub without_script: bool,
}

impl IdentityPolicy {
    /// # Errors
    /// A sentence that names the field.
    pub(super) fn check(&self) -> Result<(), String> {
        if self.without_script && !self.anonymous {
            return Err("identity.without_script needs identity.anonymous".to_owned());
        }
        Ok(())
    }
}
