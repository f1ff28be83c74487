//! `GET /api/v1/events/{id}/draws`, `…/draws/{k}` and `…/shards/{s}`: which windows were drawn, the
//! record of a closed draw, and the public log of one of its shards. None of them changes once the
//! draw is closed, but for a queue that was restored from an older copy. That nobody joined in a
//! window is as final.

use http::{StatusCode, header};
use stanchion_shared::{
    draw::{chain, digest::LOG_ENTRY_LENGTH},
    ids::{Draw, EventId, Shard},
    wire::{DrawsAnswer, WINDOWS_PER_PAGE},
};

use crate::{
    app::{
        cache::event_cache::{self, KnownEvent},
        http::{
            form::query,
            refusal::Refusal,
            response::{FOR_EVER, ONE_SECOND, bytes, cached_json},
        },
    },
    platform::{HttpRequest, HttpResponse, Platform, QueueStore},
};

/// The last page that an event can have: a queue takes joins for that many windows.
const LAST_PAGE: u32 = chain::LENGTH / WINDOWS_PER_PAGE;

pub(crate) async fn list<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    event: &EventId,
) -> Result<HttpResponse, Refusal> {
    let page = match query(request, "page") {
        Some(text) => page_number(text)?,
        None => 0,
    };
    let known = event_cache::last_known(platform, event).await?;
    let listed = event_cache::drawn_page(platform, &known, page).await?;
    let (first, end) = (page * WINDOWS_PER_PAGE, (page + 1) * WINDOWS_PER_PAGE - 1);
    let closed = known.last_closed.filter(|closed| closed.0 >= first);
    let is_final = known.is_closed(Draw(end));
    let answer = DrawsAnswer {
        event_id: event.clone(),
        page,
        closed_through: closed.map(|closed| closed.min(Draw(end))),
        draws: listed
            .draws
            .iter()
            .copied()
            .filter(|&draw| known.is_closed(draw))
            .collect(),
        next_page: is_final.then_some(page + 1),
    };
    let cache_control = if is_final { FOR_EVER } else { ONE_SECOND };
    Ok(cached_json(StatusCode::OK, &answer, cache_control))
}

fn page_number(text: &str) -> Result<u32, Refusal> {
    let page: Option<u32> = text.parse().ok();
    page.filter(|&page| page <= LAST_PAGE).ok_or_else(|| {
        let message = format!("page must be 0 to {LAST_PAGE}.");
        Refusal::new(422, "invalid_field", message)
    })
}

pub(crate) async fn record<P: Platform>(platform: &P, event: &EventId, draw: Draw) -> Result<HttpResponse, Refusal> {
    let known = closed(platform, event, draw).await?;
    let record = event_cache::record_if_drawn(platform, &known, draw)
        .await?
        .ok_or_else(empty)?;
    Ok(cached_json(StatusCode::OK, &*record, FOR_EVER))
}

pub(crate) async fn shard_log<P: Platform>(
    platform: &P,
    event: &EventId,
    draw: Draw,
    shard: Shard,
) -> Result<HttpResponse, Refusal> {
    let known = closed(platform, event, draw).await?;
    // Logs are long and never change: neither the shard nor this instance's memory should have to
    // hold one for each reader. A coordinator that was restored may close a draw anew, so its epoch
    // is part of the address.
    let epoch = known.epochs.coordinator;
    let path = format!(
        "/api/v1/events/{event}/draws/{}/shards/{}?epoch={epoch}",
        draw.0, shard.0
    );
    if let Some(cached) = platform.cache_get(&path).await {
        return Ok(cached);
    }
    let record = event_cache::record_if_drawn(platform, &known, draw)
        .await?
        .ok_or_else(empty)?;
    if shard.0 >= known.shards().get() {
        return Err(Refusal::new(404, "shard_unknown", "The event has no such shard."));
    }
    let entered: usize = record.record.counts_of(shard).iter().map(|&count| count as usize).sum();
    let log = if entered > 0 {
        platform.store().shard_log(event, draw, shard).await?
    } else {
        Some(Vec::new())
    };
    // The record counts this shard's tickets, so the shard has frozen the draw: no log now is a
    // fault, not an empty log.
    let mut log = log.ok_or_else(|| Refusal::unavailable("The shard's log cannot be read at the moment."))?;
    // What the shard numbered after its last report, if it was silent, is in a later draw.
    log.truncate(entered * LOG_ENTRY_LENGTH);
    let response = bytes(StatusCode::OK, log, "application/octet-stream", FOR_EVER);
    platform.cache_put(&path, &response).await;
    Ok(response)
}

/// The event, in which the draw is closed.
async fn closed<P: Platform>(platform: &P, event: &EventId, draw: Draw) -> Result<KnownEvent, Refusal> {
    let known = event_cache::last_known(platform, event).await?;
    if known.is_closed(draw) {
        return Ok(known);
    }
    Err(Refusal::new(
        404,
        "draw_open",
        "This draw is not closed yet: its record appears when it is.",
    ))
}

fn empty() -> Refusal {
    Refusal::new(404, "draw_empty", "Nobody joined in this window, so there was no draw.")
        .with(header::CACHE_CONTROL, FOR_EVER)
}
