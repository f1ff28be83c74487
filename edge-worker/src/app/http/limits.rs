//! How large a request may be: body, address, headers. The body of a request for a protected site
//! has no limit: it is never in memory whole. Servers in front have limits of their own,
//! and answer in words of their own or close the connection. Below those limits every client is
//! refused in the same words.

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::{
    headers::{SHOP_TOKEN_HEADER, TICKET_HEADER},
    refusal::Refusal,
};
use crate::platform::HttpRequest;

/// Largest body of a request for one of the edge's own addresses, in bytes. Runtimes refuse a
/// larger one while they read it.
pub(crate) const MAX_BODY_BYTES: usize = 16 * 1024;
/// Longest time until such a body is there: a client that sends a byte now and then must not hold
/// an instance.
pub(crate) const BODY_TIME_LIMIT: Duration = Duration::from_secs(10);
/// Longest path and query together, in bytes.
pub(crate) const MAX_URI_BYTES: usize = 2 * 1024;
/// All headers together, in bytes: of each its name, its value and [`AROUND_A_HEADER`].
pub(crate) const MAX_HEADER_BYTES: usize = 32 * 1024;
/// Each header that carries a token, in bytes. Some issuers write whole directories into their
/// tokens.
pub(crate) const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// All cookies together, in bytes: Stanchion's and those of a protected site.
pub(crate) const MAX_COOKIE_BYTES: usize = 16 * 1024;

/// What HTTP/1 puts around a header, in bytes: `: ` and the end of the line.
const AROUND_A_HEADER: usize = 4;

/// Checks the length of path and query.
///
/// # Errors
/// 414 `uri_too_long`.
pub(crate) fn check_uri(request: &HttpRequest) -> Result<(), Refusal> {
    let target = request.uri().path_and_query();
    if target.is_some_and(|target| target.as_str().len() > MAX_URI_BYTES) {
        let message = format!("Path and query may have {MAX_URI_BYTES} bytes.");
        return Err(Refusal::new(414, "uri_too_long", message));
    }
    Ok(())
}

/// Checks the headers of a request.
///
/// # Errors
/// 431 `headers_too_large` or `header_too_long`.
pub(crate) fn check_headers(headers: &HeaderMap) -> Result<(), Refusal> {
    for (name, most) in [
        (header::AUTHORIZATION, MAX_TOKEN_BYTES),
        (HeaderName::from_static(TICKET_HEADER), MAX_TOKEN_BYTES),
        (HeaderName::from_static(SHOP_TOKEN_HEADER), MAX_TOKEN_BYTES),
        (header::COOKIE, MAX_COOKIE_BYTES),
    ] {
        if headers.get(&name).is_some_and(|value| value.len() > most) {
            let message = format!("The header {name} may have {most} bytes.");
            return Err(Refusal::new(431, "header_too_long", message));
        }
    }
    let bytes = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len() + value.len() + AROUND_A_HEADER;
    if headers.iter().map(bytes).sum::<usize>() > MAX_HEADER_BYTES {
        let message = format!("The headers of a request may have {MAX_HEADER_BYTES} bytes together.");
        return Err(Refusal::new(431, "headers_too_large", message));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(headers: &[(&'static str, usize)]) -> Option<u16> {
        let value = |length: usize| "x".repeat(length).parse().unwrap();
        let headers = headers
            .iter()
            .map(|(name, length)| (HeaderName::from_static(name), value(*length)));
        let refused = check_headers(&headers.collect()).err();
        refused.map(|refusal| refusal.into_response().status().as_u16())
    }

    #[test]
    fn each_credential_has_a_length_of_its_own() {
        for (name, most) in [
            ("authorization", MAX_TOKEN_BYTES),
            ("queue-token", MAX_TOKEN_BYTES),
            ("shop-token", MAX_TOKEN_BYTES),
            ("cookie", MAX_COOKIE_BYTES),
        ] {
            assert_eq!(status(&[(name, most)]), None, "{name}");
            assert_eq!(status(&[(name, most + 1)]), Some(431), "{name}");
        }
    }

    #[test]
    fn all_headers_together_have_one() {
        let other = MAX_HEADER_BYTES - "x-a".len() - 4;
        assert_eq!(status(&[("x-a", other)]), None);
        assert_eq!(status(&[("x-a", other + 1)]), Some(431));
        assert_eq!(status(&[("x-a", other / 2), ("x-b", other / 2 + 8)]), Some(431));
    }
}
