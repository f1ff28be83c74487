//! The files of the pages, as `scripts/stack/build-static` made them, and as the edge serves them.

use std::{collections::BTreeMap, path::Path};

use reqwest::{
    Method, Response, StatusCode,
    header::{
        ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE, ETAG, IF_NONE_MATCH,
        VARY, X_CONTENT_TYPE_OPTIONS,
    },
};
use stanchion_harness::{Edge, refusal};

const FILES: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../static");
/// What a client accepts, and the folder of the files that it gets.
const CODINGS: [(&str, &str); 4] = [
    ("", ""),
    ("identity", ""),
    ("gzip, deflate", "gzip"),
    ("gzip, deflate, br", "br"),
];

/// The files of a folder by name.
fn files(folder: &str) -> BTreeMap<String, Vec<u8>> {
    let entries = std::fs::read_dir(Path::new(FILES).join(folder)).expect("scripts/stack/build-static has run");
    let read = |entry: std::io::Result<std::fs::DirEntry>| {
        let entry = entry.unwrap();
        let content = std::fs::read(entry.path()).unwrap();
        (entry.file_name().into_string().unwrap(), content)
    };
    entries.map(read).collect()
}

async fn ask(edge: &Edge, method: Method, path: &str, headers: &[(reqwest::header::HeaderName, &str)]) -> Response {
    let mut request = edge.http.request(method, format!("{}{path}", edge.url));
    for (name, value) in headers {
        request = request.header(name, *value);
    }
    request.send().await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &reqwest::header::HeaderName) -> Option<&'a str> {
    answer.headers().get(name).map(|value| value.to_str().unwrap())
}

