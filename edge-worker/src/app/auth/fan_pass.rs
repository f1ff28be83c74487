//! Fan passes: a join with one is a verified fan's.

use stanchion_shared::{
    account_token::AccountClaims,
    fan_pass::{self, PassError},
    ids::EventId,
};

use crate::{
    app::http::refusal::{Refusal, sentence},
    platform::Platform,
};

/// Longest fan pass that is read, in bytes. The origin's have some 400.
const MAX_PASS_LENGTH: usize = 2_048;

/// Whether a join came with a fan pass. A pass that is not good is refused and not ignored, so that
/// its holder knows.
///
/// # Errors
/// 403 `pass_invalid`, `pass_expired` or `pass_of_other`.
pub(crate) fn is_verified_fan<P: Platform>(
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
    fan_pass::verify(keys, pass, subject, event, platform.now())
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
