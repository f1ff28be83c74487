//! What the origin tells the edge: events, releases. Signed, versioned, durations only.

use http::StatusCode;
use stanchion_shared::{
    control::{self, ControlError, ControlRequest, SIGNATURE_HEADER, TIME_HEADER},
    identity::EventId,
    wire::{EdgeStats, LEASE_MS, PutEvent, PutRelease},
};

use super::{
    answer::{Refusal, header_text, json, read_json, sentence},
    captcha,
};
use crate::platform::{HttpRequest, HttpResponse, Platform, PutOutcome};

fn check_signature<P: Platform>(platform: &P, request: &HttpRequest) -> Result<(), Refusal> {
    let signed = ControlRequest {
        method: request.method().as_str(),
        path: request.uri().path(),
        query: request.uri().query().unwrap_or_default(),
        body: request.body(),
    };
    let time = header_text(request, TIME_HEADER).unwrap_or_default();
    let signature = header_text(request, SIGNATURE_HEADER).unwrap_or_default();
    control::verify(&platform.config().control_key, &signed, time, signature, platform.now()).map_err(|error| {
        let word = if error == ControlError::Time {
            "control_time"
        } else {
            "control_signature"
        };
        Refusal::new(401, word, sentence(&error))
    })
}

fn put_answer(outcome: PutOutcome) -> Result<HttpResponse, Refusal> {
    match outcome {
        PutOutcome::Accepted(accepted) => Ok(json(StatusCode::OK, &accepted)),
        PutOutcome::Stale { last } => Err(Refusal::new(
            409,
            "version_stale",
            format!("The last version accepted is {last}: send a larger one."),
        )),
        PutOutcome::UnknownEvent => Err(Refusal::unknown_event()),
        PutOutcome::Fixed(what) => Err(Refusal::new(409, "fixed", what)),
    }
}

pub(super) async fn put_event<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    event: &EventId,
) -> Result<HttpResponse, Refusal> {
    check_signature(platform, request)?;
    let put: PutEvent = read_json(request)?;
    put.check()
        .map_err(|sentence| Refusal::new(422, "out_of_range", format!("{sentence}.")))?;
    captcha::check(platform.config(), &put.policy.captcha)?;
    put_answer(platform.put_event(event, put).await?)
}

pub(super) async fn put_release<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    event: &EventId,
) -> Result<HttpResponse, Refusal> {
    check_signature(platform, request)?;
    let put: PutRelease = read_json(request)?;
    if !LEASE_MS.allow(put.lease_ms) {
        let message = format!("lease_ms must be {} to {}.", LEASE_MS.least, LEASE_MS.most);
        return Err(Refusal::new(422, "out_of_range", message));
    }
    put_answer(platform.put_release(event, put).await?)
}

pub(super) async fn stats<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    event: &EventId,
) -> Result<HttpResponse, Refusal> {
    check_signature(platform, request)?;
    let snapshot = platform.snapshot(event).await?.ok_or_else(Refusal::unknown_event)?;
    let stats = EdgeStats {
        event_id: event.clone(),
        as_of: snapshot.as_of,
        version: snapshot.version,
        joined: snapshot.joined,
        draws_closed: snapshot.draws_closed,
        last_place: snapshot.last_place,
        served: snapshot.schedule.served(snapshot.as_of),
        scores: snapshot.scores,
    };
    Ok(json(StatusCode::OK, &stats))
}
