//! How large the headers of a request may be. Servers in front have limits of their own, and say so in their own words or
//! close the connection; below those everybody is told the same by us.

use http::{HeaderMap, HeaderName, header};

use super::{answer::Refusal, gate::session::SHOP_TOKEN_HEADER, status::TICKET_HEADER};

/// All headers together, in bytes: of each its name, its value and the four bytes that HTTP/1 puts around them.
pub(super) const MAX_HEADER_BYTES: usize = 32 * 1024;
/// What says who asks, each, in bytes: tokens of issuers who write whole directories into them included.
pub(super) const MAX_TOKEN_BYTES: usize = 8 * 1024;
/// All cookies, ours and those of a site behind us, in bytes.
pub(super) const MAX_COOKIE_BYTES: usize = 16 * 1024;

/// `: ` and the end of the line.
const AROUND_A_HEADER: usize = 4;

/// Judges the headers of a request.
///
/// # Errors
/// 431 `headers_too_large` or `header_too_long`.
pub(super) fn check(headers: &HeaderMap) -> Result<(), Refusal> {
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
    let bytes = |(name, value): (&HeaderName, &http::HeaderValue)| name.as_str().len() + value.len() + AROUND_A_HEADER;
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
        let refused = check(&headers.collect()).err();
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
