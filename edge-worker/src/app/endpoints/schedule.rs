//! `GET /api/v1/events/{id}/schedule` and `…/schedule/{n}`: the whole schedule since the beginning in
//! numbered chunks, for everybody. Without a number it is the last chunk. A full chunk never changes.

use http::StatusCode;
use stanchion_shared::ids::EventId;

use crate::{
    app::{
        cache::event_cache,
        http::{
            refusal::Refusal,
            response::{FOR_EVER, JSON, ONE_SECOND, bytes},
        },
    },
    platform::{HttpResponse, Platform},
};

pub(crate) async fn get<P: Platform>(
    platform: &P,
    event: &EventId,
    chunk: Option<u32>,
) -> Result<HttpResponse, Refusal> {
    let found = event_cache::chunk(platform, event, chunk).await?;
    // Without a number it will be another one.
    let cache_control = match found.is_final && chunk.is_some() {
        true => FOR_EVER,
        false => ONE_SECOND,
    };
    Ok(bytes(StatusCode::OK, found.body.clone(), JSON, cache_control))
}
