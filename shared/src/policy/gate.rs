//! Who may pass the gate without waiting, and whose session is over before its time.

use std::net::IpAddr;

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use crate::{identity::Bytes32, timestamp::UnixMillis};

/// Most rules of each kind.
pub const MAX_RULES: usize = 32;
/// Longest path of a rule, in bytes.
pub const MAX_PATH_LENGTH: usize = 256;
/// Most sessions that are revoked one by one; more than these are revoked all at once.
pub const MAX_REVOKED_SESSIONS: usize = 256;
/// A path that is encoded more often than this is nobody's.
const MOST_DECODINGS: usize = 4;
/// A renewed session lasts at most this many times as long as one that is not.
pub const RENEWED_LASTS: u64 = 6;
/// A session is 16 bytes in hex.
const SESSION_LENGTH: usize = 32;

/// What the gate does with a request that it guards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Mode {
    /// A session, or the bypass, or the queue.
    #[default]
    Queue,
    /// As `queue`, without any bypass.
    QueueAll,
    /// Everybody passes; nobody needs a session.
    Passthrough,
    /// Nobody passes and nobody joins; places are kept.
    Reject,
}

/// Which paths a rule means: one, or with `*` at the end every path that begins so.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PathPattern(String);

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
    fn may_mean(&self, path: &str) -> bool {
        PathPattern(self.0.to_ascii_lowercase()).matches(&path.to_ascii_lowercase())
    }

    fn check(&self) -> Result<(), String> {
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

/// Who passes without a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Bypass {
    /// Requests for these paths.
    Path(PathPattern),
    /// Requests with this header.
    Header {
        /// Its name, in small letters.
        name: String,
        /// SHA-256 of its value: the policy is no place for the value itself.
        sha256: Bytes32,
    },
    /// Requests from these addresses.
    Addresses(IpNet),
}

/// See the module.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatePolicy {
    /// See [`Mode`].
    pub mode: Mode,
    /// In front of a site of somebody else's: the paths that are guarded. None given: all of them. Our own origin's are fixed.
    pub paths: Vec<PathPattern>,
    /// Who passes without a session.
    pub bypass: Vec<Bypass>,
    /// In front of a site of somebody else's: each request lengthens the session again, up to [`RENEWED_LASTS`] times.
    pub renew_sessions: bool,
    /// Sessions (`jti` of shop tokens) that are over.
    pub revoked_sessions: Vec<String>,
    /// All sessions that began before this instant are over.
    pub revoked_before: Option<UnixMillis>,
}

/// A request as the rules see it.
pub struct Asked<'a> {
    /// Without the query.
    pub path: &'a str,
    /// The value of the header of that name.
    pub header: &'a dyn Fn(&str) -> Option<&'a [u8]>,
    /// Who sent it, where that is known.
    pub address: Option<IpAddr>,
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

/// What the rules say of a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Guarded {
    /// No rule means it.
    No,
    /// A rule means it, and it passes without a session: what it is answered is not for everybody.
    Passes,
    /// It needs a session.
    Yes,
    /// It is refused.
    Refused,
}

impl GatePolicy {
    /// Whether a request for a site needs a session.
    #[must_use]
    pub fn judge(&self, asked: &Asked<'_>) -> Guarded {
        let canonical = canonical_path(asked.path);
        let means = |pattern: &PathPattern| pattern.may_mean(asked.path) || pattern.may_mean(&canonical);
        if !self.paths.is_empty() && !self.paths.iter().any(means) {
            return Guarded::No;
        }
        // Whatever a strange spelling means to the site, it is no way around the queue.
        let plain = canonical == asked.path;
        match self.mode {
            Mode::Passthrough => Guarded::Passes,
            Mode::Reject => Guarded::Refused,
            Mode::Queue if self.bypass.iter().any(|bypass| bypass.takes(asked, plain)) => Guarded::Passes,
            Mode::Queue | Mode::QueueAll => Guarded::Yes,
        }
    }

    /// Whether a session (`jti` and `iat` of its shop token) is over before its time.
    #[must_use]
    pub fn revokes(&self, session: &str, began_seconds: u64) -> bool {
        // Tokens know seconds, rounded up: a session that began in the second of the instant is one that began before it.
        let before = |instant: UnixMillis| began_seconds <= instant.ceil_seconds();
        self.revoked_before.is_some_and(before) || self.revoked_sessions.iter().any(|revoked| revoked == session)
    }

