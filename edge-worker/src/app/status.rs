//! `GET /api/v1/queue/status`: where a ticket stands; when its turn has come, the shop token.
//!
//! A poll that is not the turn reads no storage: ticket, snapshot and record are enough.

use http::StatusCode;
use stanchion_shared::{
    admission::{self, AUDIENCE, ShopClaims},
    identity::{EventId, Place},
    policy::{QueuePolicy, gate::Mode},
    schedule::{EFFECT_DELAY_MS, Stop},
    standing::Standing,
    ticket::Ticket,
    timestamp::UnixMillis,
    wire::{QueueStatus, StatusAnswer},
};

use super::{
    answer::{Refusal, header_text, json, query, sentence},
    caller, cookie, known, pace,
    standing::{Stood, stand},
};
use crate::platform::{Claim, ClaimOutcome, HttpRequest, HttpResponse, Platform, StoreError, Window};

/// Header that carries the ticket; the query parameter `token` does, too.
pub(super) const TICKET_HEADER: &str = "queue-token";

pub(super) async fn status<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let token = header_text(request, TICKET_HEADER).or_else(|| query(request, "token"));
    let token = token.or_else(|| in_cookie(request)).ok_or_else(|| {
        Refusal::new(
            400,
            "ticket_missing",
            "Send the ticket in the header Queue-Token or the query parameter token.",
        )
    })?;
    let told = told(platform, request, token).await?;
    let mut response = json(StatusCode::OK, &told.answer);
    if cookie::asked_by_own_page(request) {
        told.keep_in_cookies(platform, &mut response);
    }
    Ok(response)
}

/// A browser that names the event sends its ticket by itself.
fn in_cookie(request: &HttpRequest) -> Option<&str> {
    let event = EventId::parse(query(request, "event_id")?).ok()?;
    cookie::find(request, &cookie::ticket_of(&event))
}

/// What a ticket's holder is told.
pub(super) struct Told {
    pub(super) event: EventId,
    pub(super) answer: StatusAnswer,
}

impl Told {
    /// Lets a browser keep the ticket, and the session if there is one.
    pub(super) fn keep_in_cookies<P: Platform>(&self, platform: &P, response: &mut HttpResponse) {
        let ticket = &self.answer.queue_token;
        cookie::set(
            platform,
            response,
            &cookie::ticket_of(&self.event),
            ticket,
            cookie::TICKET_SECONDS,
        );
        if let (Some(token), Some(ends)) = (&self.answer.shop_token, self.answer.shop_expires_at) {
            let seconds = ends.since(platform.now()).div_ceil(1000);
            cookie::set(platform, response, &cookie::shop_token_of(&self.event), token, seconds);
        }
    }
}

/// Where a ticket stands, and the session if its turn has come and the request is its holder's.
pub(super) async fn told<P: Platform>(platform: &P, request: &HttpRequest, token: &str) -> Result<Told, Refusal> {
    let given = read_ticket(platform, token)?;
    let limits = known::snapshot(platform, &given.event_id).await?.config.policy.limits;
    pace::poll(given.tag, limits, platform.now())?;
    let knew_place = given.place;
    let stood = stand(platform, given).await?;
    let keys = &platform.config().ticket_keys;
    let queue_token = if stood.ticket.place == knew_place && keys.is_by_first(token) {
        token.to_owned()
    } else {
        keys.sign(&stood.ticket)
    };
    let answer = match stood.status() {
        Some(status) => answer(&stood, queue_token, status),
        None => turn(platform, request, &stood, queue_token).await?,
    };
    Ok(Told {
        event: stood.ticket.event_id,
        answer,
    })
}

/// A ticket from outside.
pub(super) fn read_ticket<P: Platform>(platform: &P, token: &str) -> Result<Ticket, Refusal> {
    platform.config().ticket_keys.verify(token).map_err(|error| {
        Refusal::new(
            401,
            "ticket_invalid",
            format!("{} Join again to get one: you keep your place.", sentence(&error)),
        )
    })
}

fn answer(stood: &Stood, queue_token: String, status: QueueStatus) -> StatusAnswer {
    let (total_ahead, wait_seconds) = stood.wait();
    StatusAnswer {
        queue_token,
        position: stood.ticket.place.map(|drawn| drawn.place.0),
        total_ahead,
        estimated_wait_minutes: wait_seconds.map(|seconds| seconds.div_ceil(60)),
        estimated_wait_seconds: wait_seconds,
        status,
        shop_token: None,
        shop_expires_at: None,
        claim_before: None,
        drawn_at: match stood.standing {
            Standing::Drawing { drawn_at } => Some(drawn_at),
            _ => None,
        },
        poll_after_ms: stood.poll_after_ms(),
    }
}

