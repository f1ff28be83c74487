//! Who may join: accounts alone, or visitors without one as well.

use serde::{Deserialize, Serialize};

/// See the module. An account of the configured issuer may always join.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IdentityPolicy {
    /// A browser without an account may join by a signed cookie and a proof of work. 'One person, one place' then means one
    /// browser, one place: whoever can clear cookies can have many, each for one proof.
    pub anonymous: bool,
    /// With `anonymous`: a browser that runs no script may join without the proof, in the last tier.
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
