//! Hosts: the one that a request is for, and how sites and rules name hosts.
//!
//! A host is compared in one canonical form: small letters of ASCII, no dot at the end, and no port
//! where it is the usual one. International names are compared as browsers send them, in A-labels
//! (`xn--…`, RFC 5890). What is not written so is no host, and no site is at it.

use std::{fmt, net::Ipv6Addr, str::FromStr};

use serde::{Deserialize, Serialize};

/// Longest name of a host, in bytes (RFC 1035, section 3.1, as text).
pub const MAX_HOST_LENGTH: usize = 253;
/// The ports that need no name (RFC 9110, sections 4.2.1 and 4.2.2).
const USUAL_PORTS: [u16; 2] = [80, 443];
/// Longest label of a name, in bytes (RFC 1035, section 2.3.4).
const MAX_LABEL_LENGTH: usize = 63;

/// The host that a request is for, in canonical form.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host {
    name: String,
    port: u16,
}

impl Host {
    /// Reads the value of `Host` (RFC 9110, section 7.2), or the authority of an address.
    /// `default_port` counts where none is named. `None`: it is no host, or none that every server
    /// reads alike.
    #[must_use]
    pub fn parse(text: &str, default_port: u16) -> Option<Host> {
        let (name, port) = split_port(text)?;
        Some(Host {
            name: canonical(name)?,
            port: port.unwrap_or(default_port),
        })
    }
}

/// The canonical form.
impl fmt::Display for Host {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match USUAL_PORTS.contains(&self.port) {
            true => formatter.write_str(&self.name),
            false => write!(formatter, "{}:{}", self.name, self.port),
        }
    }
}

/// A host that a site is at or a rule means: one name (`shop.example.com`), or all names below one
/// (`*.example.com`, which is not `example.com` itself). Without a port it is at the usual ones of
/// HTTP, and with one at that port alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct HostPattern {
    /// In canonical form, without `*.`.
    name: String,
    is_parent: bool,
    port: Option<u16>,
}

impl HostPattern {
    /// Whether the pattern means `host`.
    #[must_use]
    pub fn matches(&self, host: &Host) -> bool {
        let named = match self.is_parent {
            true => is_below(&host.name, &self.name),
            false => host.name == self.name,
        };
        let is_at_port = match self.port {
            Some(port) => port == host.port,
            None => USUAL_PORTS.contains(&host.port),
        };
        named && is_at_port
    }

    /// Whether there is a host that both patterns mean.
    #[must_use]
    pub fn meets(&self, other: &HostPattern) -> bool {
        let usual = |port: Option<u16>| port.is_none_or(|port| USUAL_PORTS.contains(&port));
        let ports = match (self.port, other.port) {
            (Some(one), Some(other)) => one == other,
            (one, other) => usual(one) && usual(other),
        };
        let names = match (self.is_parent, other.is_parent) {
            (false, false) => self.name == other.name,
            (true, false) => is_below(&other.name, &self.name),
            (false, true) => is_below(&self.name, &other.name),
            (true, true) => {
                self.name == other.name || is_below(&self.name, &other.name) || is_below(&other.name, &self.name)
            }
        };
        ports && names
    }

    /// Of two patterns that mean one host the larger one says more: a whole name more than the names
    /// below another, a longer name more than a shorter one, and a port more than none.
    #[must_use]
    pub fn precision(&self) -> (bool, usize, bool) {
        (!self.is_parent, self.name.len(), self.port.is_some())
    }
}

/// Whether a name is below another one.
fn is_below(name: &str, parent: &str) -> bool {
    name.strip_suffix(parent).is_some_and(|rest| rest.ends_with('.'))
}

/// Why a text is no [`HostPattern`].
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "a host is a name such as shop.example.com or *.example.com, with its port if that is not the usual one; \
     international names are written as xn--…"
)]
pub struct NotAHost;

impl FromStr for HostPattern {
    type Err = NotAHost;

