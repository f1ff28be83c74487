//! `OPTIONS`, which every address of the edge answers (RFC 9110, section 9.3.7). `HEAD` is answered
//! as `GET` is: every runtime leaves the content out, and says how long it is if it knows.

use http::{HeaderValue, Method, StatusCode, header};

use crate::platform::{HttpRequest, HttpResponse};

/// Answers a request with `OPTIONS`; `None` if it has another method or the path takes none.
pub(crate) fn options(request: &HttpRequest, methods: &[String]) -> Option<HttpResponse> {
    if *request.method() != Method::OPTIONS || methods.is_empty() {
        return None;
    }
    let mut response = HttpResponse::new(Vec::new());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let allowed = HeaderValue::from_str(&methods.join(", ")).expect("methods are ASCII");
    response.headers_mut().insert(header::ALLOW, allowed);
    Some(response)
}
