//! The fan pass of a verified fan, which the fan sends with the join.

use stanchion_shared::{
    fan_pass::{self, PassClaims},
    ids::EventId,
    jose::SigningKeys,
    timestamp::UnixMillis,
};

use super::{
    VerifiedFansError,
    fan_status::{FanState, FanStatus},
};

/// How long a fan pass lives, in milliseconds: ten minutes. That is long enough for the proof of
/// work of a slow device, and short enough that the pass of a revoked fan is soon worthless, since
/// no edge asks the origin. A fan can get a new one at any time.
pub const PASS_LIFE_MS: u64 = 10 * 60 * 1000;

/// A signed pass.
pub(super) struct FanPass {
    /// The token, for `fan_pass` of the join.
    pub(super) token: String,
    /// When the pass ends.
    pub(super) expires_at: UnixMillis,
}

/// Signs a pass for the account that `status` is about. `issuer` is the issuer of account tokens.
///
/// # Errors
/// [`VerifiedFansError::NotVerified`], [`VerifiedFansError::Revoked`],
/// [`VerifiedFansError::EventOver`].
pub(super) fn sign(
    keys: &SigningKeys,
    issuer: &str,
    account_id: String,
    event: EventId,
    status: &FanStatus,
    now: UnixMillis,
) -> Result<FanPass, VerifiedFansError> {
    match status.state {
        FanState::Verified => {}
        FanState::Revoked => return Err(VerifiedFansError::Revoked),
        FanState::Registered | FanState::Invited | FanState::None => return Err(VerifiedFansError::NotVerified),
    }
    // The queue lives as long as tickets are sold: until the event starts
    // (`events::new_event::queue_end`).
    let expires = now.plus(PASS_LIFE_MS).min(status.starts_at).floor_seconds();
    if now.floor_seconds() >= expires {
        return Err(VerifiedFansError::EventOver);
    }
    let claims = PassClaims {
        iss: issuer.to_owned(),
        sub: account_id,
        event,
        iat: now.floor_seconds(),
        nbf: None,
        exp: expires,
    };
    Ok(FanPass {
        token: fan_pass::sign(keys, &claims),
        expires_at: UnixMillis(expires * 1000),
    })
}