    /// # Errors
    /// A sentence that names the field and its limits.
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, count) in [("paths", self.paths.len()), ("bypass", self.bypass.len())] {
            if count > MAX_RULES {
                return Err(format!("gate.{name} may have {MAX_RULES} entries"));
            }
        }
        let bypassed = self.bypass.iter().filter_map(|bypass| match bypass {
            Bypass::Path(pattern) => Some(pattern),
            _ => None,
        });
        for pattern in self.paths.iter().chain(bypassed) {
            pattern.check().map_err(|sentence| format!("gate: {sentence}"))?;
        }
        for bypass in &self.bypass {
            bypass.check_header()?;
        }
        if self.revoked_sessions.len() > MAX_REVOKED_SESSIONS {
            return Err(format!(
                "gate.revoked_sessions may have {MAX_REVOKED_SESSIONS} entries; revoked_before ends all"
            ));
        }
        let is_session =
            |text: &String| text.len() == SESSION_LENGTH && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if self.revoked_sessions.iter().all(is_session) {
            Ok(())
        } else {
            Err(format!(
                "gate.revoked_sessions: a session has {SESSION_LENGTH} hex digits"
            ))
        }
    }
}

impl Bypass {
    /// `plain`: the path is spelt as the rules spell paths.
    fn takes(&self, asked: &Asked<'_>, plain: bool) -> bool {
        match self {
            Bypass::Path(pattern) => plain && pattern.matches(asked.path),
            // The digests are compared, not the values: how long that takes tells nothing of the value.
            Bypass::Header { name, sha256 } => {
                (asked.header)(name).is_some_and(|value| Sha256::digest(value)[..] == sha256.0)
            }
            Bypass::Addresses(network) => asked.address.is_some_and(|address| network.contains(&address)),
        }
    }

