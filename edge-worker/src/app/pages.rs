//! The pages a fan sees. Plain files, compiled in, so that every runtime serves the same and nothing can be missing.

use std::{cell::RefCell, collections::HashMap, rc::Rc};

use http::{HeaderValue, StatusCode, header};

use sha2::{Digest, Sha256};

use super::{
    answer::{Refusal, bytes, not_modified},
    captcha::Siteverify,
    config::EdgeConfig,
    route::Page,
};
use crate::platform::{HttpRequest, HttpResponse, Platform};

thread_local! {
    /// By where a file is in the program.
    static TAGS: RefCell<HashMap<usize, Rc<str>>> = RefCell::default();
}

/// What a page takes from elsewhere.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Embeds {
    Nothing,
    /// Widgets of the captcha providers that this edge has secrets for.
    CaptchaProviders,
}

/// What hCaptcha says that its widget needs: <https://docs.hcaptcha.com/#content-security-policy-settings>.
const HCAPTCHA_SOURCES: &str = " https://hcaptcha.com https://*.hcaptcha.com";
/// The same of Turnstile: <https://developers.cloudflare.com/turnstile/reference/content-security-policy/>.
const TURNSTILE_SOURCES: &str = " https://challenges.cloudflare.com";

/// Scripts, styles and connections from this site only, nothing inline, no frames around it. WebAssembly, for the checker of
/// places, counts as a script that is made on the spot. `sources` may serve scripts, styles and frames, too.
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
    let used = |(provider, _): &(&Siteverify, &str)| embeds == Embeds::CaptchaProviders && provider.secret.is_some();
    providers.into_iter().filter(used).map(|(_, sources)| sources).collect()
}

/// Devices that no page of ours needs.
const PERMISSIONS_POLICY: &str = "camera=(), geolocation=(), microphone=(), payment=(self)";
/// For a year, in seconds.
const HTTPS_ONLY: &str = "max-age=31536000";
/// Files keep their names between versions, so they are asked for again soon.
const ONE_MINUTE: &str = "public, max-age=60";

const HTML: &str = "text/html; charset=utf-8";
const CSS: &str = "text/css; charset=utf-8";
const JAVASCRIPT: &str = "text/javascript; charset=utf-8";
const SVG: &str = "image/svg+xml";
const TEXT: &str = "text/plain; charset=utf-8";
#[cfg(target_arch = "wasm32")]
const WASM: &str = "application/wasm";

/// (name under `/assets/`, content type, content).
const ASSETS: &[(&str, &str, &[u8])] = &[
    ("account.js", JAVASCRIPT, include_bytes!("../../web/account.js")),
    ("api.js", JAVASCRIPT, include_bytes!("../../web/api.js")),
    ("captcha.js", JAVASCRIPT, include_bytes!("../../web/captcha.js")),
    ("cart.js", JAVASCRIPT, include_bytes!("../../web/cart.js")),
    ("check.js", JAVASCRIPT, include_bytes!("../../web/check.js")),
    ("check_draw.py", TEXT, include_bytes!("../../../shared/check_draw.py")),
    // Built by scripts/stack/build-checker, before every build for a runtime; natively nobody asks for pages.
    #[cfg(target_arch = "wasm32")]
    (
        "checker.js",
        JAVASCRIPT,
        include_bytes!("../../checker/build/checker.js"),
    ),
    #[cfg(target_arch = "wasm32")]
    (
        "checker_bg.wasm",
        WASM,
        include_bytes!("../../checker/build/checker_bg.wasm"),
    ),
    ("clock.js", JAVASCRIPT, include_bytes!("../../web/clock.js")),
    ("connection.js", JAVASCRIPT, include_bytes!("../../web/connection.js")),
    ("countdown.js", JAVASCRIPT, include_bytes!("../../web/countdown.js")),
    ("dom.js", JAVASCRIPT, include_bytes!("../../web/dom.js")),
    ("draw-bytes.js", JAVASCRIPT, include_bytes!("../../web/draw-bytes.js")),
    ("draw-times.js", JAVASCRIPT, include_bytes!("../../web/draw-times.js")),
    ("event.js", JAVASCRIPT, include_bytes!("../../web/event.js")),
    ("fans.js", JAVASCRIPT, include_bytes!("../../web/fans.js")),
    ("format.js", JAVASCRIPT, include_bytes!("../../web/format.js")),
    ("icon.svg", SVG, include_bytes!("../../web/icon.svg")),
    ("index.js", JAVASCRIPT, include_bytes!("../../web/index.js")),
    (
        "known-beacon.js",
        JAVASCRIPT,
        include_bytes!("../../web/known-beacon.js"),
    ),
    ("join.js", JAVASCRIPT, include_bytes!("../../web/join.js")),
    ("kept.js", JAVASCRIPT, include_bytes!("../../web/kept.js")),
    ("place-check.js", JAVASCRIPT, include_bytes!("../../web/place-check.js")),
    ("pay.js", JAVASCRIPT, include_bytes!("../../web/pay.js")),
    ("pow-worker.js", JAVASCRIPT, include_bytes!("../../web/pow-worker.js")),
    (
        "proof-of-work.js",
        JAVASCRIPT,
        include_bytes!("../../web/proof-of-work.js"),
    ),
    ("proof.js", JAVASCRIPT, include_bytes!("../../web/proof.js")),
    ("queue.js", JAVASCRIPT, include_bytes!("../../web/queue.js")),
    ("seats.js", JAVASCRIPT, include_bytes!("../../web/seats.js")),
    ("shop.js", JAVASCRIPT, include_bytes!("../../web/shop.js")),
    ("signals.js", JAVASCRIPT, include_bytes!("../../web/signals.js")),
    ("style.css", CSS, include_bytes!("../../web/style.css")),
    ("waiting.js", JAVASCRIPT, include_bytes!("../../web/waiting.js")),
    ("tickets.js", JAVASCRIPT, include_bytes!("../../web/tickets.js")),
    ("witness.js", JAVASCRIPT, include_bytes!("../../web/witness.js")),
];

