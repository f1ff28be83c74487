//! Static files, as `scripts/stack/build-static` lays them out: whole, and compressed by Brotli and
//! gzip. They are no part of the program: each runtime has them beside it.

use http::{HeaderValue, StatusCode, header};
use sha2::{Digest, Sha256};

use super::{
    content_coding::ContentCoding,
    refusal::Refusal,
    response::{bytes, not_modified},
    security_headers::{self, Embeds},
};
use crate::platform::{HttpRequest, HttpResponse, Platform};

/// One of them, and how it is served.
pub(crate) struct StaticFile<'a> {
    /// Where it is below the folder of static files.
    pub(crate) path: &'a str,
    pub(crate) content_type: &'static str,
    pub(crate) cache_control: &'static str,
    pub(crate) embeds: Embeds,
}

/// The file in the coding that the client likes best, or 304 if the client already has it. `None`
/// if there is no such file.
///
/// # Errors
/// The runtime cannot read its files at the moment.
pub(crate) async fn serve<P: Platform>(
    platform: &P,
    request: &HttpRequest,
    file: &StaticFile<'_>,
) -> Result<Option<HttpResponse>, Refusal> {
    let coding = ContentCoding::best_for(request);
    let path = format!("{}{}", coding.folder(), file.path);
    let Some(content) = platform.static_file(&path).await? else {
        return Ok(None);
    };
    let tag = entity_tag(&content);
    let mut response = not_modified(request, &tag).unwrap_or_else(|| {
        let mut whole = bytes(StatusCode::OK, content, file.content_type, file.cache_control);
        let headers = whole.headers_mut();
        headers.insert(
            header::ETAG,
            HeaderValue::from_str(&tag).expect("hex in quotes is ASCII"),
        );
        if let Some(name) = coding.name() {
            headers.insert(header::CONTENT_ENCODING, HeaderValue::from_static(name));
        }
        whole
    });
    let headers = response.headers_mut();
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static(file.cache_control));
    headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
    security_headers::add(platform, &mut response, file.embeds);
    Ok(Some(response))
}

/// The refusal for a file without which the edge cannot work.
pub(crate) fn missing<P: Platform>(platform: &P, path: &str) -> Refusal {
    platform.warn(&format!(
        "the static file {path} is missing: the edge runs without the files of scripts/stack/build-static"
    ));
    Refusal::misconfigured()
}

/// Each coding of a file has other bytes and so another tag (RFC 9110, section 8.8.3.3).
fn entity_tag(content: &[u8]) -> String {
    format!("\"{}\"", hex::encode(&Sha256::digest(content)[..16]))
}

#[cfg(test)]
mod tests {
    use super::super::{response::FOR_EVER, security_headers};

    #[test]
    fn cloudflare_sends_with_assets_what_the_edge_sends() {
        let mut sent = vec![
            ("cache-control".to_owned(), FOR_EVER.to_owned()),
            ("x-content-type-options".to_owned(), "nosniff".to_owned()),
        ];
        let security = security_headers::lines("", true);
        sent.extend(security.into_iter().map(|(name, value)| (name.to_string(), value)));
        sent.sort();
        let file = include_str!("../../../web/_headers");
        let blocks: Vec<_> = file.split("\n/").skip(1).collect();
        let paths: Vec<_> = blocks.iter().filter_map(|block| block.lines().next()).collect();
        let folders = ["assets/*", ".stanchion/assets/*"];
        // The only kind of file that Cloudflare does not know by its name.
        let scripts = ["assets/*.py", ".stanchion/assets/*.py"];
        assert_eq!(paths, [folders, scripts].concat());
        for block in &blocks[folders.len()..] {
            assert_eq!(block.lines().nth(1), Some("  Content-Type: text/plain; charset=utf-8"));
        }
        for block in &blocks[..folders.len()] {
            let mut told: Vec<_> = block
                .lines()
                .skip(1)
                .filter_map(|line| line.trim().split_once(": "))
                .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
                .collect();
            told.sort();
            assert_eq!(told, sent);
        }
    }
}
