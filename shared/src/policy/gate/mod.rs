//! The gate policy: which requests an event guards, which of them pass without waiting, and which
//! shopping sessions are over early.
//!
//! # Layout
//! - [`rule`]: what a rule guards, of [`host`]s, [`path`]s, methods and the [`query`];
//! - [`bypass`]: what passes without a session.

mod bypass;
mod host;
mod path;
mod query;
mod rule;

use std::{cell::OnceCell, net::IpAddr};

use serde::{Deserialize, Serialize};

use crate::{limits::Limits, timestamp::UnixMillis};
pub use bypass::{Bypass, MAX_CRAWLER_NAME_LENGTH, MAX_CRAWLER_NETWORKS};
pub use host::{Host, HostPattern, MAX_HOST_LENGTH, NotAHost};
use path::SitePath;
pub use path::{MAX_PATH_LENGTH, PathPattern};
pub use query::{MAX_PARAMETER_LENGTH, MAX_PARAMETER_VALUE_LENGTH, QueryCondition};
use rule::Certainty;
pub use rule::{GateRule, MAX_RULE_CONDITIONS, MAX_RULE_HOSTS, MAX_RULE_PATHS, RuleMethod};

/// Most rules of each kind.
pub const MAX_RULES: usize = 32;
/// Most sessions that can be revoked one by one. More than these are revoked all at once.
pub const MAX_REVOKED_SESSIONS: usize = 256;
/// A renewed session lasts at most this many times as long as one that is not renewed.
pub const RENEWED_LASTS: u64 = 6;
/// A session that is not used for so long is over, in ms, where an event of a protected site says
/// so. The default is that it lasts until its end.
pub const IDLE_MS: Limits = Limits {
    default: 300_000,
    least: 30_000,
    most: 3_600_000,
};
/// Length of a session id: 16 bytes in hex.
const SESSION_LENGTH: usize = 32;

/// What the gate does with a request that it guards.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum GateMode {
    /// The request passes with a session or a bypass. Otherwise its sender has to queue.
    #[default]
    Queue,
    /// As `queue`, but without any bypass.
    QueueAll,
    /// As `queue`, but a request gets a session at once while there is room ([`crate::room`]).
    WhenBusy,
    /// Every request passes without a session.
    Passthrough,
    /// No request passes and nobody joins. Places are kept.
    Reject,
}

/// The gate policy of one event.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatePolicy {
    /// See [`GateMode`].
    pub mode: GateMode,
    /// The guarded paths of a protected site, on all its hosts and for all methods. With neither
    /// `paths` nor `rules` every request is guarded. What is guarded of our origin is fixed.
    pub paths: Vec<PathPattern>,
    /// What is guarded besides.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub rules: Vec<GateRule>,
    /// The requests that pass without a session.
    pub bypass: Vec<Bypass>,
    /// In front of a protected site: whether each request lengthens the session, up to
    /// [`RENEWED_LASTS`] times.
    pub renew_sessions: bool,
    /// In front of a protected site: a session that sends no guarded request for so long, in ms, is
    /// over. See [`IDLE_MS`].
    #[serde(skip_serializing_if = "Option::is_none")]
    pub idle_ms: Option<u64>,
    /// Revoked sessions, by the `jti` of their shop tokens.
    pub revoked_sessions: Vec<String>,
    /// All sessions that began before this instant are revoked.
    pub revoked_before: Option<UnixMillis>,
}

/// A request as the rules see it.
pub struct GuardedRequest<'a> {
    /// The host that it is for. `None`: the site takes every host, so that a rule's hosts restrict
    /// nothing.
    pub host: Option<&'a Host>,
    /// The method, as it was sent.
    pub method: &'a str,
    /// The path, without the query.
    pub path: &'a str,
    /// The query without `?`, as it was sent; empty if there is none.
    pub query: &'a str,
    /// Whether it may have a body, in which frameworks look for parameters, too.
    pub may_have_body: bool,
    /// Returns the value of the header of that name.
    pub header: &'a dyn Fn(&str) -> Option<&'a [u8]>,
    /// The address of the sender, if it is known.
    pub address: Option<IpAddr>,
}

/// What the gate policy decides for a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum GateDecision {
    /// No rule names it, in any reading of it. It is not guarded.
    Unguarded,
    /// It is guarded and passes without a session. The response is not for everybody.
    Passes,
    /// It needs a session.
    NeedsSession,
    /// It is refused.
    Refused,
}

impl GatePolicy {
    /// Whether it matters that a request may have a body ([`GuardedRequest::may_have_body`]): a site may
    /// find the parameters of a rule there.
    #[must_use]
    pub fn asks_for_body(&self) -> bool {
        self.rules.iter().any(|rule| !rule.query.is_empty())
    }