/// The turn has come, or came and may have been claimed: only the shard knows.
async fn turn<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    stood: &Stood,
    queue_token: String,
) -> Result<StatusAnswer, Refusal> {
    let (turn_at, claim_before) = match stood.standing {
        Standing::Turn { turn_at, claim_before } => (turn_at, Some(claim_before)),
        Standing::OnlyIfClaimed { turn_at } => (turn_at, None),
        _ => unreachable!("status() has answered every other standing"),
    };
    // Once nothing is left a turn is worth nothing any more, unless it was claimed and seats are held.
    let claim_before = claim_before.filter(|_| !stood.snapshot.sold_out);
    let given_up = if stood.snapshot.sold_out {
        QueueStatus::SoldOut
    } else {
        QueueStatus::Expired
    };

    let policy = &stood.snapshot.config.policy;
    if policy.gate.mode == Mode::Reject {
        return Ok(answer(stood, queue_token, QueueStatus::Paused));
    }
    let Some(account) = caller::person(platform, request, policy.identity).await? else {
        let mut told = answer(
            stood,
            queue_token,
            if claim_before.is_some() {
                QueueStatus::YourTurn
            } else {
                given_up
            },
        );
        told.claim_before = claim_before;
        return Ok(told);
    };
    let ticket = &stood.ticket;
    if caller::tag(platform, &ticket.event_id, &account).await? != ticket.tag {
        return Err(Refusal::new(
            403,
            "ticket_of_other",
            "This ticket belongs to another account.",
        ));
    }
    // The curve may have been changed since the snapshot, if what was asked since then took long: the fan asks again.
    if platform.now().since(stood.snapshot.as_of) > EFFECT_DELAY_MS {
        return Err(StoreError("the snapshot became too old for a turn".to_owned()).into());
    }
    let place = ticket.place.expect("a turn has a place").place;
    let claim = claim(platform, stood, turn_at, claim_before.is_none());
    let shard = ticket.numbered.shard;
    match platform.claim(&ticket.event_id, shard, claim).await? {
        ClaimOutcome::Window(window) if is_revoked(policy, &window) => Ok(answer(stood, queue_token, given_up)),
        ClaimOutcome::Window(window) if platform.now() < window.ends_at => {
            let mut told = answer(stood, queue_token, QueueStatus::YourTurn);
            let ends = token_end(stood, &window, platform.now());
            told.shop_token = Some(shop_token(platform, stood, place, account.sub.clone(), (&window, ends)));
            told.shop_expires_at = Some(UnixMillis(ends * 1000));
            Ok(told)
        }
        ClaimOutcome::Busy { until } => {
            let mut told = answer(stood, queue_token, QueueStatus::Waiting);
            told.estimated_wait_seconds = Some(until.since(stood.now).div_ceil(1000));
            told.estimated_wait_minutes = told.estimated_wait_seconds.map(|seconds| seconds.div_ceil(60));
            Ok(told)
        }
        ClaimOutcome::Window(_) => Ok(answer(stood, queue_token, QueueStatus::Expired)),
        ClaimOutcome::Dead => Ok(answer(stood, queue_token, given_up)),
    }
}

/// Whether the organiser has ended the session of this window.
pub(super) fn is_revoked(policy: &QueuePolicy, window: &Window) -> bool {
    policy.gate.revokes(&window.session, window.claimed_at.ceil_seconds())
}

fn claim<P: Platform>(platform: &P, stood: &Stood, turn_at: UnixMillis, only_if_claimed: bool) -> Claim {
    let mut session = [0; 16];
    platform.random(&mut session);
    let schedule = &stood.snapshot.schedule;
    let mut stops = schedule.stops().clone();
    if let Some(until) = schedule.lease_until().filter(|until| *until < stood.now) {
        stops.push(Stop {
            from_ms: until.0,
            to_ms: stood.now.0,
        });
    }
    Claim {
        tag: stood.ticket.tag,
        epoch: stood.ticket.epoch,
        serial: stood.ticket.serial,
        turn_at,
        shopping_ms: stood.snapshot.config.longest_session_ms(),
        stops,
        session: hex::encode(session),
        only_if_claimed,
    }
}

/// When a token of this window ends, in seconds: with the window, unless sessions are renewed before.
fn token_end(stood: &Stood, window: &Window, now: UnixMillis) -> u64 {
    let config = &stood.snapshot.config;
    let ends = window.ends_at.floor_seconds();
    match config.policy.gate.renew_sessions {
        true => now.plus(config.shopping_ms).floor_seconds().min(ends),
        false => ends,
    }
}

fn shop_token<P: Platform>(
    platform: &P,
    stood: &Stood,
    place: Place,
    sub: String,
    (window, ends): (&Window, u64),
) -> String {
    let config = platform.config();
    let claims = ShopClaims {
        iss: config.shop_issuer.clone(),
        aud: AUDIENCE.to_owned(),
        sub,
        jti: window.session.clone(),
        iat: window.claimed_at.ceil_seconds(),
        exp: ends,
        event: stood.ticket.event_id.clone(),
        place,
    };
    admission::sign(&config.signing_keys, &claims)
}
