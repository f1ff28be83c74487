//! Redirects. They lead to paths of this site only.

use http::{HeaderValue, StatusCode, header};

use super::{refusal::Refusal, response::NO_STORE};
use crate::platform::HttpResponse;

/// 303: the browser asks for `target` next.
///
/// # Errors
/// 400 `malformed_uri`: `target` cannot be in a header.
pub(crate) fn see_other(target: &str) -> Result<HttpResponse, Refusal> {
    let location = HeaderValue::from_str(target).map_err(|_| Refusal::malformed_uri())?;
    let mut response = HttpResponse::new(Vec::new());
    *response.status_mut() = StatusCode::SEE_OTHER;
    response.headers_mut().insert(header::LOCATION, location);
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static(NO_STORE));
    Ok(response)
}

/// `target`, if it is a path of this site. Two slashes at the beginning would be another site's
/// address.
pub(crate) fn local_path(target: &str) -> Option<String> {
    let local = target.starts_with('/') && !target.starts_with("//") && !target.starts_with("/\\");
    (local && target.bytes().all(|byte| byte.is_ascii_graphic())).then(|| target.to_owned())
}

#[cfg(test)]
mod tests {
    use super::{super::form::form_field, *};
    use crate::platform::HttpRequest;

    #[test]
    fn the_way_back_never_leaves_the_site() {
        for (text, expected) in [
            ("%2Fshop%3Fa%3D1", Some("/shop?a=1")),
            ("/shop", Some("/shop")),
            ("%2F%2Fevil.example", None),
            ("%2F%5Cevil.example", None),
            ("https%3A%2F%2Fevil.example", None),
            ("/a%0D%0ASet-Cookie", None),
            ("/a%0", None),
            ("/a%zz", None),
            ("", None),
        ] {
            let form = HttpRequest::new(format!("event_id=a&to={text}").into_bytes());
            let back = form_field(&form, "to").and_then(|decoded| local_path(&decoded));
            assert_eq!(back.as_deref(), expected, "{text}");
        }
        assert_eq!(form_field(&HttpRequest::new(b"a=1".to_vec()), "to"), None);
    }
}
