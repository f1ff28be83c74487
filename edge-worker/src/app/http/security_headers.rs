//! Headers that say what a page may load and do in a browser.

use http::{HeaderName, HeaderValue, header};

use crate::{
    config::{EdgeConfig, SiteverifyConfig},
    platform::{HttpResponse, Platform},
};

/// What a page loads from other sites.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Embeds {
    Nothing,
    /// Widgets of the captcha providers for which this edge has secrets.
    CaptchaProviders,
}

/// What hCaptcha's widget needs: <https://docs.hcaptcha.com/#content-security-policy-settings>.
const HCAPTCHA_SOURCES: &str = " https://hcaptcha.com https://*.hcaptcha.com";
/// What Turnstile's widget needs:
/// <https://developers.cloudflare.com/turnstile/reference/content-security-policy/>.
const TURNSTILE_SOURCES: &str = " https://challenges.cloudflare.com";
/// Devices that no page of the edge needs.
const PERMISSIONS_POLICY: &str = "camera=(), geolocation=(), microphone=(), payment=(self)";
/// For a year, in seconds.
const HTTPS_ONLY: &str = "max-age=31536000";

/// Lets a page do what the edge's pages need, and nothing else.
pub(crate) fn add<P: Platform>(platform: &P, response: &mut HttpResponse, embeds: Embeds) {
    let config = platform.config();
    for (name, value) in lines(&sources(config, embeds), config.secure_cookies) {
        let value = HeaderValue::try_from(value).expect("they are ASCII");
        response.headers_mut().insert(name, value);
    }
}

/// The headers. `sources` is what the page loads from, besides this site; `https_only` says that
/// the site is never asked in plain HTTP.
pub(super) fn lines(sources: &str, https_only: bool) -> Vec<(HeaderName, String)> {
    let mut lines = vec![
        (header::CONTENT_SECURITY_POLICY, content_security_policy(sources)),
        (header::REFERRER_POLICY, "no-referrer".to_owned()),
        (
            HeaderName::from_static("permissions-policy"),
            PERMISSIONS_POLICY.to_owned(),
        ),
        (
            HeaderName::from_static("cross-origin-opener-policy"),
            "same-origin".to_owned(),
        ),
    ];
    if https_only {
        lines.push((header::STRICT_TRANSPORT_SECURITY, HTTPS_ONLY.to_owned()));
    }
    lines
}

/// Scripts, styles and connections come from this site only; nothing is inline; no other site may
/// frame the page. WebAssembly, which checks places, counts as a script that is made on the spot.
/// `sources` may serve scripts, styles and frames, too.
fn content_security_policy(sources: &str) -> String {
    let frames = if sources.is_empty() { " 'none'" } else { sources };
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{sources}; style-src 'self'{sources}; \
         img-src 'self' data:; connect-src 'self'{sources}; frame-src{frames}; worker-src 'self'; form-action 'self'; \
         base-uri 'none'; frame-ancestors 'none'"
    )
}

fn sources(config: &EdgeConfig, embeds: Embeds) -> String {
    let providers = [
        (&config.hcaptcha, HCAPTCHA_SOURCES),
        (&config.turnstile, TURNSTILE_SOURCES),
    ];
    let used =
        |(provider, _): &(&SiteverifyConfig, &str)| embeds == Embeds::CaptchaProviders && provider.secret.is_some();
    providers.into_iter().filter(used).map(|(_, sources)| sources).collect()
}
