//! Request bodies in JSON.

use http::header;
use serde::de::DeserializeOwned;

use super::{headers::header_text, refusal::Refusal};
use crate::platform::HttpRequest;

/// Reads the body of a request, which must say that it is JSON and be of the form expected.
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
    serde_json::from_slice(request.body())
        .map_err(|error| Refusal::new(400, "malformed_body", format!("The body is not as expected: {error}.")))
}
