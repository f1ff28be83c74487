//! WebSockets of a protected site (RFC 6455). The gate judges the handshake, which is a request as
//! any other. What follows on an open WebSocket is between the client and the site.

use http::{HeaderMap, HeaderValue, header};

use crate::app::http::refusal::Refusal;

/// Whether a request is a client's handshake (RFC 6455, section 4.1). On Spin the application sees
/// no `Upgrade`, but the key that each handshake has.
pub(super) fn is_handshake(headers: &HeaderMap) -> bool {
    let is_websocket = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"websocket");
    headers.contains_key(header::SEC_WEBSOCKET_KEY) || headers.get(header::UPGRADE).is_some_and(is_websocket)
}

/// Where this edge runs no WebSocket can pass.
pub(super) fn refused() -> Refusal {
    Refusal::new(
        501,
        "websocket_unsupported",
        "WebSockets cannot pass this edge. Server-sent events and long polls can.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handshake_is_known_by_its_upgrade_or_by_its_key() {
        for (name, value, expected) in [
            ("upgrade", "websocket", true),
            ("upgrade", "WebSocket", true),
            ("upgrade", "h2c", false),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==", true),
            ("sec-websocket-protocol", "chat", false),
            ("accept", "websocket", false),
        ] {
            let headers = [(name.parse().unwrap(), HeaderValue::from_static(value))];
            assert_eq!(
                is_handshake(&headers.into_iter().collect()),
                expected,
                "{name}: {value}"
            );
        }
    }
}
