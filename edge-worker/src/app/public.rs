//! What everybody may see: the live snapshot, the schedule, draw records and logs, keys, health.

use std::rc::Rc;

use http::StatusCode;
use serde::Serialize;
use stanchion_shared::{
    identity::{Draw, EventId, Shard},
    policy::CaptchaPolicy,
    schedule::{Segment, Stop},
    standing::{FrozenTickets, Snapshot},
    timestamp::UnixMillis,
    wire::{CaptchaAnnouncement, DrawingAnswer, QueueAnswer},
};

use super::{
    answer::{Refusal, bytes, cached_json, json},
    known,
};
use crate::platform::{HttpResponse, Platform};

/// A record or a log of a closed draw never changes.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ONE_SECOND: &str = "public, max-age=1";
const FIVE_MINUTES: &str = "public, max-age=300";

pub(super) async fn queue<P: Platform>(platform: &P, event: &EventId) -> Result<HttpResponse, Refusal> {
    let snapshot = known::snapshot(platform, event).await?;
    let now = platform.now();
    let answer = QueueAnswer {
        event_id: event.clone(),
        name: snapshot.config.name.clone(),
        phase: snapshot.phase(now),
        on_sale_time: snapshot.config.on_sale_time,
        draw_window_ms: snapshot.config.draw_window_ms,
        commitment: snapshot.commitment,
        beacon: snapshot.config.policy.beacon.clone(),
        shards: snapshot.shards(),
        joined: snapshot.joined,
        draws_closed: snapshot.draws_closed,
        last_place: snapshot.last_place,
        served: snapshot.schedule.served(now),
        rate_per_second: snapshot.schedule.rate(now),
        paused: snapshot.paused,
        captcha: announcement(&snapshot.config.policy.captcha),
        as_of: now,
        drawing: drawing(&snapshot),
    };
    Ok(cached_json(StatusCode::OK, &answer, ONE_SECOND))
}

fn announcement(policy: &CaptchaPolicy) -> Option<CaptchaAnnouncement> {
    policy.site_key.clone().map(|site_key| CaptchaAnnouncement {
        provider: policy.provider,
        site_key,
    })
}

fn drawing(snapshot: &Snapshot) -> Option<DrawingAnswer> {
    let FrozenTickets { draw, tickets_digest } = snapshot.frozen?;
    let beacon = snapshot.config.policy.beacon.as_ref()?;
    Some(DrawingAnswer {
        draw,
        tickets_digest,
        round: beacon.round_of(snapshot.windows().closed_at(draw)),
        drawn_at: snapshot.drawn_at(draw),
    })
}

#[derive(Serialize)]
struct ScheduleAnswer<'a> {
    event_id: &'a EventId,
    segments: &'a [Segment],
    stops: &'a [Stop],
    lease_until: Option<UnixMillis>,
    lease_until_ms: Option<u64>,
}

pub(super) async fn schedule<P: Platform>(platform: &P, event: &EventId) -> Result<HttpResponse, Refusal> {
    let schedule = platform.schedule(event).await?.ok_or_else(Refusal::unknown_event)?;
    let answer = ScheduleAnswer {
        event_id: event,
        segments: schedule.segments(),
        stops: schedule.stops().as_slice(),
        lease_until: schedule.lease_until(),
        lease_until_ms: schedule.lease_until().map(|until| until.0),
    };
    Ok(cached_json(StatusCode::OK, &answer, ONE_SECOND))
}

/// The snapshot in which the draw is closed.
async fn closed<P: Platform>(platform: &P, event: &EventId, draw: Draw) -> Result<Rc<Snapshot>, Refusal> {
    let snapshot = known::snapshot(platform, event).await?;
    if snapshot.is_closed(draw) {
        return Ok(snapshot);
    }
    Err(Refusal::new(
        404,
        "draw_open",
        "This draw is not closed yet: its record appears when it is.",
    ))
}

fn empty() -> Refusal {
    Refusal::new(404, "draw_empty", "Nobody joined in this window, so there was no draw.")
}

pub(super) async fn record<P: Platform>(platform: &P, event: &EventId, draw: Draw) -> Result<HttpResponse, Refusal> {
    let snapshot = closed(platform, event, draw).await?;
    let record = known::record(platform, &snapshot, draw).await?.ok_or_else(empty)?;
    Ok(cached_json(StatusCode::OK, &*record, FOR_EVER))
}

pub(super) async fn shard_log<P: Platform>(
    platform: &P,
    event: &EventId,
    draw: Draw,
    shard: Shard,
) -> Result<HttpResponse, Refusal> {
    let snapshot = closed(platform, event, draw).await?;
    // Logs are long and never change: neither the shard nor this instance's memory should have to hold one for each
    // reader. A coordinator that was restored may close a draw anew, so its life is part of the address.
    let life = snapshot.lives.coordinator;
    let path = format!("/api/v1/events/{event}/draws/{}/shards/{}?life={life}", draw.0, shard.0);
    if let Some(kept) = platform.kept(&path).await {
        return Ok(kept);
    }
    let record = known::record(platform, &snapshot, draw).await?.ok_or_else(empty)?;
    if shard.0 >= snapshot.shards().get() {
        return Err(Refusal::new(404, "shard_unknown", "The event has no such shard."));
    }
    let counted = record
        .record
        .tiers
        .iter()
        .any(|tier| tier.shards.iter().any(|&(one, _)| one == shard));
    let log = if counted {
        platform.shard_log(event, draw, shard).await?
    } else {
        Some(Vec::new())
    };
    // The record counts this shard's tickets, so the shard has frozen the draw: no log now is a fault, not an empty log.
    let log = log.ok_or_else(|| Refusal::new(503, "unavailable", "The shard's log cannot be read at the moment."))?;
    let answer = bytes(StatusCode::OK, log, "application/octet-stream", FOR_EVER);
    platform.keep(&path, &answer).await;
    Ok(answer)
}

pub(super) fn jwks<P: Platform>(platform: &P) -> HttpResponse {
    let jwks = platform.config().signing_keys.public_jwks().into_bytes();
    bytes(StatusCode::OK, jwks, "application/jwk-set+json", FIVE_MINUTES)
}

pub(super) fn health() -> HttpResponse {
    json(StatusCode::OK, &serde_json::json!({ "status": "ok" }))
}
