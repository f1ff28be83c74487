//! The protocol that hCaptcha and Turnstile share: a form with secret and token, and an answer in
//! JSON with `success`. Other fields of the answer (hostname, action, score) are not used. The
//! provider does not learn the fan's address.

use std::time::Duration;

use http::{HeaderValue, Method, header};
use stanchion_shared::policy::{CaptchaPolicy, CaptchaProvider};

use super::{error_codes, token_verdict::TokenVerdict};
use crate::{
    app::http::form,
    config::SiteverifyConfig,
    platform::{HttpRequest, Platform},
};

/// How long the edge waits for the provider's answer, since the fan waits meanwhile.
const PATIENCE: Duration = Duration::from_secs(3);

/// Asks the provider about a token. The edge's log says what went wrong.
pub(super) async fn siteverify<P: Platform>(
    platform: &P,
    policy: &CaptchaPolicy,
    provider: &SiteverifyConfig,
    token: &str,
) -> TokenVerdict {
    let Some(secret) = &provider.secret else {
        platform.warn(
            "an event asks for a captcha provider for which this edge has no secret: everybody who joins is a suspect",
        );
        return TokenVerdict::Misconfigured;
    };
    let path = match policy.provider {
        CaptchaProvider::Turnstile => "/turnstile/v0/siteverify",
        CaptchaProvider::Hcaptcha | CaptchaProvider::Altcha => "/siteverify",
    };
    let mut form = vec![("secret", secret.as_str()), ("response", token)];
    // An account at hCaptcha has one secret for all its sites, so the site key tells which site a
    // token must be of.
    if let (CaptchaProvider::Hcaptcha, Some(site_key)) = (policy.provider, &policy.site_key) {
        form.push(("sitekey", site_key));
    }
    let mut request = HttpRequest::new(form::encode(form).into_bytes());
    *request.method_mut() = Method::POST;
    let uri = format!("{}{path}", provider.base_url);
    *request.uri_mut() = uri.parse().expect("the provider's address was checked at the start");
    let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, form_type);
    // The platform logs why a fetch fails.
    let Ok(answer) = platform.fetch_within(request, PATIENCE).await else {
        return TokenVerdict::NoAnswer;
    };
    let (verdict, codes) = error_codes::read(&answer);
    if let Some(complaint) = error_codes::complaint(policy.provider, &answer, verdict, &codes) {
        platform.warn(&complaint);
    }
    verdict
}
