//! Bypasses: requests that pass the gate without a session.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{GuardedRequest, PathPattern, path::SitePath};
use crate::ids::Bytes32;

/// Longest name of a crawler, in bytes.
pub const MAX_CRAWLER_NAME_LENGTH: usize = 64;
/// Most networks of one crawler.
pub const MAX_CRAWLER_NETWORKS: usize = 32;

/// A rule for requests that pass without a session.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Bypass {
    /// Requests for these paths.
    Path(PathPattern),
    /// Requests with this header.
    Header {
        /// Name of the header, in lower case.
        name: String,
        /// SHA-256 of its value. The policy is no place for the value itself.
        sha256: Bytes32,
    },
    /// Requests from these addresses.
    Addresses(IpNet),
    /// Requests of a crawler: from the networks that its operator publishes, and with its name in
    /// `User-Agent`. Anybody can write the name, so it counts for nothing without the network.
    Crawler {
        /// What stands somewhere in the `User-Agent`, whatever the case of its letters.
        name: String,
        /// 1 to [`MAX_CRAWLER_NETWORKS`] networks.
        networks: Vec<IpNet>,
    },
}

impl Bypass {
    /// Whether the bypass applies to a request. A strange spelling of a path must not be a way
    /// around the queue, whatever it means to the site, so a bypass by path applies to plain
    /// spellings only.
    pub(super) fn applies_to(&self, asked: &GuardedRequest<'_>, path: &SitePath) -> bool {
        match self {
            Bypass::Path(pattern) => path.is_plain() && pattern.matches(path.text()),
            // The digests are compared and not the values, so the time of the comparison tells
            // nothing about the value.
            Bypass::Header { name, sha256 } => {
                (asked.header)(name).is_some_and(|value| Sha256::digest(value)[..] == sha256.0)
            }
            Bypass::Addresses(network) => asked.address.is_some_and(|address| network.contains(&address)),
            Bypass::Crawler { name, networks } => {
                let from_there = |address| networks.iter().any(|network| network.contains(&address));
                let agent = (asked.header)("user-agent").unwrap_or_default().to_ascii_lowercase();
                let name = name.to_ascii_lowercase();
                asked.address.is_some_and(from_there)
                    && agent.windows(name.len().max(1)).any(|part| part == name.as_bytes())
            }
        }
    }

    /// # Errors
    /// A sentence that names the field and its limits.
    pub(super) fn check(&self) -> Result<(), String> {
        match self {
            Bypass::Path(pattern) => pattern.check().map_err(|sentence| format!("gate: {sentence}")),
            Bypass::Header { name, .. } => check_header(name),
            Bypass::Addresses(_) => Ok(()),
            Bypass::Crawler { name, networks } => check_crawler(name, networks),
        }
    }
}

fn check_header(name: &str) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    if !name.is_empty() && name.len() <= 64 && name.bytes().all(plain) {
        return Ok(());
    }
    Err("gate.bypass: a header's name has 1 to 64 small letters, digits and hyphens".to_owned())
}

fn check_crawler(name: &str, networks: &[IpNet]) -> Result<(), String> {
    let printable = name.bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
    if name.trim().is_empty() || name.len() > MAX_CRAWLER_NAME_LENGTH || !printable {
        return Err(format!(
            "gate.bypass: a crawler's name has 1 to {MAX_CRAWLER_NAME_LENGTH} characters of ASCII"
        ));
    }
    if networks.is_empty() || networks.len() > MAX_CRAWLER_NETWORKS {
        return Err(format!(
            "gate.bypass: a crawler has 1 to {MAX_CRAWLER_NETWORKS} networks"
        ));
    }
    Ok(())
}
