//! How long the edge waits for a protected site. An answer that has begun may go on for as long as
//! its bytes flow.

use std::time::Duration;

use http::{HeaderMap, Method, header, request::Parts};

use crate::platform::SiteTimeLimits;

/// An answer must begin within this time, besides the time that the request's body may take. It is a
/// little less than the 120 s after which Cloudflare's own proxy gives up, so that a client reads our
/// words: <https://developers.cloudflare.com/fundamentals/reference/connection-limits/>.
const SITE_HEAD_LIMIT: Duration = Duration::from_secs(100);
/// The slowest upload that is not broken off, on average, in bytes per second.
const SLOWEST_UPLOAD: u64 = 16 * 1024;
/// A request with a body is broken off after this time at the latest, if its answer has not begun.
/// A body of unknown length has all of it.
const LONGEST_UPLOAD: Duration = Duration::from_secs(3600);
/// An answer whose next piece does not come within this time is broken off.
const SITE_SILENCE_LIMIT: Duration = Duration::from_secs(600);

/// The time limits of a request.
pub(super) fn of(head: &Parts) -> SiteTimeLimits {
    SiteTimeLimits {
        head: head_limit(&head.method, &head.headers),
        silence: SITE_SILENCE_LIMIT,
    }
}

fn head_limit(method: &Method, headers: &HeaderMap) -> Duration {
    // Some runtimes do not show the application that a body comes in chunks.
    let usually_without_body = [
        Method::GET,
        Method::HEAD,
        Method::OPTIONS,
        Method::TRACE,
        Method::DELETE,
    ];
    match length(headers) {
        Some(length) => (SITE_HEAD_LIMIT + Duration::from_secs(length / SLOWEST_UPLOAD)).min(LONGEST_UPLOAD),
        None if usually_without_body.contains(method) => SITE_HEAD_LIMIT,
        None => LONGEST_UPLOAD,
    }
}

fn length(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn limit(method: Method, length: Option<u64>) -> Duration {
        let length = length.map(|length| (header::CONTENT_LENGTH, HeaderValue::from(length)));
        head_limit(&method, &length.into_iter().collect())
    }

    #[test]
    fn a_request_without_a_body_and_a_small_form_wait_equally_long() {
        for (method, length) in [
            (Method::GET, None),
            (Method::DELETE, None),
            (Method::POST, Some(0)),
            (Method::POST, Some(SLOWEST_UPLOAD - 1)),
        ] {
            assert_eq!(limit(method.clone(), length), SITE_HEAD_LIMIT, "{method} {length:?}");
        }
    }

    #[test]
    fn an_upload_has_the_time_that_its_length_takes_and_an_hour_at_most() {
        let last_below = (LONGEST_UPLOAD - SITE_HEAD_LIMIT).as_secs() * SLOWEST_UPLOAD - 1;
        assert_eq!(
            limit(Method::PUT, Some(last_below)),
            LONGEST_UPLOAD - Duration::from_secs(1)
        );
        assert_eq!(limit(Method::PUT, Some(last_below + 1)), LONGEST_UPLOAD);
        assert_eq!(limit(Method::PUT, Some(u64::MAX)), LONGEST_UPLOAD);
        assert_eq!(limit(Method::POST, None), LONGEST_UPLOAD);
    }
}
