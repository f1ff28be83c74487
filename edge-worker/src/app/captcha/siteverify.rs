//! The protocol that hCaptcha and Turnstile share: a form with secret and token, an answer in JSON with `success`. What else
//! is in the answer (hostname, action, score) is not looked at. The fan's address is not told.

use std::time::Duration;

use http::{HeaderValue, Method, header};
use stanchion_shared::policy::{CaptchaPolicy, CaptchaProvider};

use super::{Siteverify, codes};
use crate::{
    app::form,
    platform::{HttpRequest, Platform},
};

/// A provider that has not answered after this long has nothing to say: the fan waits meanwhile.
const PATIENCE: Duration = Duration::from_secs(3);

/// What a provider said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Said {
    Human,
    /// The token was used before, or (Turnstile does not tell which) is too old.
    Used,
    /// The token is too old.
    Expired,
    /// The token is none of the provider's for this event, or the provider said no in a word that we do not know.
    Wrong,
    /// It is down, slow, or has trouble of its own.
    Nothing,
    /// It is asked too much at the moment, and said nothing of the token.
    Busy,
    /// It judges no token of ours until somebody mends our secret, site key or account.
    Misconfigured,
}

/// Asks the provider. What keeps it from an answer is in the edge's log.
pub(super) async fn siteverify<P: Platform>(
    platform: &P,
    policy: &CaptchaPolicy,
    provider: &Siteverify,
    token: &str,
) -> Said {
    let Some(secret) = &provider.secret else {
        platform
            .warn("an event asks for a captcha provider for which this edge has no secret: all who join are suspects");
        return Said::Misconfigured;
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
    let mut request = HttpRequest::new(form::encode(form).into_bytes());
    *request.method_mut() = Method::POST;
    let uri = format!("{}{path}", provider.base_url);
    *request.uri_mut() = uri.parse().expect("the provider's address was checked at the start");
    let form_type = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers_mut().insert(header::CONTENT_TYPE, form_type);
    // What fails is in the log of whoever asked.
    let Ok(answer) = platform.ask(request, PATIENCE).await else {
        return Said::Nothing;
    };
    let (said, codes) = codes::read(&answer);
    if let Some(complaint) = codes::complaint(policy.provider, &answer, said, &codes) {
        platform.warn(&complaint);
    }
    said
}
