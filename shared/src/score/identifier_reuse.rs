//! Identifier reuse: how many people used the same fingerprint or address in an event.
//!
//! Only a keyed hash of an identifier is ever stored.

use std::net::IpAddr;

use hmac::{Hmac, KeyInit, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::{
    ids::{EventKey, Shard, ShardCount, Tag},
    network::{self, Network},
    policy::FingerprintScope,
};

/// An identifier as a keyed hash: the first 16 bytes of HMAC-SHA-256(event key, kind || 0x00 ||
/// value). Like a tag, it belongs to one shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Identifier(pub Tag);

impl Identifier {
    /// The identifiers of the networks around an address, the narrowest first. The first is the
    /// address itself, in IPv6 its /64. None for addresses that are not public.
    #[must_use]
    pub fn networks(key: &EventKey, address: IpAddr) -> Vec<Identifier> {
        let networks = network::around(address);
        let hashed = |network: &Network| hash(key, "network", &[network.as_bytes()]);
        networks.iter().map(hashed).collect()
    }

    /// The identifier of a fingerprint, by what fingerprints distinguish in the event. `None` if the
    /// client sent no fingerprint, because saying nothing costs nothing; and if it cannot be counted
    /// without an address.
    #[must_use]
    pub fn fingerprint(
        key: &EventKey,
        fingerprint: &str,
        scope: FingerprintScope,
        address: Option<IpAddr>,
    ) -> Option<Identifier> {
        if fingerprint.is_empty() {
            return None;
        }
        match scope {
            FingerprintScope::Everywhere => Some(hash(key, "device", &[fingerprint.as_bytes()])),
            FingerprintScope::AtOneAddress => {
                let networks = network::around(address?);
                let parts = [networks.first()?.as_bytes(), fingerprint.as_bytes()];
                Some(hash(key, "kind of device", &parts))
            }
        }
    }

    /// The shard that counts it.
    #[must_use]
    pub fn shard(self, shards: ShardCount) -> Shard {
        self.0.shard(shards)
    }
}

fn hash(key: &EventKey, kind: &str, parts: &[&[u8]]) -> Identifier {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0.0).expect("HMAC takes keys of any length");
    mac.update(b"stanchion/identifier/v1\0");
    mac.update(kind.as_bytes());
    mac.update(&[0]);
    parts.iter().for_each(|part| mac.update(part));
    let digest = mac.finalize().into_bytes();
    Identifier(Tag(digest[..16].try_into().expect("SHA-256 has 32 bytes")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Bytes32;

    const KEY: EventKey = EventKey(Bytes32([3; 32]));

    #[test]
    fn a_kind_of_device_is_counted_per_address_and_a_device_everywhere() {
        let (here, there) = ("203.0.113.7".parse().ok(), "203.0.113.8".parse().ok());
        let of = |scope, address| Identifier::fingerprint(&KEY, "phone", scope, address);
        let (kind, device) = (FingerprintScope::AtOneAddress, FingerprintScope::Everywhere);
        assert_ne!(of(kind, here), of(kind, there));
        assert_eq!(of(kind, None), None);
        assert_eq!(of(device, here), of(device, there));
        assert!(of(device, None).is_some());
    }

    #[test]
    fn a_fingerprint_that_is_left_out_is_not_counted() {
        for scope in [FingerprintScope::AtOneAddress, FingerprintScope::Everywhere] {
            assert_eq!(
                Identifier::fingerprint(&KEY, "", scope, "203.0.113.7".parse().ok()),
                None,
                "{scope:?}"
            );
        }
    }

    #[test]
    fn the_networks_of_an_address_are_the_narrowest_first() {
        let of = |address: &str| Identifier::networks(&KEY, address.parse().unwrap());
        let (here, neighbour) = (of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_eq!(here.len(), 3);
        assert_ne!(here[0], neighbour[0]);
        assert_eq!(here[1..], neighbour[1..]);
        assert_eq!((of("203.0.113.7").len(), of("127.0.0.1").len()), (1, 0));
    }

    #[test]
    fn another_event_has_other_hashes() {
        let other = EventKey(Bytes32([4; 32]));
        let address = "203.0.113.7".parse().unwrap();
        assert_ne!(
            Identifier::networks(&KEY, address),
            Identifier::networks(&other, address)
        );
    }
}
