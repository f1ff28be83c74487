//! `GET /api/v1/events/{id}/pass`: a verified fan's pass, to be sent with the join.

use axum::{extract::State as Shared, http::StatusCode, response::IntoResponse};
use serde::Serialize;
use stanchion_shared::{
    identity::EventId,
    pass::{self, PassClaims},
    timestamp::UnixMillis,
};

use super::{
    personal, revoked,
    stand::{Standing, State},
};
use crate::{
    clock,
    http::{Account, Error, Path},
    state::SharedApp,
};

/// How long a pass lives, in milliseconds: ten minutes. Long enough for a slow device's proof of work, short enough that a
/// pass that was taken back is dead soon, since no edge asks. A new one can be had at any time.
pub const PASS_LIFE_MS: u64 = 10 * 60 * 1000;

#[derive(Serialize)]
struct Given {
    /// For `fan_pass` of the join.
    fan_pass: String,
    expires_at: UnixMillis,
}

/// # Errors
/// 404 `event_not_found`; 403 `not_verified`, `fan_revoked`, `event_over`.
pub(super) async fn give(
    Shared(app): Shared<SharedApp>,
    account: Account,
    Path(event_id): Path<EventId>,
) -> Result<impl IntoResponse, Error> {
    let standing = Standing::read(&app.database, &event_id, &account.subject).await?;
    let refused = |word, message: &'static str| Error::new(StatusCode::FORBIDDEN, word, message);
    match standing.state {
        State::Verified => {}
        State::Revoked => return Err(revoked()),
        State::Registered | State::Invited | State::None => {
            return Err(refused("not_verified", "You are not a verified fan of this event."));
        }
    }
    let now = clock::now();
    // The queue lives as long as tickets are sold: until the event starts (`admin::queue_life`).
    let expires = now.plus(PASS_LIFE_MS).min(standing.starts_at).floor_seconds();
    if now.floor_seconds() >= expires {
        return Err(refused(
            "event_over",
            "This event has started: there is no queue any more.",
        ));
    }
    let claims = PassClaims {
        iss: app.config.account_issuer.clone(),
        sub: account.subject,
        event: event_id,
        iat: now.floor_seconds(),
        exp: expires,
    };
    Ok(personal(Given {
        fan_pass: pass::sign(&app.config.account_signing_keys, &claims),
        expires_at: UnixMillis(expires * 1000),
    }))
}
