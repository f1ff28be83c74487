//! `POST /api/v1/queue/leave`: a fan gives their queue ticket up.

use http::StatusCode;
use stanchion_shared::wire::{LeaveAnswer, LeaveRequest};

use crate::{
    app::{
        auth::caller::Caller,
        http::{json::read_json, refusal::Refusal, response::json},
        ticket::leave,
    },
    platform::{HttpRequest, HttpResponse, LeaveOutcome, Platform},
};

pub(crate) async fn post<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    let caller = Caller::of(platform, request).await?;
    caller.check_known()?;
    let body: LeaveRequest = read_json(request)?;
    match leave::leave(platform, request, &caller, &body.queue_token).await? {
        LeaveOutcome::Left => Ok(json(StatusCode::OK, &LeaveAnswer { left: true })),
        LeaveOutcome::Dead => Err(Refusal::new(
            409,
            "ticket_replaced",
            "A newer ticket has replaced this one; leave with that one.",
        )),
    }
}
