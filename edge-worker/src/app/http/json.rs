//! Request bodies in JSON.

use http::header;
use serde::de::DeserializeOwned;

use super::{headers::header_text, refusal::Refusal};
use crate::platform::HttpRequest;

/// UTF-8's byte order mark, which editors on Windows put before a text (RFC 8259, section 8.1, lets
/// readers ignore it).
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The body of a request, without a byte order mark.
pub(crate) fn text(request: &HttpRequest) -> &[u8] {
    let body = request.body();
    body.strip_prefix(BYTE_ORDER_MARK).unwrap_or(body)
}

/// Reads the body of a request, which must say that it is JSON and be an object of the form
/// expected.
///
/// # Errors
/// 415 `unsupported_media_type`, 400 `malformed_body`.
pub(crate) fn read_json<T: DeserializeOwned>(request: &HttpRequest) -> Result<T, Refusal> {
    let content_type = header_text(request, header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.eq_ignore_ascii_case("application/json") {
        return Err(Refusal::new(
            415,
            "unsupported_media_type",
            "Send the body as Content-Type: application/json.",
        ));
    }
    let malformed =
        |reason: String| Refusal::new(400, "malformed_body", format!("The body is not as expected: {reason}."));
    let body = text(request);
    // serde takes a list of a struct's fields for the struct, too.
    if body.trim_ascii_start().starts_with(b"[") {
        return Err(malformed("it must be an object, not a list".to_owned()));
    }
    serde_json::from_slice(body).map_err(|error| malformed(error.to_string()))
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::*;

    #[derive(Deserialize, PartialEq, Eq, Debug)]
    struct Body {
        name: String,
    }

    fn read(body: &[u8]) -> Option<Body> {
        let mut request = HttpRequest::new(body.to_vec());
        let json = http::HeaderValue::from_static("application/json");
        request.headers_mut().insert(header::CONTENT_TYPE, json);
        read_json(&request).ok()
    }

    #[test]
    fn a_body_is_an_object_with_or_without_a_byte_order_mark() {
        let body = || Some(Body { name: "a".to_owned() });
        assert_eq!(read(br#"{"name":"a"}"#), body());
        assert_eq!(read(b"\xef\xbb\xbf{\"name\":\"a\"}"), body());
        for wrong in [&br#"["a"]"#[..], br#" ["a"]"#, b"", b"  ", b"null", b"\xef\xbb\xbf"] {
            assert_eq!(read(wrong), None);
        }
    }
}
