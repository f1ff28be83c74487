//! `POST /api/v1/queue/leave`: a fan gives their queue ticket up. One who came in without a turn has
//! none, and leaves with the shop token.

use http::StatusCode;
use stanchion_shared::wire::{LeaveAnswer, LeaveRequest};

use crate::{
    app::{
        auth::caller::Caller,
        gate::session,
        http::{json::read_json, refusal::Refusal, response::json},
        ticket::leave,
    },
    platform::{HttpRequest, HttpResponse, LeaveOutcome, Platform},
};

pub(crate) async fn post<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let caller = Caller::of(platform, request).await?;
    let session = session::any(platform, request);
    if session.is_err() {
        caller.check_known()?;
    }
    let body: LeaveRequest = read_json(request)?;
    let Some(ticket) = &body.queue_token else {
        leave::end_session(platform, &session?.claims).await?;
        return Ok(json(StatusCode::OK, &LeaveAnswer { left: true }));
    };
    caller.check_known()?;
    match leave::leave(platform, request, &caller, ticket).await? {
        LeaveOutcome::Left => Ok(json(StatusCode::OK, &LeaveAnswer { left: true })),
        LeaveOutcome::Dead => Err(Refusal::new(
            409,
            "ticket_replaced",
            "A newer ticket has replaced this one; leave with that one.",
        )),
    }
}