    fn from_str(text: &str) -> Result<HostPattern, NotAHost> {
        let (name, port) = split_port(text).ok_or(NotAHost)?;
        let parent = name.strip_prefix("*.");
        let name = canonical(parent.unwrap_or(name)).ok_or(NotAHost)?;
        if parent.is_some() && name.starts_with('[') {
            return Err(NotAHost);
        }
        Ok(HostPattern {
            name,
            is_parent: parent.is_some(),
            port,
        })
    }
}

impl TryFrom<String> for HostPattern {
    type Error = NotAHost;

    fn try_from(text: String) -> Result<HostPattern, NotAHost> {
        text.parse()
    }
}

impl fmt::Display for HostPattern {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let below = if self.is_parent { "*." } else { "" };
        write!(formatter, "{below}{}", self.name)?;
        self.port.map_or(Ok(()), |port| write!(formatter, ":{port}"))
    }
}

impl From<HostPattern> for String {
    fn from(pattern: HostPattern) -> String {
        pattern.to_string()
    }
}

/// Takes the port off. `None`: what stands there is no port.
fn split_port(text: &str) -> Option<(&str, Option<u16>)> {
    // The colons of an IPv6 address are inside its brackets (RFC 3986, section 3.2.2).
    let behind_address = text.rfind(']').map_or(0, |at| at + 1);
    let Some(colon) = text[behind_address..].find(':') else {
        return Some((text, None));
    };
    let (name, port) = text.split_at(behind_address + colon);
    let digits = &port[1..];
    if digits.is_empty() {
        return Some((name, None)); // an empty port is none (RFC 3986, section 3.2.3)
    }
    let port = digits
        .bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| digits.parse())?;
    port.ok().filter(|&port| port > 0).map(|port| (name, Some(port)))
}

