//! `POST /api/v1/queue/leave`: gives a ticket up.

use http::StatusCode;
use stanchion_shared::wire::{LeaveAnswer, LeaveRequest};

use super::{
    answer::{Refusal, json, read_json},
    caller, known,
    status::read_ticket,
};
use crate::platform::{HttpRequest, HttpResponse, Leave, LeaveOutcome, Platform};

pub(super) async fn leave<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    caller::said_who(platform, request).await?;
    let asked: LeaveRequest = read_json(request)?;
    let ticket = read_ticket(platform, &asked.queue_token)?;
    let snapshot = known::snapshot(platform, &ticket.event_id).await?;
    let person = caller::required_person(platform, request, snapshot.config.policy.identity).await?;
    if caller::tag(platform, &ticket.event_id, &person).await? != ticket.tag {
        return Err(Refusal::new(
            403,
            "ticket_of_other",
            "This ticket belongs to another account.",
        ));
    }
    let leave = Leave {
        tag: ticket.tag,
        epoch: ticket.epoch,
        serial: ticket.serial,
    };
    match platform.leave(&ticket.event_id, ticket.numbered.shard, leave).await? {
        LeaveOutcome::Left => Ok(json(StatusCode::OK, &LeaveAnswer { left: true })),
        LeaveOutcome::Dead => Err(Refusal::new(
            409,
            "ticket_replaced",
            "A newer ticket has replaced this one; leave with that one.",
        )),
    }
}
