//! Fan passes at a join.

use stanchion_shared::{
    account::AccountClaims,
    identity::EventId,
    pass::{self, PassError},
};

use super::answer::{Refusal, sentence};
use crate::platform::Platform;

/// Longest fan pass that is looked at, in bytes; ours have some 400.
const MAX_PASS_LENGTH: usize = 2_048;

/// Whether the join came with a fan pass. One that is not good is refused, not overlooked: its holder should know.
pub(super) fn is_verified_fan<P: Platform>(
    platform: &P,
    pass: Option<&str>,
    account: &AccountClaims,
    event: &EventId,
) -> Result<bool, Refusal> {
    let Some(pass) = pass else {
        return Ok(false);
    };
    if pass.len() > MAX_PASS_LENGTH {
        return Err(refusal(&PassError::Invalid));
    }
    let subject = (account.iss.as_str(), account.sub.as_str());
    let keys = &platform.config().account_keys;
    pass::verify(keys, pass, subject, event, platform.now())
        .map(|_| true)
        .map_err(|error| refusal(&error))
}

fn refusal(error: &PassError) -> Refusal {
    let word = match error {
        PassError::Invalid => "pass_invalid",
        PassError::Expired => "pass_expired",
        PassError::OtherSubject => "pass_of_other",
    };
    Refusal::new(403, word, sentence(error))
}
