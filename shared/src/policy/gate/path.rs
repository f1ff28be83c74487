//! Paths: how rules name them, and how sites may read them.

use serde::{Deserialize, Serialize};

/// Longest path of a rule, in bytes.
pub const MAX_PATH_LENGTH: usize = 256;
/// A path that is encoded more often than this is nobody's.
const MOST_DECODINGS: usize = 4;

/// Which paths a rule means: one, or with `*` at the end every path that begins so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PathPattern(pub(super) String);

impl PathPattern {
    /// Whether `path` (without a query) is meant. `/shop/*` means `/shop`, too.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix) || prefix.strip_suffix('/') == Some(path),
            None => path == self.0,
        }
    }

    /// Whether `path` may be meant by a site that does not tell capital letters from small ones.
    pub(super) fn may_mean(&self, path: &str) -> bool {
        PathPattern(self.0.to_ascii_lowercase()).matches(&path.to_ascii_lowercase())
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let stars = self.0.strip_suffix('*').unwrap_or(&self.0).contains('*');
        let plain = self
            .0
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"?#%\\".contains(&byte));
        if self.0.starts_with('/') && plain && !stars && self.0.len() <= MAX_PATH_LENGTH {
            return Ok(());
        }
        Err(format!(
            "a path must begin with /, have at most {MAX_PATH_LENGTH} plain characters, and may end with *"
        ))
    }
}

/// The path that a site may read in `path`, however it is spelt: percent-encoding undone as often as it can be, backslashes
/// as slashes, parameters (`;…`) cut off, empty segments and dots resolved (RFC 3986, section 6.2.2, and what servers do).
#[must_use]
pub fn canonical_path(path: &str) -> String {
    let mut decoded = path.as_bytes().to_vec();
    for _ in 0..MOST_DECODINGS {
        let next = percent_decoded(&decoded);
        if next == decoded {
            break;
        }
        decoded = next;
    }
    let text = String::from_utf8_lossy(&decoded).replace('\\', "/");
    let mut segments: Vec<&str> = Vec::new();
    for segment in text.split('/') {
        match segment.split(';').next().unwrap_or_default() {
            "" | "." => {}
            ".." => {
                segments.pop();
            }
            segment => segments.push(segment),
        }
    }
    let ends_in_slash = text.ends_with('/') && !segments.is_empty();
    format!("/{}{}", segments.join("/"), if ends_in_slash { "/" } else { "" })
}

/// Once: what is no encoding stays.
fn percent_decoded(bytes: &[u8]) -> Vec<u8> {
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    decoded
}