    fn check_header(&self) -> Result<(), String> {
        let Bypass::Header { name, .. } = self else {
            return Ok(());
        };
        let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !name.is_empty() && name.len() <= 64 && name.bytes().all(plain) {
            return Ok(());
        }
        Err("gate.bypass: a header's name has 1 to 64 small letters, digits and hyphens".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> PathPattern {
        PathPattern(text.to_owned())
    }

    fn judge(policy: &GatePolicy, path: &str, header: Option<&'static str>, address: &str) -> Guarded {
        policy.judge(&Asked {
            path,
            header: &|name| header.filter(|_| name == "x-staff").map(str::as_bytes),
            address: address.parse().ok(),
        })
    }

    fn policy() -> GatePolicy {
        GatePolicy {
            paths: vec![pattern("/shop/*"), pattern("/buy")],
            bypass: vec![
                Bypass::Path(pattern("/shop/help")),
                Bypass::Header {
                    name: "x-staff".to_owned(),
                    sha256: Bytes32(Sha256::digest("a secret").into()),
                },
                Bypass::Addresses("10.1.0.0/16".parse().unwrap()),
                Bypass::Addresses("2001:db8::/32".parse().unwrap()),
            ],
            ..GatePolicy::default()
        }
    }

    #[test]
    fn only_the_paths_that_are_named_are_guarded() {
        for (path, expected) in [
            ("/shop", Guarded::Yes),
            ("/shop/", Guarded::Yes),
            ("/shop/seats/1", Guarded::Yes),
            ("/shopping", Guarded::No),
            ("/buy", Guarded::Yes),
            ("/buy/", Guarded::No),
            // However it is spelt.
            ("/%73hop/seats", Guarded::Yes),
            ("/%2573hop/seats", Guarded::Yes),
            ("//shop/seats", Guarded::Yes),
            ("/./shop/seats", Guarded::Yes),
            ("/blog/../shop/seats", Guarded::Yes),
            ("/blog/%2e%2e/shop/seats", Guarded::Yes),
            ("/blog/..%5cshop/seats", Guarded::Yes),
            ("/shop;v=1/seats", Guarded::Yes),
            ("/SHOP/seats", Guarded::Yes),
            ("/bu%79", Guarded::Yes),
            ("/blog/caf%C3%A9", Guarded::No),
            ("/%", Guarded::No),
            ("/", Guarded::No),
        ] {
            assert_eq!(judge(&policy(), path, None, ""), expected, "{path}");
        }
        assert_eq!(judge(&GatePolicy::default(), "/", None, ""), Guarded::Yes);
    }

    #[test]
    fn a_bypass_is_by_path_by_secret_header_or_by_address() {
        assert_eq!(judge(&policy(), "/shop/help", None, ""), Guarded::Passes);
        for spelt in [
            "/shop/help/..",
            "/shop//help",
            "/shop/%68elp",
            "/shop/x/%2e%2e/help",
            "/shop/help;x",
        ] {
            assert_eq!(judge(&policy(), spelt, None, ""), Guarded::Yes, "{spelt}");
        }
        assert_eq!(judge(&policy(), "/shop/help/more", None, ""), Guarded::Yes);
        assert_eq!(judge(&policy(), "/buy", Some("a secret"), ""), Guarded::Passes);
        assert_eq!(judge(&policy(), "/buy", Some("a guess"), ""), Guarded::Yes);
        for (address, expected) in [
            ("10.1.255.255", Guarded::Passes),
            ("10.2.0.0", Guarded::Yes),
            ("2001:db8:1::1", Guarded::Passes),
            ("2001:db9::1", Guarded::Yes),
        ] {
            assert_eq!(judge(&policy(), "/buy", None, address), expected, "{address}");
        }
    }

    #[test]
    fn each_mode_does_what_it_says() {
        for (mode, plain, bypassed) in [
            (Mode::Queue, Guarded::Yes, Guarded::Passes),
            (Mode::QueueAll, Guarded::Yes, Guarded::Yes),
            (Mode::Passthrough, Guarded::Passes, Guarded::Passes),
            (Mode::Reject, Guarded::Refused, Guarded::Refused),
        ] {
            let policy = GatePolicy { mode, ..policy() };
            assert_eq!(judge(&policy, "/buy", None, ""), plain, "{mode:?}");
            assert_eq!(judge(&policy, "/buy", None, "10.1.0.1"), bypassed, "{mode:?}");
            assert_eq!(judge(&policy, "/elsewhere", None, ""), Guarded::No, "{mode:?}");
        }
    }

    #[test]
    fn a_session_is_revoked_by_name_or_by_when_it_began() {
        let by_name = GatePolicy {
            revoked_sessions: vec!["a".repeat(32)],
            ..GatePolicy::default()
        };
        assert!(by_name.revokes(&"a".repeat(32), 5));
        assert!(!by_name.revokes(&"b".repeat(32), 5));
        let all = GatePolicy {
            revoked_before: Some(UnixMillis(5_500)),
            ..GatePolicy::default()
        };
        assert!(all.revokes("x", 5));
        assert!(all.revokes("x", 6), "it may have begun at 5.4 s, rounded up");
        assert!(!all.revokes("x", 7));
    }

    #[test]
    fn every_limit_is_kept_at_both_sides() {
        let full = GatePolicy {
            paths: vec![pattern("/a"); MAX_RULES],
            bypass: vec![Bypass::Path(pattern("/a")); MAX_RULES],
            revoked_sessions: vec!["0".repeat(32); MAX_REVOKED_SESSIONS],
            ..GatePolicy::default()
        };
        assert_eq!(full.check(), Ok(()));
        let more = |change: fn(&mut GatePolicy)| {
            let mut policy = full.clone();
            change(&mut policy);
            policy.check().unwrap_err()
        };
        assert!(more(|policy| policy.paths.push(pattern("/a"))).starts_with("gate.paths"));
        assert!(more(|policy| policy.bypass.push(Bypass::Path(pattern("/a")))).starts_with("gate.bypass"));
        assert!(more(|policy| policy.revoked_sessions.push("0".repeat(32))).starts_with("gate.revoked_sessions"));
        assert!(more(|policy| policy.revoked_sessions[0].push('0')).starts_with("gate.revoked_sessions"));
        assert!(
            pattern(&format!("/{}", "a".repeat(MAX_PATH_LENGTH - 1)))
                .check()
                .is_ok()
        );
        assert!(pattern(&format!("/{}", "a".repeat(MAX_PATH_LENGTH))).check().is_err());
        for path in ["", "a", "/a*b", "/a b", "/a?b", "/%41", "/a#b"] {
            assert!(pattern(path).check().is_err(), "{path}");
        }
    }
}
