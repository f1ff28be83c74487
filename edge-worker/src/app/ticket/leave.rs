//! A person gives their queue ticket up, or ends the shopping session that they are in.

use stanchion_shared::shop_token::ShopClaims;

use crate::{
    app::{
        auth::caller::{self, Caller},
        cache::{asking, event_cache},
        http::refusal::Refusal,
        ticket::poll,
    },
    platform::{EndOutcome, EndSession, HttpRequest, Leave, LeaveOutcome, Platform, QueueStore},
};

/// Gives up the queue ticket `token` of the person who calls.
///
/// # Errors
/// 401 `unauthorized` or `ticket_invalid`, 403 `ticket_of_other`, 404 `event_unknown`, 503
/// `unavailable`.
pub(crate) async fn leave<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    caller: &Caller,
    token: &str,
) -> Result<LeaveOutcome, Refusal> {
    let ticket = poll::read(platform, token)?;
    let snapshot = event_cache::last_known(platform, &ticket.event_id).await?;
    let person = caller.required_person(request, snapshot.settings.policy.identity)?;
    if caller::tag(platform, &ticket.event_id, &person).await? != ticket.tag {
        return Err(Refusal::ticket_of_another_account());
    }
    let leave = Leave {
        tag: ticket.tag,
        epoch: ticket.epoch,
        serial: ticket.serial,
    };
    let (store, shard) = (platform.store(), ticket.numbered.shard);
    let left = store.leave(&ticket.event_id, shard, leave);
    Ok(asking::shard(platform, &ticket.event_id, shard, left).await?)
}

/// Ends the shopping session of a person who came in without a turn, and so has no ticket to give up.
///
/// # Errors
/// 503 `unavailable`.
pub(crate) async fn end_session<P: Platform>(platform: &P, claims: &ShopClaims) -> Result<EndOutcome, Refusal> {
    // A token of an earlier version does not say whose it is; its session had a turn.
    let Some(tag) = claims.tag else {
        return Ok(EndOutcome::Unknown);
    };
    let (event, session) = (&claims.event, claims.jti.clone());
    let snapshot = event_cache::last_known(platform, event).await?;
    let (store, shard) = (platform.store(), tag.shard(snapshot.shards()));
    let ended = store.end_session(event, shard, EndSession { tag, session });
    Ok(asking::shard(platform, event, shard, ended).await?)
}
