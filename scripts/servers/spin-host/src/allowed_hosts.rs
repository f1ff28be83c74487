//! `allowed_outbound_hosts`: which hosts the component may reach, by HTTP and by Redis alike.
//!
//! The rules are Spin's (<https://spinframework.dev/v3/http-outbound#granting-http-permissions-to-components>), without
//! what this host refuses at its start: networks in CIDR notation and requests to the application itself.

use std::ops::Range;

use url::{Host, Url};

use crate::variables::{Values, VariableError};

/// All that a component may reach; nothing else.
#[derive(Debug, Default)]
pub(crate) struct AllowedHosts(Vec<AllowedHost>);

#[derive(Debug)]
struct AllowedHost {
    scheme: Scheme,
    host: HostRule,
    ports: Ports,
}

#[derive(Debug)]
enum Scheme {
    Any,
    Exactly(String),
}

#[derive(Debug)]
enum HostRule {
    Any,
    /// With the dot: `.example.com`.
    Below(String),
    Exactly(Host),
}

#[derive(Debug)]
enum Ports {
    Any,
    These(Range<u32>),
}

/// Why an entry cannot be used; `entry` is as it is written in the manifest, so a secret in a variable is not shown.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AllowedHostError {
    /// It is not `scheme://host[:port]`, or more than this host does.
    #[error("the entry {entry:?} of allowed_outbound_hosts {reason}")]
    Entry {
        /// As in the manifest.
        entry: String,
        /// To be read after the entry.
        reason: &'static str,
    },
    /// Its template cannot be filled.
    #[error("allowed_outbound_hosts: {0}")]
    Template(#[from] VariableError),
}

impl AllowedHosts {
    /// Reads the manifest's entries, templates filled.
    ///
    /// # Errors
    /// With the first entry that is not one.
    pub(crate) fn read(entries: &[String], values: &Values) -> Result<Self, AllowedHostError> {
        let mut hosts = Vec::new();
        for entry in entries {
            let filled = values.fill(entry)?;
            // An optional host: its variable is empty.
            if entry.contains("{{") && ["", "http://", "https://"].contains(&filled.as_str()) {
                continue;
            }
            let host = AllowedHost::parse(filled.trim()).map_err(|reason| AllowedHostError::Entry {
                entry: entry.clone(),
                reason,
            })?;
            hosts.push(host);
        }
        Ok(Self(hosts))
    }

    /// Whether the component may reach this address. One without a scheme is taken as of `default_scheme`.
    pub(crate) fn allow(&self, address: &str, default_scheme: &str) -> bool {
        let parsed = Url::parse(address).ok().filter(Url::has_host);
        let Some(url) = parsed.or_else(|| Url::parse(&format!("{default_scheme}://{address}")).ok()) else {
            return false;
        };
        // url keeps the hosts of schemes it does not know, such as redis, as text; here an address is an address.
        let Some(host) = url.host_str().and_then(|host| Host::parse(host).ok()) else {
            return false;
        };
        let port = url.port().or_else(|| usual_port(url.scheme()));
        self.0.iter().any(|allowed| allowed.allows(url.scheme(), &host, port))
    }
}

impl AllowedHost {
    fn parse(text: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = text
            .split_once("://")
            .ok_or("has no scheme: it must be scheme://host[:port]")?;
        // One slash at the end is no path.
        let rest = rest.strip_suffix('/').unwrap_or(rest);
        if rest.contains('/') {
            return Err("has a path, or is a network, which this host does not offer");
        }
        let (host, port) = match rest.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (rest, ""),
        };
        Ok(Self {
            scheme: Scheme::parse(scheme)?,
            host: HostRule::parse(host)?,
            ports: Ports::parse(port, scheme)?,
        })
    }

    fn allows(&self, scheme: &str, host: &Host, port: Option<u16>) -> bool {
        let scheme_fits = match &self.scheme {
            Scheme::Any => true,
            Scheme::Exactly(allowed) => allowed == scheme,
        };
        let host_fits = match (&self.host, host) {
            (HostRule::Any, _) => true,
            (HostRule::Below(suffix), Host::Domain(domain)) => domain.ends_with(suffix),
            (HostRule::Below(_), _) => false,
            (HostRule::Exactly(allowed), host) => allowed == host,
        };
        let port_fits = match (&self.ports, port) {
            (Ports::Any, _) => true,
            (Ports::These(range), Some(port)) => range.contains(&u32::from(port)),
            (Ports::These(_), None) => false,
        };
        scheme_fits && host_fits && port_fits
    }
}

impl Scheme {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "*" => Ok(Self::Any),
            _ if text.is_empty() || !text.chars().all(char::is_alphabetic) => Err("has a scheme that is not letters"),
            _ => Ok(Self::Exactly(text.to_owned())),
        }
    }
}

impl HostRule {
    fn parse(text: &str) -> Result<Self, &'static str> {
        match text {
            "*" => return Ok(Self::Any),
            "self" | "self.alt" => return Err("means the application itself, which this host does not offer"),
            _ => {}
        }
        let not_a_host = |_| "has a host that is not one";
        match text.strip_prefix("*.") {
            Some(domain) => match Host::parse(domain).map_err(not_a_host)? {
                Host::Domain(domain) => Ok(Self::Below(format!(".{domain}"))),
                _ => Err("has a wildcard before an address"),
            },
            None if text.contains('*') => Err("may have its wildcard only as '*' or before a domain, '*.domain'"),
            None => Host::parse(text).map(Self::Exactly).map_err(not_a_host),
        }
    }
}

impl Ports {
    fn parse(text: &str, scheme: &str) -> Result<Self, &'static str> {
        let number = |text: &str| {
            text.parse::<u16>()
                .map(u32::from)
                .map_err(|_| "has a port that is not a number")
        };
        let one = |port: u32| Self::These(port..port + 1);
        match text {
            "" => usual_port(scheme)
                .map(|port| one(port.into()))
                .ok_or("needs a port: its scheme has no usual one"),
            "*" => Ok(Self::Any),
            // Half open, as in Spin: 8000..8003 is 8000, 8001 and 8002.
            _ => match text.split_once("..") {
                Some((first, end)) => Ok(Self::These(number(first)?..number(end)?)),
                None => number(text).map(one),
            },
        }
    }
}

/// The port of a scheme where none is written; those of the schemes that Spin knows.
fn usual_port(scheme: &str) -> Option<u16> {
    match scheme {
        "http" => Some(80),
        "https" => Some(443),
        "redis" => Some(6379),
        "postgres" => Some(5432),
        "mysql" => Some(3306),
        "mqtt" => Some(1883),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
