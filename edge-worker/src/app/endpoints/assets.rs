//! `GET /assets/{name}`: scripts, styles and other files of the pages, under names that contain a
//! hash of their content.

use crate::{
    app::http::{
        refusal::Refusal,
        response::FOR_EVER,
        security_headers::Embeds,
        static_file::{self, StaticFile},
    },
    platform::{HttpRequest, HttpResponse, Platform},
};

/// Content types by the end of a name.
const TYPES: [(&str, &str); 5] = [
    ("css", "text/css; charset=utf-8"),
    ("js", "text/javascript; charset=utf-8"),
    ("svg", "image/svg+xml"),
    ("py", "text/plain; charset=utf-8"),
    ("wasm", "application/wasm"),
];
/// Hexadecimal digits of the hash in a name.
const HASH_LENGTH: usize = 16;

/// Serves a file of the pages.
///
/// # Errors
/// 404 `not_found`, also for a file of an earlier version: none is kept.
pub(crate) async fn get<P: Platform>(platform: &P, request: &HttpRequest, name: &str) -> Result<HttpResponse, Refusal> {
    let content_type = content_type(name).ok_or_else(Refusal::not_found)?;
    let file = StaticFile {
        path: &format!("assets/{name}"),
        content_type,
        cache_control: FOR_EVER,
        embeds: Embeds::Nothing,
    };
    let served = static_file::serve(platform, request, &file).await?;
    served.ok_or_else(Refusal::not_found)
}

/// The content type of `NAME.HASH.EXT`; `None` if the name is none of an asset.
fn content_type(name: &str) -> Option<&'static str> {
    let (rest, extension) = name.rsplit_once('.')?;
    let (stem, hash) = rest.rsplit_once('.')?;
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_hash = hash.len() == HASH_LENGTH && hash.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if stem.is_empty() || !stem.bytes().all(is_word) || !is_hash {
        return None;
    }
    TYPES.iter().find(|(known, _)| *known == extension).map(|one| one.1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pages_know_the_beacon_that_the_rules_know() {
        let known = include_str!("../../../web/quicknet.js");
        let fields = serde_json::to_value(stanchion_shared::policy::BeaconPolicy::quicknet()).unwrap();
        for (field, value) in fields.as_object().unwrap() {
            let value = value.to_string().replace('"', "'");
            assert!(known.contains(&format!("  {field}: {value},\n")), "{field}: {value}");
        }
    }

    #[test]
    fn every_file_of_the_pages_has_a_content_type() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/web");
        for entry in std::fs::read_dir(folder).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            let Some((stem, extension)) = name.rsplit_once('.') else {
                assert_eq!(name, "_headers");
                continue;
            };
            // Pages are named in `pages.rs`.
            let hashed = format!("{stem}.0123456789abcdef.{extension}");
            assert!(extension == "html" || content_type(&hashed).is_some(), "{name}");
        }
        assert_eq!(
            content_type("checker_bg.0123456789abcdef.wasm"),
            Some("application/wasm")
        );
        assert_eq!(
            content_type("check_draw.0123456789abcdef.py"),
            Some("text/plain; charset=utf-8")
        );
    }

    #[test]
    fn only_names_with_a_hash_are_asked_for() {
        for name in [
            "",
            "style.css",
            "style.0123456789abcde.css",
            "style.0123456789abcdef0.css",
            "style.0123456789ABCDEF.css",
            "style.0123456789abcdeg.css",
            "style.0123456789abcdef",
            "style.0123456789abcdef.html",
            "style.0123456789abcdef.css.br",
            ".0123456789abcdef.css",
            "../style.0123456789abcdef.css",
            "a/style.0123456789abcdef.css",
            "a.b.0123456789abcdef.css",
        ] {
            assert_eq!(content_type(name), None, "{name}");
        }
    }
}
