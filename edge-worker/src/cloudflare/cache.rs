//! The data centre's cache (Cloudflare's Cache API): shared by its isolates, emptied whenever it likes.

use worker::{Cache, Result, console_error};

use super::body;
use crate::platform::HttpResponse;

/// Entries are addressed by URL. This host is nobody's, so that nothing which was cached for a visitor is ever met here.
const HOST: &str = "https://stanchion.invalid";

/// What is kept under `path`. A cache that cannot be read is a cache without it.
pub(super) async fn find(path: &str) -> Option<HttpResponse> {
    read(path).await.unwrap_or_else(|error| {
        console_error!("the cache cannot be read: {error}");
        None
    })
}

async fn read(path: &str) -> Result<Option<HttpResponse>> {
    let Some(mut found) = Cache::default().get(format!("{HOST}{path}"), false).await? else {
        return Ok(None);
    };
    let mut answer = HttpResponse::new(found.bytes().await?);
    *answer.status_mut() = http::StatusCode::from_u16(found.status_code())?;
    *answer.headers_mut() = body::headers(found.headers());
    Ok(Some(answer))
}

/// Keeps a copy of `answer` under `path`.
pub(super) async fn put(path: &str, answer: &HttpResponse) {
    let kept = async {
        let copy = body::to_worker(answer.clone())?;
        Cache::default().put(format!("{HOST}{path}"), copy).await
    };
    if let Err(error) = kept.await {
        console_error!("the cache cannot be written: {error}");
    }
}
