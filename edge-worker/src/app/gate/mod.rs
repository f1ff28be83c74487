//! The gate in front of the origin. A gated path is reached with a live session or not at all; the origin checks again.
//!
//! [`session`] finds and judges the session, [`passage`] carries requests to our own origin and answers back, [`site`] does
//! both for a site of somebody else's, and [`waiting`] is what a browser sees there instead.

mod passage;
pub(super) mod session;
pub(super) mod site;
mod waiting;

use stanchion_shared::identity::EventId;

use super::answer::Refusal;
use crate::platform::{HttpRequest, HttpResponse, Platform};

/// Passes a request on to our origin.
pub(super) async fn pass<P: Platform>(platform: &P, request: &HttpRequest) -> Result<HttpResponse, Refusal> {
    passage::to_origin(platform, request, None).await
}

/// Asks our origin at `target` (path and query) what everybody may know: nothing of who asks travels, and `held` is what
/// need not be sent again.
pub(super) async fn pass_unsigned<P: Platform>(
    platform: &P,
    target: &str,
    held: Option<&HttpResponse>,
) -> Result<HttpResponse, Refusal> {
    passage::unsigned(platform, target, held).await
}

/// Passes a request on if it has a live session, of `event` where the path names one.
pub(super) async fn check_and_pass<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    event: Option<&EventId>,
) -> Result<HttpResponse, Refusal> {
    let session = session::of(platform, request, event).await?;
    passage::to_origin(platform, request, Some(&session.token)).await
}