/// Lets a page do what our pages need, and nothing else.
pub(super) fn add_policy<P: Platform>(platform: &P, response: &mut HttpResponse, embeds: Embeds) {
    let config = platform.config();
    let https_only = config.secure_cookies;
    let policy = content_security_policy(&sources(config, embeds));
    let headers = response.headers_mut();
    headers.insert(
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::try_from(policy).expect("it is ASCII"),
    );
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.insert("permissions-policy", HeaderValue::from_static(PERMISSIONS_POLICY));
    headers.insert("cross-origin-opener-policy", HeaderValue::from_static("same-origin"));
    if https_only {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HeaderValue::from_static(HTTPS_ONLY));
    }
}

pub(super) fn page<P: Platform>(platform: &P, request: &HttpRequest, page: Page) -> HttpResponse {
    let html = match page {
        Page::Events => include_bytes!("../../web/index.html").as_slice(),
        Page::Event => include_bytes!("../../web/event.html").as_slice(),
        Page::Check => include_bytes!("../../web/check.html").as_slice(),
        Page::Draw => include_bytes!("../../web/draw.html").as_slice(),
        Page::DrawBytes => include_bytes!("../../web/draw-bytes.html").as_slice(),
    };
    let embeds = if page == Page::Event {
        Embeds::CaptchaProviders
    } else {
        Embeds::Nothing
    };
    file(platform, request, html, HTML, embeds)
}

pub(super) fn asset<P: Platform>(platform: &P, request: &HttpRequest, name: &str) -> Result<HttpResponse, Refusal> {
    let found = find(name);
    let (_, content_type, content) =
        found.ok_or_else(|| Refusal::new(404, "not_found", "There is nothing at this address."))?;
    Ok(file(platform, request, content, content_type, Embeds::Nothing))
}

fn find(name: &str) -> Option<&'static (&'static str, &'static str, &'static [u8])> {
    ASSETS.iter().find(|(asset, ..)| *asset == name)
}

/// A file, or that it is the one the browser has.
fn file<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    content: &'static [u8],
    content_type: &'static str,
    embeds: Embeds,
) -> HttpResponse {
    let tag = tag(content);
    let mut response = not_modified(request, &tag).unwrap_or_else(|| {
        let mut whole = bytes(StatusCode::OK, content.to_vec(), content_type, ONE_MINUTE);
        whole.headers_mut().insert(
            header::ETAG,
            HeaderValue::from_str(&tag).expect("hex in quotes is ASCII"),
        );
        whole
    });
    response
        .headers_mut()
        .insert(header::CACHE_CONTROL, HeaderValue::from_static(ONE_MINUTE));
    add_policy(platform, &mut response, embeds);
    response
}

/// The tag of a file, worked out once per instance.
fn tag(content: &'static [u8]) -> Rc<str> {
    TAGS.with_borrow_mut(|tags| {
        let tag = || format!("\"{}\"", hex::encode(&Sha256::digest(content)[..16])).into();
        Rc::clone(tags.entry(content.as_ptr() as usize).or_insert_with(tag))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_know_the_beacon_that_the_rules_know() {
        let known = include_str!("../../web/known-beacon.js");
        let fields = serde_json::to_value(stanchion_shared::policy::BeaconPolicy::quicknet()).unwrap();
        for (field, value) in fields.as_object().unwrap() {
            let value = value.to_string().replace('"', "'");
            assert!(known.contains(&format!("  {field}: {value},\n")), "{field}: {value}");
        }
    }

    #[test]
    fn every_file_of_the_pages_is_served() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/web");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            // Pages are named in `page`, which does not compile without them.
            assert!(
                name.ends_with(".html") || find(&name).is_some(),
                "{name} is in web/ and not in ASSETS"
            );
        }
        assert!(find("../Cargo.toml").is_none());
    }
}
