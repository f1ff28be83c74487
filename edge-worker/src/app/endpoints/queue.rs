//! `GET /api/v1/events/{id}/queue`: the state of an event's queue, for everybody.

use http::StatusCode;
use stanchion_shared::{
    ids::EventId,
    policy::CaptchaPolicy,
    snapshot::{FrozenTickets, Snapshot},
    wire::{CaptchaAnnouncement, DrawingAnswer, QueueAnswer},
};

use crate::{
    app::{
        cache::event_cache,
        http::{
            refusal::Refusal,
            response::{ONE_SECOND, cached_json},
        },
    },
    platform::{HttpResponse, Platform},
};

pub(crate) async fn get<P: Platform>(platform: &P, event: &EventId) -> Result<HttpResponse, Refusal> {
    let snapshot = event_cache::last_known(platform, event).await?;
    let now = snapshot.answers_for(platform.now());
    let answer = QueueAnswer {
        event_id: event.clone(),
        name: snapshot.settings.name.clone(),
        phase: snapshot.phase(now),
        on_sale_time: snapshot.settings.on_sale_time,
        draw_window_ms: snapshot.settings.draw_window_ms,
        commitment: snapshot.commitment,
        beacon: snapshot.settings.policy.beacon.clone(),
        shards: snapshot.shards(),
        joined: snapshot.joined,
        draws_closed: snapshot.draws_closed,
        last_place: snapshot.last_place,
        in_second_line: snapshot.in_second_line,
        served: snapshot.schedule.served(now),
        rate_per_second: snapshot.schedule.rate(now),
        paused: snapshot.paused,
        captcha: captcha_announcement(&snapshot.settings.policy.captcha),
        as_of: now,
        drawing: drawing(&snapshot),
    };
    Ok(cached_json(StatusCode::OK, &answer, ONE_SECOND))
}

fn captcha_announcement(policy: &CaptchaPolicy) -> Option<CaptchaAnnouncement> {
    policy.site_key.clone().map(|site_key| CaptchaAnnouncement {
        provider: policy.provider,
        site_key,
    })
}

/// The draw that is frozen and waits for its beacon round.
fn drawing(snapshot: &Snapshot) -> Option<DrawingAnswer> {
    let FrozenTickets {
        draw, tickets_digest, ..
    } = snapshot.frozen?;
    let beacon = snapshot.settings.policy.beacon.as_ref()?;
    Some(DrawingAnswer {
        draw,
        tickets_digest,
        round: beacon.round_of_pinned(snapshot.pinned(draw)),
        drawn_at: snapshot.drawn_at(draw),
    })
}
