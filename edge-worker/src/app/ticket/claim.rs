//! The turn has come: the ticket's holder claims a shopping session and gets the shop token. Only
//! the shard knows whether the turn was claimed, and makes sure that at most one session of a
//! person is alive.

use stanchion_shared::{
    event_settings::EventSettings,
    ids::{EventId, Place, Tag},
    policy::{QueuePolicy, gate::GateMode},
    polling::SHORTEST_POLL_MS,
    queue_status::Standing,
    schedule::Stop,
    shop_token::{self, AUDIENCE, ShopClaims},
    timestamp::UnixMillis,
    wire::{QueueStatus, StatusAnswer},
};

use super::resolve::ResolvedTicket;
use crate::{
    app::{
        auth::caller::{self, Caller},
        bots::score,
        cache::asking,
        http::refusal::Refusal,
    },
    platform::{Claim, ClaimOutcome, HttpRequest, Platform, QueueStore, ShoppingWindow, StoreError},
};

/// Answers a poll with a ticket whose turn has come, or came and may have been claimed. A caller
/// who is not known as the ticket's holder is told that the turn has come, and gets no shop token.
///
/// # Errors
/// 403 `ticket_of_other`, 401 where the account token is not good, 503 where the store does not
/// answer.
pub(super) async fn turn<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    resolved: &ResolvedTicket,
    queue_token: String,
) -> Result<StatusAnswer, Refusal> {
    let (turn_at, claim_before) = match resolved.standing {
        Standing::Turn { turn_at, claim_before } => (turn_at, Some(claim_before)),
        Standing::TurnEnded { turn_at } => (turn_at, None),
        Standing::Expired => (resolved.now, None),
        _ => unreachable!("ResolvedTicket::status has answered every other standing"),
    };
    // Once nothing is left a turn is worth nothing, unless it was claimed and seats are held.
    let claim_before = claim_before.filter(|_| !resolved.snapshot.sold_out);
    let given_up = if resolved.snapshot.sold_out {
        QueueStatus::SoldOut
    } else {
        QueueStatus::Expired
    };

    let policy = &resolved.snapshot.settings.policy;
    if policy.gate.mode == GateMode::Reject {
        return Ok(resolved.status_answer(queue_token, QueueStatus::Paused));
    }
    let caller = Caller::of(platform, request).await?;
    let Some(person) = caller.person(request, policy.identity)? else {
        let status = match claim_before {
            Some(_) => QueueStatus::YourTurn,
            None => given_up,
        };
        return Ok(StatusAnswer {
            claim_before,
            ..resolved.status_answer(queue_token, status)
        });
    };
    let ticket = &resolved.ticket;
    if caller::tag(platform, &ticket.event_id, &person).await? != ticket.tag {
        return Err(Refusal::ticket_of_another_account());
    }
    let mut claim = claim(platform, resolved, turn_at, claim_before.is_none());
    let mut outcome = ask(platform, resolved, claim.clone()).await?;
    if let ClaimOutcome::Review { networks } = outcome {
        claim.review = Some(score::review(platform, &resolved.snapshot, ticket.tag, networks).await);
        outcome = ask(platform, resolved, claim).await?;
    }
    match outcome {
        ClaimOutcome::Window(window) if is_revoked(policy, &window) => {
            Ok(resolved.status_answer(queue_token, given_up))
        }
        ClaimOutcome::Window(window) if platform.now() < window.over_at() => {
            let shopper = Shopper {
                event: &ticket.event_id,
                sub: &person.sub,
                tag: ticket.tag,
                // A suspect who is long past has none any more.
                place: resolved.place_in_line,
            };
            let (claims, token) = shop_token(platform, &resolved.snapshot.settings, &shopper, &window);
            Ok(StatusAnswer {
                shop_token: Some(token),
                shop_expires_at: Some(UnixMillis(claims.exp * 1000)),
                ..resolved.status_answer(queue_token, QueueStatus::YourTurn)
            })
        }
        // The first of those who ask gets the next free slot, so everybody asks often.
        ClaimOutcome::Full => Ok(StatusAnswer {
            total_ahead: Some(0),
            estimated_wait_seconds: None,
            estimated_wait_minutes: None,
            poll_after_ms: Some(SHORTEST_POLL_MS),
            ..resolved.status_answer(queue_token, QueueStatus::Waiting)
        }),
        ClaimOutcome::Busy { until } => {
            let wait_seconds = until.since(resolved.now).div_ceil(1000);
            Ok(StatusAnswer {
                estimated_wait_seconds: Some(wait_seconds),
                estimated_wait_minutes: Some(wait_seconds.div_ceil(60)),
                ..resolved.status_answer(queue_token, QueueStatus::Waiting)
            })
        }
        ClaimOutcome::Window(_) => Ok(resolved.status_answer(queue_token, QueueStatus::Expired)),
        ClaimOutcome::Review { .. } => Err(StoreError("a shard asks for what it was told".to_owned()).into()),
        ClaimOutcome::Dead => Ok(resolved.status_answer(queue_token, given_up)),
    }
}

