//! Who else used the same thing in this event: a fingerprint, an address. Only a keyed hash of the thing is ever stored.

use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::identity::{EventKey, Shard, ShardCount, Tag};

/// What a fingerprint tells.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FingerprintScope {
    /// Kinds of devices, as our page's does: thousands of phones have the same. So only accounts at one address are counted
    /// together.
    #[default]
    AtOneAddress,
    /// Single devices, as an app's may: all accounts of the event are counted together.
    Everywhere,
}

/// The hash of something that was used: first 16 bytes of HMAC-SHA-256(event key, kind || 0x00 || the thing). It points to a
/// shard as a tag does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Sighted(pub Tag);

impl Sighted {
    /// An address; of IPv6 the /64, which is one household or one server. `None` for addresses that are not public: they say
    /// where a proxy is, not who asks.
    #[must_use]
    pub fn address(key: &EventKey, address: IpAddr) -> Option<Sighted> {
        network(address).map(|network| hash(key, "address", &[&network]))
    }

    /// A fingerprint, by what it tells. All who send none from one address are counted as if they had the same: leaving it
    /// out is no way around. `None` if it cannot be counted without an address.
    #[must_use]
    pub fn fingerprint(
        key: &EventKey,
        fingerprint: &str,
        scope: FingerprintScope,
        address: Option<IpAddr>,
    ) -> Option<Sighted> {
        match scope {
            FingerprintScope::Everywhere if !fingerprint.is_empty() => {
                Some(hash(key, "device", &[fingerprint.as_bytes()]))
            }
            FingerprintScope::Everywhere | FingerprintScope::AtOneAddress => {
                let network = network(address?)?;
                Some(hash(key, "kind of device", &[&network, fingerprint.as_bytes()]))
            }
        }
    }

    /// Where it is counted.
    #[must_use]
    pub fn shard(self, shards: ShardCount) -> Shard {
        self.0.shard(shards)
    }
}

/// Networks have a fixed length per family, so what follows one cannot run into it.
fn network(address: IpAddr) -> Option<Vec<u8>> {
    match address.to_canonical() {
        IpAddr::V4(v4) => {
            let says_nothing = v4.is_private()
                || v4.is_loopback()
                || v4.is_link_local()
                || v4.is_unspecified()
                || v4.is_multicast()
                || v4.is_broadcast();
            (!says_nothing).then(|| [&[4], &v4.octets()[..]].concat())
        }
        IpAddr::V6(v6) => {
            let says_nothing = v6.is_loopback()
                || v6.is_unspecified()
                || v6.is_multicast()
                || v6.is_unique_local()
                || v6.is_unicast_link_local();
            (!says_nothing).then(|| [&[6], &v6.octets()[..8]].concat())
        }
    }
}

fn hash(key: &EventKey, kind: &str, parts: &[&[u8]]) -> Sighted {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0.0).expect("HMAC takes keys of any length");
    mac.update(b"stanchion/sighting/v1\0");
    mac.update(kind.as_bytes());
    mac.update(&[0]);
    parts.iter().for_each(|part| mac.update(part));
    let digest = mac.finalize().into_bytes();
    Sighted(Tag(digest[..16].try_into().expect("SHA-256 has 32 bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::identity::Bytes32;

    const KEY: EventKey = EventKey(Bytes32([3; 32]));

    fn of(address: &str) -> Option<Sighted> {
        Sighted::address(&KEY, address.parse().unwrap())
    }

    #[test]
    fn an_ipv6_household_is_one_and_its_neighbour_another() {
        assert_eq!(of("2001:db8:0:1::1"), of("2001:db8:0:1:ffff::2"));
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_ne!(of("203.0.113.7"), of("203.0.113.8"));
        assert_eq!(of("203.0.113.7"), of("::ffff:203.0.113.7"));
    }

    #[test]
    fn addresses_that_are_not_public_are_not_counted() {
        for address in [
            "127.0.0.1",
            "10.1.2.3",
            "192.168.1.1",
            "::1",
            "fd00::1",
            "fe80::1",
            "0.0.0.0",
            "::",
        ] {
            assert_eq!(of(address), None, "{address}");
        }
    }

    #[test]
    fn a_kind_of_device_is_counted_per_address_and_a_device_everywhere() {
        let (here, there) = ("203.0.113.7".parse().ok(), "203.0.113.8".parse().ok());
        let of = |scope, address| Sighted::fingerprint(&KEY, "phone", scope, address);
        let (kind, device) = (FingerprintScope::AtOneAddress, FingerprintScope::Everywhere);
        assert_ne!(of(kind, here), of(kind, there));
        assert_eq!(of(kind, None), None);
        assert_eq!(of(device, here), of(device, there));
        assert!(of(device, None).is_some());
    }

    #[test]
    fn those_who_leave_the_fingerprint_out_are_counted_together_where_they_are() {
        let (here, there) = ("203.0.113.7".parse().ok(), "203.0.113.8".parse().ok());
        for scope in [FingerprintScope::AtOneAddress, FingerprintScope::Everywhere] {
            let without = |address| Sighted::fingerprint(&KEY, "", scope, address);
            assert!(without(here).is_some(), "{scope:?}");
            assert_ne!(without(here), without(there), "{scope:?}");
            assert_ne!(
                without(here),
                Sighted::fingerprint(&KEY, "phone", scope, here),
                "{scope:?}"
            );
            assert_eq!(without(None), None, "{scope:?}");
        }
    }

    #[test]
    fn another_event_has_other_hashes() {
        let other = EventKey(Bytes32([4; 32]));
        let address = "203.0.113.7".parse().unwrap();
        assert_ne!(Sighted::address(&KEY, address), Sighted::address(&other, address));
    }
}
