//! The table of addresses: networks, autonomous systems and bad fingerprints, parsed from text.
//!
//! Each line has one entry: its subject, then what is known of it.
//!
//! ```text
//! # a comment
//! 203.0.113.0/24   datacentre
//! 198.51.100.7     vpn abuse=0.85
//! 2001:db8::/32    datacentre
//! AS64500          datacentre
//! AS64501          carrier
//! device:3f2a…     bad
//! ```
//!
//! `abuse` is a share from 0 to 1 with at most two decimals. If several networks contain an
//! address, only the smallest counts. An autonomous system counts only if no network contains the
//! address.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use prefix_trie::PrefixMap;

/// Largest table in bytes. Enough for some hundred thousand networks.
pub const MAX_TABLE_BYTES: usize = 4 * 1024 * 1024;
/// Prefix of the entry of a fingerprint.
const DEVICE: &str = "device:";

/// What is known of an address. By default nothing is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AddressReputation {
    /// The address belongs to a datacentre.
    pub datacentre: bool,
    /// The address is an exit of a VPN.
    pub vpn: bool,
    /// Many people who have nothing to do with each other share the addresses of this network: a
    /// carrier, a school, a company.
    pub carrier: bool,
    /// Share of abuse in the traffic from it, in percent.
    pub abuse_percent: u8,
}

/// Why a table is refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TableError {
    /// Larger than [`MAX_TABLE_BYTES`].
    #[error("the table has more than {MAX_TABLE_BYTES} bytes")]
    TooLarge,
    /// A line is not an entry.
    #[error("line {line}: {problem}")]
    Line {
        /// The number of the line, from 1.
        line: usize,
        /// What is wrong, as a sentence without its full stop.
        problem: &'static str,
    },
}

/// The table. By default it has no entries.
#[derive(Default)]
pub struct ReputationTable {
    v4: PrefixMap<Ipv4Net, AddressReputation>,
    v6: PrefixMap<Ipv6Net, AddressReputation>,
    systems: HashMap<u32, AddressReputation>,
    bad_fingerprints: HashSet<String>,
}

impl ReputationTable {
    /// Parses a table. If a network occurs twice, the last line counts.
    ///
    /// # Errors
    /// [`TableError`]. A table with one bad line is refused as a whole.
    pub fn parse(text: &str) -> Result<ReputationTable, TableError> {
        if text.len() > MAX_TABLE_BYTES {
            return Err(TableError::TooLarge);
        }
        let mut table = ReputationTable::default();
        for (index, line) in text.lines().enumerate() {
            let entry = line.split('#').next().unwrap_or_default();
            table.add(entry).map_err(|problem| TableError::Line {
                line: index + 1,
                problem,
            })?;
        }
        Ok(table)
    }

    fn add(&mut self, entry: &str) -> Result<(), &'static str> {
        let mut words = entry.split_whitespace();
        let Some(subject) = words.next() else {
            return Ok(());
        };
        if let Some(fingerprint) = subject.strip_prefix(DEVICE) {
            if fingerprint.is_empty() || words.collect::<Vec<_>>() != ["bad"] {
                return Err("a device is written as device:FINGERPRINT bad");
            }
            self.bad_fingerprints.insert(fingerprint.to_owned());
            return Ok(());
        }
        let reputation = reputation(words)?;
        if let Some(number) = subject.strip_prefix("AS") {
            let number = number
                .parse()
                .map_err(|_| "an autonomous system is AS and its number")?;
            self.systems.insert(number, reputation);
            return Ok(());
        }
        match network(subject)? {
            IpNet::V4(network) => drop(self.v4.insert(network, reputation)),
            IpNet::V6(network) => drop(self.v6.insert(network, reputation)),
        }
        Ok(())
    }

    /// What is known of an address. `system` is the autonomous system that the runtime names, if it
    /// names one.
    #[must_use]
    pub fn of(&self, address: Option<IpAddr>, system: Option<u32>) -> AddressReputation {
        let of_network = address.and_then(|address| match address.to_canonical() {
            IpAddr::V4(v4) => self.v4.get_lpm(&Ipv4Net::from(v4)).map(|(_, reputation)| *reputation),
            IpAddr::V6(v6) => self.v6.get_lpm(&Ipv6Net::from(v6)).map(|(_, reputation)| *reputation),
        });
        let of_system = || system.and_then(|system| self.systems.get(&system).copied());
        of_network.or_else(of_system).unwrap_or_default()
    }

    /// Whether a fingerprint is on the list of bad ones.
    #[must_use]
    pub fn is_bad_fingerprint(&self, fingerprint: &str) -> bool {
        self.bad_fingerprints.contains(fingerprint)
    }

    /// Number of entries of all kinds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.v4.len() + self.v6.len() + self.systems.len() + self.bad_fingerprints.len()
    }

    /// Whether the table has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

fn network(text: &str) -> Result<IpNet, &'static str> {
    let network = match text.parse::<IpAddr>() {
        Ok(address) => IpNet::from(address),
        Err(_) => text
            .parse::<IpNet>()
            .map_err(|_| "it begins with a network, an address, AS and a number, or device:")?,
    };
    // A line such as 203.0.113.7/24 means something else than it says, so it is refused.
    if network.trunc() == network {
        Ok(network)
    } else {
        Err("the address has bits beyond the network's length")
    }
}

fn reputation<'a>(words: impl Iterator<Item = &'a str>) -> Result<AddressReputation, &'static str> {
    let mut reputation = AddressReputation::default();
    let mut has_entry = false;
    for word in words {
        has_entry = true;
        match word.strip_prefix("abuse=") {
            Some(share) => {
                reputation.abuse_percent = percent(share).ok_or("abuse is 0 to 1 with at most two decimals")?
            }
            None if word == "datacentre" => reputation.datacentre = true,
            None if word == "vpn" => reputation.vpn = true,
            None if word == "carrier" => reputation.carrier = true,
            None => return Err("what is known is datacentre, vpn, carrier or abuse=0.85"),
        }
    }
    has_entry.then_some(reputation).ok_or("nothing is said of it")
}

/// Parses `0`, `1`, `0.8` or `0.85` as percent.
fn percent(share: &str) -> Option<u8> {
    let (whole, decimals) = share.split_once('.').unwrap_or((share, ""));
    let digits = decimals.bytes().all(|byte| byte.is_ascii_digit());
    if decimals.len() > 2 || !digits || (decimals.is_empty() && share.contains('.')) {
        return None;
    }
    let hundredths: u8 = format!("{decimals:0<2}").parse().ok()?;
    match (whole, hundredths) {
        ("0", hundredths) => Some(hundredths),
        ("1", 0) => Some(100),
        _ => None,
    }
}

#[cfg(test)]
mod tests;