/// The canonical form of a name or an IPv6 address in brackets.
fn canonical(name: &str) -> Option<String> {
    if let Some(address) = name.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
        let address: Ipv6Addr = address.parse().ok()?;
        return Some(format!("[{address}]"));
    }
    let name = name.strip_suffix('.').unwrap_or(name);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    let is_label = |label: &str| (1..=MAX_LABEL_LENGTH).contains(&label.len()) && label.bytes().all(plain);
    (name.len() <= MAX_HOST_LENGTH && name.split('.').all(is_label)).then(|| name.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pattern(text: &str) -> HostPattern {
        text.parse().unwrap()
    }

    fn matches(rule: &str, host: &str) -> bool {
        Host::parse(host, 443).is_some_and(|host| pattern(rule).matches(&host))
    }

    #[test]
    fn a_host_is_the_same_in_every_spelling() {
        for spelt in [
            "shop.example.com",
            "SHOP.Example.COM",
            "shop.example.com.",
            "shop.example.com:443",
            "shop.example.com:",
            "shop.example.com.:0443",
        ] {
            assert!(matches("shop.example.com", spelt), "{spelt}");
            assert!(matches("Shop.Example.Com.:443", spelt), "{spelt}");
        }
        assert!(matches("[2001:DB8::1]", "[2001:db8:0::1]:443"));
        assert!(matches("xn--bcher-kva.example", "XN--BCHER-KVA.example"));
    }

    #[test]
    fn what_only_looks_like_a_host_is_another_or_none() {
        for spelt in [
            "",
            ".",
            "shop.example.com..",
            "shop..example.com",
            ".shop.example.com",
            "shop.example.com.evil.example",
            "evil-shop.example.com",
            "shop.example.comx",
            "shop.example.com:8443",
            "shop.example.com:0",
            "shop.example.com:+443",
            "shop.example.com:443:443",
            "shop.example.com:65979", // 443 and 2^16
            "user@shop.example.com",
            "shop.example.com@evil.example",
            "shop.example.com/",
            "shop.example.com, evil.example",
            "shop.example.com evil.example",
            " shop.example.com",
            "shop%2eexample.com",
            "shop\u{3002}example.com",
            "ｓhop.example.com",
            "[shop.example.com]",
            "[::1",
            "::1",
            "*.example.com",
        ] {
            assert!(!matches("shop.example.com:443", spelt), "{spelt}");
        }
    }

    #[test]
    fn a_star_means_every_name_below_and_not_the_name_itself() {
        for (host, expected) in [
            ("shop.example.com", true),
            ("a.b.example.com", true),
            ("example.com", false),
            ("notexample.com", false),
            (".example.com", false),
            ("example.com.evil.example", false),
        ] {
            assert_eq!(matches("*.example.com", host), expected, "{host}");
        }
    }

    #[test]
    fn a_port_counts_where_it_is_named() {
        assert!(matches("a.example:8443", "a.example:8443"));
        assert!(!matches("a.example:8443", "a.example"));
        assert!(!matches("a.example", "a.example:8443"));
        assert!(matches("a.example", "a.example:80"));
        assert!(matches("a.example:443", "a.example"));
        assert!(!matches("a.example:443", "a.example:80"));
    }

    #[test]
    fn a_host_is_told_in_canonical_form() {
        for (spelt, told) in [
            ("Shop.Example.com.:443", "shop.example.com"),
            ("shop.example.com:80", "shop.example.com"),
            ("SHOP.example.com:8443", "shop.example.com:8443"),
            ("[2001:DB8::1]", "[2001:db8::1]"),
        ] {
            assert_eq!(Host::parse(spelt, 443).unwrap().to_string(), told, "{spelt}");
        }
    }

    #[test]
    fn a_pattern_has_the_length_that_a_name_may_have() {
        let label = "a".repeat(MAX_LABEL_LENGTH);
        let longest = format!("{label}.{label}.{label}.{}", "a".repeat(MAX_HOST_LENGTH - 3 * 64));
        assert_eq!(longest.len(), MAX_HOST_LENGTH);
        assert!(longest.parse::<HostPattern>().is_ok());
        assert_eq!(format!("{longest}a").parse::<HostPattern>(), Err(NotAHost));
        assert_eq!(format!("{label}a.example").parse::<HostPattern>(), Err(NotAHost));
        for text in [
            "",
            "*",
            "*.",
            "**.example",
            "a.*.example",
            "*.[::1]",
            "b\u{fc}cher.example",
            "https://a.example",
        ] {
            assert_eq!(text.parse::<HostPattern>(), Err(NotAHost), "{text}");
        }
    }

    #[test]
    fn patterns_meet_where_one_host_is_both() {
        for (one, other, expected) in [
            ("a.example", "A.example.", true),
            ("a.example", "b.example", false),
            ("*.example", "a.example", true),
            ("*.example", "example", false),
            ("*.example", "*.a.example", true),
            ("*.a.example", "*.b.example", false),
            ("a.example:1", "a.example:2", false),
            ("a.example:1", "a.example", false),
            ("a.example:443", "a.example", true),
        ] {
            assert_eq!(pattern(one).meets(&pattern(other)), expected, "{one} {other}");
            assert_eq!(pattern(other).meets(&pattern(one)), expected, "{other} {one}");
        }
    }

    #[test]
    fn the_pattern_that_says_more_has_the_larger_precision() {
        let ascending = ["*.example", "*.example:1", "*.shop.example", "a.example", "a.example:1"];
        for pair in ascending.windows(2) {
            assert!(pattern(pair[0]).precision() < pattern(pair[1]).precision(), "{pair:?}");
        }
    }

    #[test]
    fn a_pattern_is_read_back_in_canonical_form() {
        let read: Vec<HostPattern> = serde_json::from_str(r#"["Shop.Example.com.", "*.EXAMPLE.com:8443"]"#).unwrap();
        assert_eq!(
            serde_json::to_string(&read).unwrap(),
            r#"["shop.example.com","*.example.com:8443"]"#
        );
    }
}
