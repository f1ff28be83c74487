//! `GET /api/v1/queue/status`: where a queue ticket stands, and the shop token when its turn has
//! come.

use http::StatusCode;
use stanchion_shared::ids::EventId;

use crate::{
    app::{
        http::{
            cookie::{self, Cookie},
            form::query,
            headers::{TICKET_HEADER, header_text},
            refusal::Refusal,
            response::json,
        },
        ticket::poll,
    },
    platform::{HttpRequest, HttpResponse, Platform},
};

pub(crate) async fn get<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let token = header_text(request, TICKET_HEADER)
        .or_else(|| query(request, "token"))
        .or_else(|| in_cookie(platform, request))
        .ok_or_else(|| {
            Refusal::new(
                400,
                "ticket_missing",
                "Send the ticket in the header Queue-Token or the query parameter token.",
            )
        })?;
    let polled = poll::poll(platform, request, token, None).await?;
    let mut response = json(StatusCode::OK, &polled.answer);
    if cookie::asked_by_own_page(request) {
        polled.set_cookies(platform, &mut response);
    }
    Ok(response)
}

/// The ticket that a browser sends by itself, if the request names the event.
fn in_cookie<'a, P: Platform>(platform: &P, request: &'a HttpRequest) -> Option<&'a str> {
    let event = EventId::parse(query(request, "event_id")?).ok()?;
    cookie::find(platform, request, Cookie::Ticket(&event))
}
