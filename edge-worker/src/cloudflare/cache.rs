//! The data centre's cache (Cloudflare's Cache API): shared by its isolates, emptied whenever it
//! likes.

use http::{HeaderValue, header};
use worker::{Cache, Result, console_error};

use super::body;
use crate::platform::HttpResponse;

/// Entries are addressed by URL. No site has this host, so an entry never collides with one that
/// was cached for a visitor.
const HOST: &str = "https://stanchion.invalid";

/// The answer under `path`. A cache that cannot be read counts as one without it.
pub(super) async fn get(path: &str) -> Option<HttpResponse> {
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

/// A value that was kept.
pub(super) async fn recall(key: &str) -> Option<Vec<u8>> {
    Some(get(&format!("/.kept/{key}")).await?.into_body())
}

/// Keeps a value for so many seconds.
pub(super) async fn keep(key: &str, value: Vec<u8>, seconds: u32) {
    let mut kept = HttpResponse::new(value);
    let control = HeaderValue::try_from(format!("max-age={seconds}")).expect("a number");
    kept.headers_mut().insert(header::CACHE_CONTROL, control);
    put(&format!("/.kept/{key}"), &kept).await;
}

/// Stores a copy of `answer` under `path`.
pub(super) async fn put(path: &str, answer: &HttpResponse) {
    let stored = async {
        let copy = body::to_worker(answer.clone())?;
        Cache::default().put(format!("{HOST}{path}"), copy).await
    };
    if let Err(error) = stored.await {
        console_error!("the cache cannot be written: {error}");
    }
}
