//! The protocol that hCaptcha and Turnstile share: a form with secret and token, an answer in JSON with `success`. What else
//! is in the answer (hostname, action, score) is not looked at. The fan's address is not told.

use std::time::Duration;

use http::{HeaderValue, Method, StatusCode, header};
use serde::Deserialize;
use stanchion_shared::policy::{CaptchaPolicy, CaptchaProvider};

use super::Siteverify;
use crate::platform::{HttpRequest, HttpResponse, Platform};

/// A provider that has not answered after this long has nothing to say: the fan waits meanwhile.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a provider said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Human,
    /// The token was used before, or is too old.
    Used,
    /// The token is none of the provider's.
    Wrong,
    /// It is down, slow, or has trouble with us rather than with the token.
    Nothing,
}

/// Of all that is in the answer, what is looked at.
#[derive(Deserialize)]
struct Answer {
    success: bool,
    #[serde(rename = "error-codes", default)]
    error_codes: Vec<String>,
}

/// Asks the provider. What keeps it from an answer is in the edge's log.
pub(super) async fn siteverify<P: Platform>(
    platform: &P,
    policy: &CaptchaPolicy,
    provider: &Siteverify,
    token: &str,
) -> Said {
    let Some(secret) = &provider.secret else {
        platform.warn("an event asks for a captcha provider for which this edge has no secret");
        return Said::Nothing;
    };
    let path = match policy.provider {
        CaptchaProvider::Turnstile => "/turnstile/v0/siteverify",
        CaptchaProvider::Hcaptcha | CaptchaProvider::Altcha => "/siteverify",
    };
    let mut form = vec![("secret", secret.as_str()), ("response", token)];
    // An account at hCaptcha has one secret for all its sites: a token of another site is not one of this event.
    if let (CaptchaProvider::Hcaptcha, Some(site_key)) = (policy.provider, &policy.site_key) {
        form.push(("sitekey", site_key));
    }
    let mut request = HttpRequest::new(encode(&form));
    *request.method_mut() = Method::POST;
    let uri = format!("{}{path}", provider.base_url);
    *request.uri_mut() = uri.parse().expect("the provider's address was checked at the start");
    let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, form_type);
    // What fails is in the log of whoever asked.
    let Ok(answer) = platform.ask(request, PATIENCE).await else {
        return Said::Nothing;
    };
    let said = read(&answer);
    if said == Said::Nothing {
        platform.warn(&format!("a captcha provider has nothing to say: {}", answer.status()));
    }
    said
}

fn read(answer: &HttpResponse) -> Said {
    let read = serde_json::from_slice::<Answer>(answer.body()).ok();
    let Some(answer) = read.filter(|_| answer.status() == StatusCode::OK) else {
        return Said::Nothing;
    };
    let any = |codes: &[&str]| answer.error_codes.iter().any(|code| codes.contains(&code.as_str()));
    if answer.success {
        Said::Human
    } else if any(&[
        "timeout-or-duplicate",
        "already-seen-response",
        "expired-input-response",
    ]) {
        Said::Used
    } else if any(&[
        "invalid-input-response",
        "missing-input-response",
        // The request is ours and well-formed, but for the token in it.
        "bad-request",
        "sitekey-secret-mismatch",
    ]) {
        Said::Wrong
    } else {
        // Its own trouble (internal-error), ours (invalid-input-secret), or a word that we do not know.
        Said::Nothing
    }
}

/// `application/x-www-form-urlencoded`: everything but letters and digits as %XX is right in every reading of it.
fn encode(form: &[(&str, &str)]) -> Vec<u8> {
    let mut text = String::new();
    for (name, value) in form {
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() {
                text.push(char::from(byte));
            } else {
                text.push_str(&format!("%{byte:02X}"));
            }
        }
    }
    text.into_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(status: u16, body: &str) -> Said {
        let mut answer = HttpResponse::new(body.as_bytes().to_vec());
        *answer.status_mut() = StatusCode::from_u16(status).unwrap();
        read(&answer)
    }

    #[test]
    fn only_a_clear_yes_is_a_human_and_only_a_clear_no_is_a_refusal() {
        let cases = [
            (
                200,
                r#"{"success":true,"hostname":"elsewhere","score":0.1,"action":"x"}"#,
                Said::Human,
            ),
            (
                200,
                r#"{"success":false,"error-codes":["timeout-or-duplicate"]}"#,
                Said::Used,
            ),
            (
                200,
                r#"{"success":false,"error-codes":["already-seen-response"]}"#,
                Said::Used,
            ),
            (
                200,
                r#"{"success":false,"error-codes":["invalid-input-response"]}"#,
                Said::Wrong,
            ),
            (
                200,
                r#"{"success":false,"error-codes":["internal-error"]}"#,
                Said::Nothing,
            ),
            (
                200,
                r#"{"success":false,"error-codes":["invalid-input-secret"]}"#,
                Said::Nothing,
            ),
            (200, r#"{"success":false}"#, Said::Nothing),
            (200, r#"{"success":"true"}"#, Said::Nothing),
            (200, "<html>", Said::Nothing),
            (200, "", Said::Nothing),
            (500, r#"{"success":true}"#, Said::Nothing),
            (302, r#"{"success":true}"#, Said::Nothing),
        ];
        for (status, body, expected) in cases {
            assert_eq!(said(status, body), expected, "{status} {body}");
        }
    }

    #[test]
    fn a_form_keeps_every_byte_apart() {
        assert_eq!(encode(&[("a", "x&b=1 é"), ("c", "")]), b"a=x%26b%3D1%20%C3%A9&c=");
    }
}
