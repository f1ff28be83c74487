//! `PUT /api/v1/control/events/{id}`, `…/release`, `GET …/stats`: the control API, by which the
//! origin sets up queues and puts releases. Requests are signed and versioned.

use http::StatusCode;
use stanchion_shared::{
    ids::EventId,
    schedule::LEASE_MS,
    wire::{EdgeStats, PutAccepted, PutEvent, PutEventAnswer, PutRelease},
};

use crate::{
    app::{
        auth::control_signature,
        bots::captcha,
        cache::event_cache,
        http::{json::read_json, refusal::Refusal, response::json},
    },
    platform::{HttpRequest, HttpResponse, MOST_EVENTS, Platform, PutOutcome, QueueStore},
};

pub(crate) async fn put_event<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    event: &EventId,
) -> Result<HttpResponse, Refusal> {
    control_signature::check(platform, request)?;
    let put: PutEvent = read_json(request)?;
    put.settings
        .check()
        .map_err(|sentence| Refusal::new(422, "out_of_range", format!("{sentence}.")))?;
    captcha::check_configured(platform.config(), &put.settings.policy.captcha)?;
    let gate = &put.settings.policy.gate;
    let mut warnings = gate.warnings();
    warnings.extend(platform.config().sites.warnings(event, gate));
    let accepted = accepted(platform.store().put_event(event, put).await?)?;
    event_cache::learn(event);
    Ok(json(StatusCode::OK, &PutEventAnswer { accepted, warnings }))
}

pub(crate) async fn put_release<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    event: &EventId,
) -> Result<HttpResponse, Refusal> {
    control_signature::check(platform, request)?;
    let put: PutRelease = read_json(request)?;
    if !LEASE_MS.allow(put.lease_ms) {
        let message = format!("lease_ms must be {} to {}.", LEASE_MS.least, LEASE_MS.most);
        return Err(Refusal::new(422, "out_of_range", message));
    }
    let accepted = accepted(platform.store().put_release(event, put).await?)?;
    Ok(json(StatusCode::OK, &accepted))
}

pub(crate) async fn stats<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    event: &EventId,
) -> Result<HttpResponse, Refusal> {
    control_signature::check(platform, request)?;
    let snapshot = event_cache::known_since(platform, event, platform.now()).await?;
    let stats = EdgeStats {
        event_id: event.clone(),
        as_of: snapshot.as_of,
        version: snapshot.version,
        joined: snapshot.joined,
        draws_closed: snapshot.draws_closed,
        last_place: snapshot.last_place,
        in_second_line: snapshot.in_second_line,
        served: snapshot.schedule.served(snapshot.as_of),
        called: snapshot.called(snapshot.as_of),
        scores: snapshot.scores.clone(),
        missing: snapshot.missing.clone(),
        meter: snapshot.meter,
        sessions: snapshot.sessions,
        ended: snapshot.ended.clone(),
    };
    Ok(json(StatusCode::OK, &stats))
}

fn accepted(outcome: PutOutcome) -> Result<PutAccepted, Refusal> {
    match outcome {
        PutOutcome::Accepted(accepted) => Ok(accepted),
        PutOutcome::Stale { last } => Err(Refusal::new(
            409,
            "version_stale",
            format!("The last version accepted is {last}: send a larger one."),
        )),
        PutOutcome::UnknownEvent => Err(Refusal::unknown_event()),
        PutOutcome::TooManyEvents => Err(Refusal::new(
            409,
            "too_many_events",
            format!("A deployment has at most {MOST_EVENTS} events."),
        )),
        PutOutcome::Fixed(what) => Err(Refusal::new(409, "fixed", what)),
    }
}
