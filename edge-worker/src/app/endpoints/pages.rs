//! `GET /`, `/e/{id}`, `/check`, `/draw`, `/draw/bytes`: the pages that fans see.

use crate::{
    app::{
        http::{
            refusal::Refusal,
            response::{HTML, REVALIDATED},
            security_headers::Embeds,
            static_file::{self, StaticFile},
        },
        route::Page,
    },
    platform::{HttpRequest, HttpResponse, Platform},
};

/// Serves a page.
///
/// # Errors
/// The edge was deployed without its static files.
pub(crate) async fn get<P: Platform>(platform: &P, request: &HttpRequest, page: Page) -> Result<HttpResponse, Refusal> {
    let path = match page {
        Page::Events => "pages/index.html",
        Page::Event => "pages/event.html",
        Page::Check => "pages/check.html",
        Page::Draw => "pages/draw.html",
        Page::DrawBytes => "pages/draw-bytes.html",
    };
    let file = StaticFile {
        path,
        content_type: HTML,
        cache_control: REVALIDATED,
        embeds: match page {
            Page::Event => Embeds::CaptchaProviders,
            _ => Embeds::Nothing,
        },
    };
    static_file::serve(platform, request, &file)
        .await?
        .ok_or_else(|| static_file::missing(platform, path))
}