/// A file is served in each coding with its own tag, to the byte; who has it is not sent it again.
async fn is_served(edge: &Edge, path: &str, file: &str, content_type: &str, cache_control: &str) {
    let mut tags = Vec::new();
    for (accepted, folder) in CODINGS {
        let wanted = std::fs::read(Path::new(FILES).join(folder).join(file)).unwrap();
        let accepts = (ACCEPT_ENCODING, accepted);
        let answer = ask(edge, Method::GET, path, std::slice::from_ref(&accepts)).await;
        assert_eq!(answer.status(), StatusCode::OK, "{path}");
        assert_eq!(header(&answer, &CONTENT_TYPE), Some(content_type), "{path}");
        assert_eq!(header(&answer, &CACHE_CONTROL), Some(cache_control), "{path}");
        assert_eq!(header(&answer, &VARY), Some("Accept-Encoding"), "{path}");
        assert_eq!(header(&answer, &X_CONTENT_TYPE_OPTIONS), Some("nosniff"), "{path}");
        let policy = header(&answer, &CONTENT_SECURITY_POLICY).unwrap();
        assert!(
            policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval'"),
            "{path}: {policy}"
        );
        let coding = (!folder.is_empty()).then_some(folder);
        assert_eq!(header(&answer, &CONTENT_ENCODING), coding, "{path} for {accepted:?}");
        let tag = header(&answer, &ETAG).unwrap().to_owned();
        assert!(
            answer.bytes().await.unwrap() == wanted,
            "{path} for {accepted:?} is another file"
        );

        let again = ask(edge, Method::GET, path, &[accepts.clone(), (IF_NONE_MATCH, &tag)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{path} for {accepted:?}");
        assert_eq!(header(&again, &VARY), Some("Accept-Encoding"), "{path}");
        assert_eq!(header(&again, &CACHE_CONTROL), Some(cache_control), "{path}");
        assert_eq!(again.bytes().await.unwrap().len(), 0);

        let head = ask(edge, Method::HEAD, path, &[accepts]).await;
        assert_eq!(
            (head.status(), header(&head, &ETAG)),
            (StatusCode::OK, Some(&*tag)),
            "{path}"
        );
        assert_eq!(header(&head, &CONTENT_ENCODING), coding, "{path}");
        assert_eq!(head.bytes().await.unwrap().len(), 0);
        tags.push(tag);
    }
    let [nothing, identity, gzip, brotli] = &tags[..] else {
        unreachable!("four codings")
    };
    assert_eq!(nothing, identity, "{path}");
    assert!(
        identity != gzip && gzip != brotli && identity != brotli,
        "{path}: {tags:?}"
    );
}

#[tokio::test]
async fn every_asset_is_served_in_every_coding_and_may_be_kept_for_ever() {
    let edge = Edge::new();
    let names = files("assets");
    for known in ["event.", "style.", "checker_bg.", "check_draw.", "icon.", "waiting."] {
        assert!(names.keys().any(|name| name.starts_with(known)), "{known}");
    }
    for name in names.keys() {
        let content_type = match name.rsplit_once('.').unwrap().1 {
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            "py" => "text/plain; charset=utf-8",
            "wasm" => "application/wasm",
            other => panic!("nobody said what {other} is"),
        };
        let file = format!("assets/{name}");
        is_served(
            &edge,
            &format!("/{file}"),
            &file,
            content_type,
            "public, max-age=31536000, immutable",
        )
        .await;
    }
}

#[tokio::test]
async fn every_page_is_served_in_every_coding_and_asked_about_before_each_use() {
    let edge = Edge::new();
    for (path, name) in [
        ("/", "index.html"),
        ("/e/some-show", "event.html"),
        ("/check", "check.html"),
        ("/draw", "draw.html"),
        ("/draw/bytes", "draw-bytes.html"),
    ] {
        let file = format!("pages/{name}");
        is_served(&edge, path, &file, "text/html; charset=utf-8", "public, no-cache").await;
    }
}

#[tokio::test]
async fn what_a_page_or_a_script_loads_is_there() {
    let edge = Edge::new();
    let texts = files("pages").into_iter().chain(files("assets"));
    let mut seen = 0;
    for (name, content) in texts.filter(|(name, _)| !name.ends_with(".wasm")) {
        let text = String::from_utf8(content).unwrap();
        for quoted in text.split(['"', '\'']) {
            let named = ["/.stanchion/assets/", "/assets/", "./"]
                .iter()
                .find_map(|folder| quoted.strip_prefix(folder));
            let is_file = |named: &&str| named.matches('.').count() == 2 && !named.contains([' ', '/', '<']);
            let Some(named) = named.filter(is_file) else { continue };
            let answer = edge.get(&format!("/assets/{named}")).await;
            assert_eq!(answer.status(), StatusCode::OK, "{name} names {named}");
            seen += 1;
        }
    }
    assert!(seen > 60, "{seen}");
}

#[tokio::test]
async fn a_name_of_another_version_or_without_its_hash_leads_nowhere() {
    let edge = Edge::new();
    let style = files("assets")
        .into_keys()
        .find(|name| name.starts_with("style."))
        .unwrap();
    for path in [
        "/assets/style.css".to_owned(),
        "/assets/style.0000000000000000.css".to_owned(),
        format!("/assets/{style}.br"),
        format!("/assets/{style}/"),
        format!("/assets/{}", style.to_uppercase()),
        format!("/br/assets/{style}"),
        format!("/gzip/assets/{style}"),
        "/pages/event.html".to_owned(),
        "/pages/waiting.html".to_owned(),
        "/_headers".to_owned(),
        "/assets/".to_owned(),
        "/assets".to_owned(),
    ] {
        let answer = ask(&edge, Method::GET, &path, &[(ACCEPT_ENCODING, "br")]).await;
        assert_eq!(header(&answer, &CONTENT_ENCODING), None, "{path}");
        assert_eq!(header(&answer, &CACHE_CONTROL), Some("no-store"), "{path}");
        assert_eq!(refusal(answer).await, (404, "not_found".to_owned()), "{path}");
    }
}
