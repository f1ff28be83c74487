//! Who may pass the gate without waiting, and whose session is over before its time.

mod bypass;
mod path;

use std::net::IpAddr;

use serde::{Deserialize, Serialize};

use crate::timestamp::UnixMillis;
pub use bypass::Bypass;
pub use path::{MAX_PATH_LENGTH, PathPattern, canonical_path};

/// Most rules of each kind.
pub const MAX_RULES: usize = 32;
/// Most sessions that are revoked one by one; more than these are revoked all at once.
pub const MAX_REVOKED_SESSIONS: usize = 256;
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

#[cfg(test)]
mod tests;
