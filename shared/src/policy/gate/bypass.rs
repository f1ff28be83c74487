//! Who passes without a session.

use ipnet::IpNet;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Asked, PathPattern};
use crate::identity::Bytes32;

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

impl Bypass {
    /// `plain`: the path is spelt as the rules spell paths.
    pub(super) fn takes(&self, asked: &Asked<'_>, plain: bool) -> bool {
        match self {
            Bypass::Path(pattern) => plain && pattern.matches(asked.path),
            // The digests are compared, not the values: how long that takes tells nothing of the value.
            Bypass::Header { name, sha256 } => {
                (asked.header)(name).is_some_and(|value| Sha256::digest(value)[..] == sha256.0)
            }
            Bypass::Addresses(network) => asked.address.is_some_and(|address| network.contains(&address)),
        }
    }

    pub(super) fn check_header(&self) -> Result<(), String> {
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