/// Asks the ticket's shard for the shopping window of its turn.
///
/// # Errors
/// The shard does not answer. The curve may have changed since the snapshot, because the requests to
/// others since then took long: the fan polls again.
async fn ask<P: Platform>(platform: &P, resolved: &ResolvedTicket, claim: Claim) -> Result<ClaimOutcome, StoreError> {
    if !resolved.snapshot.is_current(platform.now()) {
        return Err(StoreError("the snapshot became too old for a turn".to_owned()));
    }
    let (event, shard) = (&resolved.ticket.event_id, resolved.ticket.numbered.shard);
    let store = platform.store();
    asking::shard(platform, event, shard, store.claim(event, shard, claim)).await
}

/// Whether the organiser has revoked the session of this shopping window.
pub(super) fn is_revoked(policy: &QueuePolicy, window: &ShoppingWindow) -> bool {
    policy.gate.revokes(&window.session, window.claimed_at)
}

/// The claim of a turn, with a new session in case there is none yet.
fn claim<P: Platform>(platform: &P, resolved: &ResolvedTicket, turn_at: UnixMillis, only_if_claimed: bool) -> Claim {
    let mut session = [0; 16];
    platform.random(&mut session);
    let schedule = &resolved.snapshot.schedule;
    let mut stops = schedule.stops().clone();
    if let Some(until) = schedule.lease_until().filter(|until| *until < resolved.now) {
        stops.push(Stop {
            from_ms: until.0,
            to_ms: resolved.now.0,
        });
    }
    Claim {
        tag: resolved.ticket.tag,
        epoch: resolved.ticket.epoch,
        serial: resolved.ticket.serial,
        turn_at,
        shopping_ms: schedule.session_ms(turn_at),
        idle_ms: resolved.snapshot.settings.policy.gate.idle_ms,
        stops,
        session: hex::encode(session),
        only_if_claimed,
        needs_slot: resolved.snapshot.turns_need_slots(),
        review: None,
    }
}

/// When a shop token of this session ends, in Unix seconds: when the session is over, unless
/// sessions have to be renewed before.
fn token_end(settings: &EventSettings, window: &ShoppingWindow, now: UnixMillis) -> u64 {
    let ends = window.over_at().floor_seconds();
    match settings.policy.gate.renew_sessions {
        true => now.plus(settings.shopping_ms).floor_seconds().min(ends),
        false => ends,
    }
}

/// The person who gets a shop token.
pub(super) struct Shopper<'a> {
    pub(super) event: &'a EventId,
    /// The account.
    pub(super) sub: &'a str,
    pub(super) tag: Tag,
    pub(super) place: Option<Place>,
}

/// The shop token of a shopping window, and what it claims.
pub(super) fn shop_token<P: Platform>(
    platform: &P,
    settings: &EventSettings,
    shopper: &Shopper<'_>,
    window: &ShoppingWindow,
) -> (ShopClaims, String) {
    let config = platform.config();
    let claims = ShopClaims {
        iss: config.shop_issuer.clone(),
        aud: AUDIENCE.to_owned(),
        sub: shopper.sub.to_owned(),
        jti: window.session.clone(),
        iat: window.claimed_at.floor_seconds(),
        nbf: None,
        exp: token_end(settings, window, platform.now()),
        began_ms: Some(window.claimed_at.0),
        ends_ms: Some(window.ends_at.0),
        event: shopper.event.clone(),
        place: shopper.place,
        tag: Some(shopper.tag),
    };
    let token = shop_token::sign(&config.signing_keys, &claims);
    (claims, token)
}
