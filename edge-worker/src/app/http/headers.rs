//! Names of the headers that carry tokens, and how a header is read.

use crate::platform::HttpRequest;

/// Request header that carries the queue ticket. The query parameter `token` carries it, too.
pub(crate) const TICKET_HEADER: &str = "queue-token";
/// Request header that carries the shop token.
pub(crate) const SHOP_TOKEN_HEADER: &str = "shop-token";

/// The value of a header, if it is text. Spaces around it are not part of it (RFC 9110, section
/// 5.5), and not every runtime takes them away.
pub(crate) fn header_text<'a>(request: &'a HttpRequest, name: &str) -> Option<&'a str> {
    let value = request.headers().get(name)?.to_str().ok()?;
    Some(value.trim_matches([' ', '\t']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spaces_around_a_value_are_not_part_of_it() {
        let mut request = HttpRequest::new(Vec::new());
        request.headers_mut().insert(TICKET_HEADER, " a b\t ".parse().unwrap());
        assert_eq!(header_text(&request, TICKET_HEADER), Some("a b"));
    }
}