    /// Decides whether a request for a protected site needs a session.
    #[must_use]
    pub fn decide(&self, asked: &GuardedRequest<'_>) -> GateDecision {
        self.judge(asked).0
    }

    /// As [`GatePolicy::decide`], and whether the rules name the request in every reading that a site
    /// may have of it. Otherwise it may mean something else to the site, which other events guard.
    #[must_use]
    pub fn judge(&self, asked: &GuardedRequest<'_>) -> (GateDecision, bool) {
        let path = SitePath::read(asked.path);
        match self.guards(asked, &path) {
            Certainty::No => (GateDecision::Unguarded, false),
            certainty => (self.of_guarded(asked, &path), certainty == Certainty::Surely),
        }
    }

    /// What becomes of a request that is guarded.
    fn of_guarded(&self, asked: &GuardedRequest<'_>, path: &SitePath) -> GateDecision {
        match self.mode {
            GateMode::Passthrough => GateDecision::Passes,
            GateMode::Reject => GateDecision::Refused,
            GateMode::Queue | GateMode::WhenBusy if self.bypass.iter().any(|bypass| bypass.applies_to(asked, path)) => {
                GateDecision::Passes
            }
            GateMode::Queue | GateMode::QueueAll | GateMode::WhenBusy => GateDecision::NeedsSession,
        }
    }

    fn guards(&self, asked: &GuardedRequest<'_>, path: &SitePath) -> Certainty {
        if self.paths.is_empty() && self.rules.is_empty() {
            return Certainty::Surely;
        }
        let by_paths = match self.paths.is_empty() {
            true => Certainty::No,
            false => rule::by_path(&self.paths, path),
        };
        let query = OnceCell::new();
        let by_rules = self.rules.iter().map(|rule| rule.guards(asked, path, &query));
        by_rules.fold(by_paths, Certainty::max)
    }

    /// What the settings may not do as their author expects: a sentence for each path that guards
    /// one page and nothing below or behind it.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = self.one_page_warnings("gate.paths", &self.paths);
        for (number, rule) in self.rules.iter().enumerate() {
            warnings.extend(self.one_page_warnings(&format!("gate.rules[{number}].paths"), &rule.paths));
        }
        warnings
    }

    fn one_page_warnings(&self, field: &str, patterns: &[PathPattern]) -> Vec<String> {
        let guarded = |path: &str| {
            let path = SitePath::read(path);
            self.paths.iter().chain(patterns).any(|pattern| pattern.guards(&path))
        };
        let exact = patterns.iter().filter_map(PathPattern::exact);
        let open = exact.filter_map(|path| {
            let path = path.trim_end_matches('/');
            let near = [format!("{path}/x"), format!("{path}.json")];
            (!near.iter().all(|near| guarded(near))).then(|| {
                let [below, behind] = near;
                let (page, all) = match path {
                    "" => ("/".to_owned(), "/*".to_owned()),
                    path => (path.to_owned(), format!("{path}*")),
                };
                format!("{field}: {page} guards that page only, not {below} or {behind}. {all} guards all of them.")
            })
        });
        open.collect()
    }

    /// Whether a session is revoked: by its name (`jti` of its shop token), or because it began
    /// before the instant.
    #[must_use]
    pub fn revokes(&self, session: &str, began_at: UnixMillis) -> bool {
        self.revoked_before.is_some_and(|instant| began_at < instant)
            || self
                .revoked_sessions
                .iter()
                .any(|revoked| revoked.eq_ignore_ascii_case(session))
    }

    /// # Errors
    /// A sentence that names the field and its limits.
    pub(super) fn check(&self) -> Result<(), String> {
        for (name, count) in [
            ("paths", self.paths.len()),
            ("rules", self.rules.len()),
            ("bypass", self.bypass.len()),
        ] {
            if count > MAX_RULES {
                return Err(format!("gate.{name} may have {MAX_RULES} entries"));
            }
        }
        for pattern in &self.paths {
            pattern.check().map_err(|sentence| format!("gate: {sentence}"))?;
        }
        for (number, rule) in self.rules.iter().enumerate() {
            rule.check()
                .map_err(|sentence| format!("gate.rules[{number}]: {sentence}"))?;
        }
        for bypass in &self.bypass {
            bypass.check()?;
        }
        if self.revoked_sessions.len() > MAX_REVOKED_SESSIONS {
            return Err(format!(
                "gate.revoked_sessions may have {MAX_REVOKED_SESSIONS} entries; revoked_before ends all"
            ));
        }
        if self.idle_ms.is_some_and(|idle_ms| !IDLE_MS.allow(idle_ms)) {
            return Err(format!("gate.idle_ms must be {} to {}", IDLE_MS.least, IDLE_MS.most));
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
