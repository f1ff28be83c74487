//! A guarded request without a session: the waiting page or, at the turn, the way in. Where nobody
//! waits and there is room, the request passes, and its session begins with it.

use http::Method;
use stanchion_shared::{ids::Serial, snapshot::Snapshot, wire::QueueStatus};

use super::{
    asker::Asker,
    newcomer::{self, Newcomer},
    standing_text::Holds,
    waiting_html::Ways,
    waiting_page, way_back,
};
use crate::{
    app::{
        auth::visitor,
        cache::event_cache::KnownEvent,
        http::{
            cookie::{self, Cookie},
            headers::{TICKET_HEADER, header_text},
            redirect::see_other,
            refusal::Refusal,
        },
        ticket::poll::{self, PolledTicket},
    },
    platform::{HttpRequest, HttpResponse, Platform},
};

/// Answers while the organiser lets nobody in.
pub(super) async fn closed<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    snapshot: &Snapshot,
) -> Result<HttpResponse, Refusal> {
    let to = way_back::own_target(request);
    let back = (!way_back::is_safe(request)).then(|| way_back::of_write(request));
    let ways = Ways {
        to: &to,
        back: back.as_deref(),
    };
    waiting_page::closed(platform, snapshot, Asker::of(request), &ways).await
}

/// What becomes of a guarded request that has no session.
pub(super) enum WithoutSession {
    /// It has to wait: this is the answer.
    Waits(HttpResponse),
    /// It passes with a session that begins now.
    ComesIn(Box<Newcomer>),
}

/// Decides on a guarded request that has no session.
pub(super) async fn judge<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    snapshot: &KnownEvent,
) -> Result<WithoutSession, Refusal> {
    let asker = Asker::of(request);
    if asker == Asker::PagePart {
        let answer = waiting_page::for_page_part(platform, snapshot);
        return Ok(WithoutSession::Waits(answer));
    }
    let ticket = poll_ticket(platform, request, snapshot).await?;
    let over = match &ticket {
        Ticket::Polled(_) => None,
        Ticket::Over(serial) => Some(Some(*serial)),
        Ticket::None => Some(None),
    };
    if let Some(over) = over
        && let Some(newcomer) = Box::pin(newcomer::walk_in(platform, request, snapshot, over)).await?
    {
        return Ok(WithoutSession::ComesIn(Box::new(newcomer)));
    }
    let waits = waiting(platform, request, snapshot, asker, &ticket).await?;
    Ok(WithoutSession::Waits(waits))
}

/// Answers a request that has to wait: the waiting page or, at the turn, the way in.
async fn waiting<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    snapshot: &KnownEvent,
    asker: Asker,
    ticket: &Ticket,
) -> Result<HttpResponse, Refusal> {
    let event = &snapshot.event_id;
    let (holds, has_session) = match ticket {
        Ticket::Polled(polled) => (Holds::Ticket(&polled.answer), polled.answer.shop_token.is_some()),
        Ticket::Over(_) => (Holds::OverTicket, false),
        Ticket::None => (Holds::Nothing, false),
    };
    let to = way_back::own_target(request);
    let write = (!way_back::is_safe(request)).then(|| way_back::of_write(request));
    let back = write.clone().or_else(|| way_back::remembered(platform, request, event));
    let ways = Ways {
        to: &to,
        back: back.as_deref(),
    };
    // The session has begun: the browser asks again, with its new cookie. A person who sent a form
    // first reads that it has not reached the site.
    let comes_in = asker == Asker::Person && has_session && write.is_none();
    let mut response = match asker {
        _ if comes_in => see_other(ways.back.unwrap_or(&to))?,
        Asker::Person => waiting_page::for_person(platform, snapshot, &holds, &ways).await?,
        _ => waiting_page::for_program(platform, snapshot, &holds),
    };
    match ticket {
        Ticket::Polled(polled) => polled.set_cookies(platform, &mut response),
        Ticket::Over(_) | Ticket::None => introduce(platform, request, &mut response, snapshot),
    }
    let headers = response.headers_mut();
    if comes_in {
        way_back::forget(platform, request, headers, event);
    } else if let Some(write) = write.filter(|_| asker == Asker::Person) {
        way_back::remember(platform, headers, event, &write);
    }
    Ok(response)
}

/// The queue ticket of a request.
enum Ticket {
    /// There is none, or one that is worth nothing any more.
    None,
    /// Its turn or session is over. It is the one with this serial.
    Over(Serial),
    Polled(Box<PolledTicket>),
}

/// Polls with the request's queue ticket.
async fn poll_ticket<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    snapshot: &KnownEvent,
) -> Result<Ticket, Refusal> {
    let event = &snapshot.event_id;
    let in_cookie = || cookie::find(platform, request, Cookie::Ticket(event));
    let Some(ticket) = header_text(request, TICKET_HEADER).or_else(in_cookie) else {
        return Ok(Ticket::None);
    };
    match poll::poll(platform, request, ticket, Some(snapshot)).await {
        Ok(polled) if polled.event != *event => Ok(Ticket::None),
        Ok(polled) if polled.answer.status == QueueStatus::Expired => Ok(Ticket::Over(polled.serial)),
        Ok(polled) => Ok(Ticket::Polled(Box::new(polled))),
        Err(refusal) if refusal.is_fault() || refusal.is_too_many() => Err(refusal),
        Err(_) => Ok(Ticket::None),
    }
}

/// Makes a browser that is not known a visitor, where the event lets visitors join.
fn introduce<P: Platform>(platform: &P, request: &HttpRequest, response: &mut HttpResponse, snapshot: &Snapshot) {
    if may_be_new(platform, request, snapshot) {
        let (_, token) = visitor::new(platform);
        visitor::remember(platform, response.headers_mut(), &token);
    }
}

/// Whether the request is a new visitor's, and the event lets visitors join.
pub(super) fn may_be_new<P: Platform>(platform: &P, request: &HttpRequest, snapshot: &Snapshot) -> bool {
    // A form on another site's page is sent without cookies: it must not make a known browser a new
    // visitor.
    snapshot.settings.policy.identity.anonymous
        && *request.method() == Method::GET
        && Asker::of(request) == Asker::Person
        && visitor::of(platform, request).is_none()
}
