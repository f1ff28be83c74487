//! `GET /api/v1/events` and `GET /api/v1/events/{id}`: fans browse and search. The origin's answers
//! are the same for everybody and kept at the edge; [`query`] decides which requests ask the same.

mod query;

use crate::{
    app::{
        cache::response_cache,
        gate::proxy,
        http::refusal::Refusal,
        network_pace::{self, Paced},
        shop_guard::BrowsePath,
    },
    platform::{HttpRequest, HttpResponse, Platform},
};

/// Answers from the cache, or from the origin.
///
/// # Errors
/// The query cannot be read; or nothing is kept, and the origin does not answer or the network has
/// asked too often for what is not kept (429 `too_many_requests`).
pub(crate) async fn get<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    browse: BrowsePath,
) -> Result<HttpResponse, Refusal> {
    let uri = request.uri();
    let target = &query::target(browse, uri.path(), uri.query().unwrap_or_default())?;
    // The list of all events is one question, which is kept nearly always. Of other questions there
    // are as many as somebody likes to make up.
    let is_made_up = browse == BrowsePath::Event || target.contains('?');
    let fetch = async |cached: Option<&HttpResponse>| {
        if is_made_up && cached.is_none() {
            network_pace::count(platform, request, Paced::Uncached).await?;
        }
        proxy::fetch_public(platform, target, cached).await
    };
    response_cache::get_or_fetch(platform, request, target, fetch).await
}
