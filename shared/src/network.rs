//! The networks around an address, as far as one of them is one client, one household or one site.
//!
//! An IPv4 address is shared by a household or by a whole carrier. In IPv6 a household or a server
//! has a /64, and may have all of a /56; a company, a school or a rented server may have a /48
//! (RFC 6177).

use std::net::{IpAddr, Ipv6Addr};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::ids::Bytes32;

/// Lengths of the networks around an IPv6 address, the narrowest first.
pub const IPV6_LENGTHS: [u8; 3] = [64, 56, 48];

/// A network: the bytes of its prefix, with its family and its length.
///
/// The bytes have a fixed length per family and prefix, so what follows them cannot be confused
/// with them.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Network(Vec<u8>);

impl Network {
    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// A name for what is counted of this network: the first 16 bytes of HMAC-SHA-256(key,
    /// "stanchion/network/v1" || 0x00 || what || 0x00 || bytes). Without the key nobody can tell
    /// which network it is.
    #[must_use]
    pub fn name(&self, key: &Bytes32, what: &str) -> [u8; 16] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).expect("HMAC takes keys of any length");
        mac.update(b"stanchion/network/v1\0");
        mac.update(what.as_bytes());
        mac.update(&[0]);
        mac.update(&self.0);
        let digest = mac.finalize().into_bytes();
        digest[..16].try_into().expect("SHA-256 has 32 bytes")
    }
}

/// The networks around an address, the narrowest first: one in IPv4, as many as
/// [`IPV6_LENGTHS`] in IPv6. None for an address that is not public: it tells where a proxy is, and
/// not who asks.
#[must_use]
pub fn around(address: IpAddr) -> Vec<Network> {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let says_nothing = v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast()
                || v4.is_broadcast();
            match says_nothing {
                true => Vec::new(),
                false => vec![Network([&[4, 32], &v4.octets()[..]].concat())],
            }
        }
        IpAddr::V6(v6) => {
            let says_nothing = v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local();
            match says_nothing {
                true => Vec::new(),
                false => IPV6_LENGTHS.iter().map(|length| prefix(v6, *length)).collect(),
            }
        }
    }
}

fn prefix(address: Ipv6Addr, length: u8) -> Network {
    Network([&[6, length], &address.octets()[..usize::from(length) / 8]].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(address: &str) -> Vec<Network> {
        around(address.parse().unwrap())
    }

    #[test]
    fn an_ipv6_address_is_in_a_household_and_in_a_site_and_its_neighbour_in_others() {
        let here = of("2001:db8:1:200::1");
        assert_eq!(here, of("2001:db8:1:200:ffff::2"));
        assert_eq!(here.len(), IPV6_LENGTHS.len());
        let same = |other: &str| {
            here.iter()
                .zip(of(other))
                .map(|(one, other)| *one == other)
                .collect::<Vec<_>>()
        };
        assert_eq!(same("2001:db8:1:2ff::1"), [false, true, true]);
        assert_eq!(same("2001:db8:1:300::1"), [false, false, true]);
        assert_eq!(same("2001:db8:2:200::1"), [false, false, false]);
    }

    #[test]
    fn an_ipv4_address_is_one_network_however_it_is_written() {
        assert_eq!(of("203.0.113.7"), of("::ffff:203.0.113.7"));
        assert_eq!(of("203.0.113.7").len(), 1);
        assert_ne!(of("203.0.113.7"), of("203.0.113.8"));
    }

    #[test]
    fn the_name_of_a_network_depends_on_key_and_purpose() {
        let network = &of("203.0.113.7")[0];
        let (one, other) = (Bytes32([1; 32]), Bytes32([2; 32]));
        assert_eq!(network.name(&one, "a"), of("203.0.113.7")[0].name(&one, "a"));
        assert_ne!(network.name(&one, "a"), network.name(&other, "a"));
        assert_ne!(network.name(&one, "a"), network.name(&one, "b"));
        assert_ne!(network.name(&one, "a"), of("203.0.113.8")[0].name(&one, "a"));
    }

    #[test]
    fn addresses_that_are_not_public_are_in_none() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.1.1",
            "169.254.1.1",
            "224.0.0.1",
            "255.255.255.255",
            "::1",
            "fd00::1",
            "fe80::1",
            "ff02::1",
            "0.0.0.0",
            "::",
        ] {
            assert!(of(address).is_empty(), "{address}");
        }
    }
}
