//! What the holder of a queue ticket is told: where the ticket stands, and the shop token when its
//! turn has come.
//!
//! A poll before the turn reads no storage: ticket, snapshot and draw record are enough. Only a
//! ticket whose shard was silent when its draw was closed is looked up there once.

use stanchion_shared::{
    ids::{EventId, Serial},
    queue_ticket::QueueTicket,
    wire::StatusAnswer,
};

use super::{claim, resolve::resolve};
use crate::{
    app::{
        cache::event_cache::{self, KnownEvent},
        http::{
            cookie::{self, Cookie},
            headers::TICKET_HEADER,
            refusal::{Challenge, Refusal, sentence},
        },
        rate_limit,
    },
    platform::{HttpRequest, HttpResponse, Platform},
};

/// The answer to a poll, and the event of the ticket.
pub(crate) struct PolledTicket {
    pub(crate) event: EventId,
    pub(crate) serial: Serial,
    pub(crate) answer: StatusAnswer,
}

/// Answers a poll with a queue ticket. The shopping session begins if the turn has come and the
/// caller holds the ticket. `at_hand` is used if it is of the ticket's event.
///
/// While the event cannot be read, the answer repeats where the ticket stood and says as of when.
/// Only a turn waits: it could be over, or the gate closed.
///
/// # Errors
/// 401 `ticket_invalid`, 410 `ticket_lost`, 429 `too_many_requests`, and where the turn has come
/// what [`claim::turn`] says.
pub(crate) async fn poll<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    token: &str,
    at_hand: Option<&KnownEvent>,
) -> Result<PolledTicket, Refusal> {
    let given = read(platform, token)?;
    let snapshot = match at_hand.filter(|snapshot| snapshot.event_id == given.event_id) {
        Some(snapshot) => snapshot.clone(),
        None => event_cache::last_known(platform, &given.event_id).await?,
    };
    rate_limit::poll(given.tag, snapshot.settings.policy.limits, platform.now())?;
    let mut resolved = Box::pin(resolve(platform, given.clone(), snapshot)).await?;
    if resolved.status().is_none() && resolved.is_old {
        let snapshot = event_cache::current(platform, &resolved.ticket.event_id).await?;
        resolved = Box::pin(resolve(platform, resolved.ticket, snapshot)).await?;
    }
    let keys = &platform.config().ticket_keys;
    let queue_token = if resolved.ticket == given && keys.is_by_first(token) {
        token.to_owned()
    } else {
        keys.sign(&resolved.ticket)
    };
    let answer = match resolved.status() {
        Some(status) => resolved.status_answer(queue_token, status),
        None => claim::turn(platform, request, &resolved, queue_token).await?,
    };
    Ok(PolledTicket {
        serial: resolved.ticket.serial,
        event: resolved.ticket.event_id,
        answer,
    })
}

/// Reads a queue ticket that a client sent.
///
/// # Errors
/// 401 `ticket_invalid`.
pub(crate) fn read<P: Platform>(platform: &P, token: &str) -> Result<QueueTicket, Refusal> {
    platform.config().ticket_keys.verify(token).map_err(|error| {
        Refusal::unauthorized(
            Challenge::Header(TICKET_HEADER),
            "ticket_invalid",
            format!("{} Join again to get one: you keep your place.", sentence(&error)),
        )
    })
}

impl PolledTicket {
    /// Lets a browser keep the ticket, and the shop token if there is one, in cookies.
    pub(crate) fn set_cookies<P: Platform>(&self, platform: &P, response: &mut HttpResponse) {
        let headers = response.headers_mut();
        let ticket = &self.answer.queue_token;
        cookie::set(
            platform,
            headers,
            Cookie::Ticket(&self.event),
            ticket,
            cookie::TICKET_SECONDS,
        );
        if let (Some(token), Some(ends)) = (&self.answer.shop_token, self.answer.shop_expires_at) {
            let seconds = ends.since(platform.now()).div_ceil(1000);
            cookie::set(platform, headers, Cookie::ShopToken(&self.event), token, seconds);
        }
    }
}
