//! Rules: which requests of a protected site an event guards.

use std::cell::OnceCell;

use serde::{Deserialize, Serialize};

use super::{
    GuardedRequest, HostPattern, PathPattern,
    path::SitePath,
    query::{QueryCondition, SiteQuery},
};

/// Most hosts of one rule.
pub const MAX_RULE_HOSTS: usize = 16;
/// Most paths of one rule.
pub const MAX_RULE_PATHS: usize = 32;
/// Most conditions on the query of one rule.
pub const MAX_RULE_CONDITIONS: usize = 8;

/// Whether something guards a request, and how certain that is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Certainty {
    /// It does not, however the site reads the request.
    No,
    /// It does in some reading of the request.
    Perhaps,
    /// It does in every reading of the request.
    Surely,
}

/// A method that a rule can name (RFC 9110, section 9.3, and RFC 5789).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum RuleMethod {
    /// Also means `HEAD`.
    Get,
    /// `HEAD` alone.
    Head,
    /// `POST`.
    Post,
    /// `PUT`.
    Put,
    /// `PATCH`.
    Patch,
    /// `DELETE`.
    Delete,
    /// `OPTIONS`.
    Options,
}

impl RuleMethod {
    /// The method of a request; `None` for one that no rule can name, and for other spellings.
    fn of(method: &str) -> Option<RuleMethod> {
        Some(match method {
            "GET" => RuleMethod::Get,
            "HEAD" => RuleMethod::Head,
            "POST" => RuleMethod::Post,
            "PUT" => RuleMethod::Put,
            "PATCH" => RuleMethod::Patch,
            "DELETE" => RuleMethod::Delete,
            "OPTIONS" => RuleMethod::Options,
            _ => return None,
        })
    }
}

/// A rule guards the requests that are for one of its hosts, paths and methods, and meet all its
/// conditions on the query. A part that is left out does not restrict it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GateRule {
    /// The hosts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub hosts: Vec<HostPattern>,
    /// The paths.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub paths: Vec<PathPattern>,
    /// The methods.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub methods: Vec<RuleMethod>,
    /// Conditions on the query, which all have to hold.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub query: Vec<QueryCondition>,
}

impl GateRule {
    /// Whether the rule guards a request.
    pub(super) fn guards(&self, asked: &GuardedRequest<'_>, path: &SitePath, query: &OnceCell<SiteQuery>) -> Certainty {
        let others = by_host(&self.hosts, asked)
            .min(by_path(&self.paths, path))
            .min(by_method(&self.methods, asked.method));
        if self.query.is_empty() || others == Certainty::No {
            return others;
        }
        // Read once for all rules: whoever asks chooses how long it is.
        let query = query.get_or_init(|| SiteQuery::of(asked, path));
        let conditions = self.query.iter().map(|condition| condition.guards(query));
        conditions.fold(others, Certainty::min)
    }

    /// # Errors
    /// A sentence that says what a rule is made of.
    pub(super) fn check(&self) -> Result<(), String> {
        if *self == GateRule::default() {
            return Err("a rule must have hosts, paths, methods or query".to_owned());
        }
        for (name, count, most) in [
            ("hosts", self.hosts.len(), MAX_RULE_HOSTS),
            ("paths", self.paths.len(), MAX_RULE_PATHS),
            ("query", self.query.len(), MAX_RULE_CONDITIONS),
        ] {
            if count > most {
                return Err(format!("{name} may have {most} entries"));
            }
        }
        self.paths.iter().try_for_each(PathPattern::check)?;
        self.query.iter().try_for_each(QueryCondition::check)
    }
}

fn by_host(hosts: &[HostPattern], asked: &GuardedRequest<'_>) -> Certainty {
    let means = |host| hosts.iter().any(|pattern| pattern.matches(host));
    match asked.host {
        _ if hosts.is_empty() => Certainty::Surely,
        // A site that takes every host shows one page at all of them.
        None => Certainty::Perhaps,
        Some(host) if means(host) => Certainty::Surely,
        Some(_) => Certainty::No,
    }
}

/// Whether one of the patterns guards a path; all paths are guarded if there are none.
pub(super) fn by_path(patterns: &[PathPattern], path: &SitePath) -> Certainty {
    let is_named = patterns.is_empty() || patterns.iter().any(|pattern| pattern.guards(path));
    match (is_named, path.is_clean()) {
        (true, _) if patterns.is_empty() || path.is_surely_named(patterns) => Certainty::Surely,
        // A path that sites may read in ways that nobody listed is guarded.
        (true, _) | (_, false) => Certainty::Perhaps,
        (false, true) => Certainty::No,
    }
}

fn by_method(methods: &[RuleMethod], method: &str) -> Certainty {
    if methods.is_empty() {
        return Certainty::Surely;
    }
    // Many programs do for an unknown method what they do for GET or POST.
    let Some(method) = RuleMethod::of(method) else {
        return Certainty::Perhaps;
    };
    let names = |named: &[RuleMethod]| methods.iter().any(|method| named.contains(method));
    match method {
        // Frameworks let a form say any other method in its content (`_method`).
        RuleMethod::Post => Certainty::Perhaps,
        method if names(&[method]) => Certainty::Surely,
        RuleMethod::Head if names(&[RuleMethod::Get]) => Certainty::Surely,
        _ => Certainty::No,
    }
}

#[cfg(test)]
mod tests;
