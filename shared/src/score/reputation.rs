//! What is known of addresses: a table of networks, autonomous systems and bad fingerprints, read from text.
//!
//! One entry a line: what it is of, then what is known of it.
//!
//! ```text
//! # a comment
//! 203.0.113.0/24   datacentre
//! 198.51.100.7     vpn abuse=0.85
//! 2001:db8::/32    datacentre
//! AS64500          datacentre
//! device:3f2a…     bad
//! ```
//!
//! `abuse` is a share from 0 to 1 with at most two decimals. Of several networks around an address the smallest says all; an
//! autonomous system only speaks where no network does.

use std::{
    collections::{HashMap, HashSet},
    net::IpAddr,
};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use prefix_trie::PrefixMap;

/// Largest table, in bytes: some hundred thousand networks.
pub const MAX_TABLE_BYTES: usize = 4 * 1024 * 1024;
/// What a fingerprint's entry begins with.
const DEVICE: &str = "device:";

/// What is known of an address. The default: nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Reputation {
    /// Machines live there.
    pub datacentre: bool,
    /// People come out of a VPN there.
    pub vpn: bool,
    /// Share of the traffic from there that is abuse, in percent.
    pub abuse_percent: u8,
}

/// Why a table is refused: the line and what is wrong with it.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum TableError {
    /// Larger than [`MAX_TABLE_BYTES`].
    #[error("the table has more than {MAX_TABLE_BYTES} bytes")]
    TooLarge,
    /// A line is not an entry.
    #[error("line {line}: {problem}")]
    Line {
        /// From 1.
        line: usize,
        /// A sentence without its end.
        problem: &'static str,
    },
}

/// See the module. The default has no entries.
#[derive(Default)]
pub struct Table {
    v4: PrefixMap<Ipv4Net, Reputation>,
    v6: PrefixMap<Ipv6Net, Reputation>,
    systems: HashMap<u32, Reputation>,
    bad_fingerprints: HashSet<String>,
}

impl Table {
    /// Reads a table. A network that is there twice has what the last line says.
    ///
    /// # Errors
    /// [`TableError`]: all of the table is good or none of it.
    pub fn parse(text: &str) -> Result<Table, TableError> {
        if text.len() > MAX_TABLE_BYTES {
            return Err(TableError::TooLarge);
        }
        let mut table = Table::default();
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

    /// What is known of an address, in the autonomous system that the runtime names, if it does.
    #[must_use]
    pub fn of(&self, address: Option<IpAddr>, system: Option<u32>) -> Reputation {
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

    /// Entries of all kinds.
    #[must_use]
    pub fn len(&self) -> usize {
        self.v4.len() + self.v6.len() + self.systems.len() + self.bad_fingerprints.len()
    }

    /// Nothing is known of anybody.
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
    // Whoever wrote 203.0.113.7/24 meant something else than what would be found.
    if network.trunc() == network {
        Ok(network)
    } else {
        Err("the address has bits beyond the network's length")
    }
}

fn reputation<'a>(words: impl Iterator<Item = &'a str>) -> Result<Reputation, &'static str> {
    let mut reputation = Reputation::default();
    let mut said = false;
    for word in words {
        said = true;
        match word.strip_prefix("abuse=") {
            Some(share) => {
                reputation.abuse_percent = percent(share).ok_or("abuse is 0 to 1 with at most two decimals")?
            }
            None if word == "datacentre" => reputation.datacentre = true,
            None if word == "vpn" => reputation.vpn = true,
            None => return Err("what is known is datacentre, vpn or abuse=0.85"),
        }
    }
    said.then_some(reputation).ok_or("nothing is said of it")
}

/// `0`, `1`, `0.8`, `0.85` and their like as percent.
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
mod tests {
    use super::*;

    const TABLE: &str = "\
# What we know.
203.0.113.0/24 datacentre # a cloud
203.0.113.64/26 vpn

198.51.100.7 abuse=0.85
2001:db8::/32\tdatacentre abuse=1
AS64500 datacentre
device:farm-7 bad
";

    fn of(address: &str, system: Option<u32>) -> Reputation {
        Table::parse(TABLE).unwrap().of(address.parse().ok(), system)
    }

    #[test]
    fn the_smallest_network_around_an_address_says_all() {
        let nothing = Reputation::default();
        let datacentre = Reputation {
            datacentre: true,
            ..nothing
        };
        let vpn = Reputation { vpn: true, ..nothing };
        assert_eq!(of("203.0.113.63", None), datacentre);
        assert_eq!(of("203.0.113.64", None), vpn);
        assert_eq!(of("::ffff:203.0.113.127", None), vpn);
        assert_eq!(of("203.0.113.128", None), datacentre);
        assert_eq!(of("203.0.114.0", None), nothing);
        assert_eq!(of("198.51.100.7", None).abuse_percent, 85);
        assert_eq!(of("198.51.100.8", None), nothing);
        assert_eq!(of("2001:db8:ffff::1", None).abuse_percent, 100);
        assert_eq!(of("2001:db9::1", None), nothing);
    }

    #[test]
    fn an_autonomous_system_speaks_only_where_no_network_does() {
        assert!(of("192.0.2.1", Some(64_500)).datacentre);
        assert!(!of("192.0.2.1", Some(64_501)).datacentre);
        assert!(!of("203.0.113.64", Some(64_500)).datacentre);
        assert!(Table::parse(TABLE).unwrap().of(None, Some(64_500)).datacentre);
    }

    #[test]
    fn bad_fingerprints_are_known_whole() {
        let table = Table::parse(TABLE).unwrap();
        assert!(table.is_bad_fingerprint("farm-7") && !table.is_bad_fingerprint("farm-77"));
        assert_eq!(table.len(), 6);
    }

    #[test]
    fn a_line_that_is_no_entry_refuses_the_table_and_is_named() {
        for line in [
            "203.0.113.0/33 datacentre",
            "203.0.113.7/24 datacentre",
            "203.0.113.0/24",
            "203.0.113.0/24 cloud",
            "203.0.113.0/24 abuse=1.01",
            "203.0.113.0/24 abuse=0.855",
            "203.0.113.0/24 abuse=.5",
            "203.0.113.0/24 abuse=0.",
            "203.0.113.0/24 abuse=-0",
            "example.org datacentre",
            "ASx datacentre",
            "AS4294967296 datacentre",
            "device: bad",
            "device:x",
            "device:x good",
        ] {
            let error = Table::parse(&format!("# one\n{line}\n")).err();
            assert!(
                matches!(error, Some(TableError::Line { line: 2, .. })),
                "{line}: {error:?}"
            );
        }
        for (share, expected) in [("0", 0), ("1", 100), ("0.8", 80), ("0.81", 81), ("1.0", 100)] {
            assert_eq!(percent(share), Some(expected), "{share}");
        }
    }

    #[test]
    fn a_table_has_a_largest_size() {
        let fits = "#".repeat(MAX_TABLE_BYTES);
        assert!(Table::parse(&fits).is_ok_and(|table| table.is_empty()));
        assert_eq!(Table::parse(&(fits + "#")).err(), Some(TableError::TooLarge));
    }
}
