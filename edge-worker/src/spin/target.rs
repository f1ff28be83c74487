//! The target of a request, read as on every other runtime.

use http::{
    Uri,
    uri::{InvalidUri, PathAndQuery},
};

/// Takes the segments `.` and `..` out of the path (RFC 3986, section 5.2.4), which Cloudflare does
/// before a worker sees it and Spin does not. Percent-encoded dots are no dots, on either.
///
/// # Errors
/// None in practice: what is left of a valid path is one.
pub(super) fn without_dots(uri: Uri) -> Result<Uri, InvalidUri> {
    let path = uri.path();
    if !path.split('/').any(|segment| matches!(segment, "." | "..")) {
        return Ok(uri);
    }
    let query = uri.query().map(|query| format!("?{query}")).unwrap_or_default();
    let target: PathAndQuery = format!("{}{query}", resolved(path)).parse()?;
    let mut parts = uri.into_parts();
    parts.path_and_query = Some(target);
    Ok(Uri::from_parts(parts).expect("only the path has changed"))
}

fn resolved(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    let mut segments = path.strip_prefix('/').unwrap_or(path).split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        match segment {
            "." | ".." => {
                if segment == ".." {
                    kept.pop();
                }
                // What a last one leaves is a folder: its path ends with a slash.
                if is_last {
                    kept.push("");
                }
            }
            segment => kept.push(segment),
        }
    }
    format!("/{}", kept.join("/"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_resolved_as_cloudflare_does_it() {
        for (target, read) in [
            ("/x/../healthz", "/healthz"),
            ("/./healthz", "/healthz"),
            ("/..", "/"),
            ("/../../healthz", "/healthz"),
            ("/x/..?y=/../z", "/?y=/../z"),
            ("/healthz/.", "/healthz/"),
            ("/healthz/x/..", "/healthz/"),
            ("/x//../healthz", "/x/healthz"),
            ("http://edge.test/a/../b?c", "http://edge.test/b?c"),
        ] {
            assert_eq!(without_dots(target.parse().unwrap()).unwrap(), read, "{target}");
        }
    }

    #[test]
    fn what_only_looks_like_dots_stays() {
        for target in ["/", "//", "/...", "/.healthz", "/x/%2e%2e/healthz", "/healthz?a=/../b"] {
            assert_eq!(without_dots(target.parse().unwrap()).unwrap(), target);
        }
    }
}
