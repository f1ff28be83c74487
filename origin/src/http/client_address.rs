//! The network address that a fan's request came from, as the edge saw it.

use std::net::{IpAddr, Ipv6Addr};

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, StatusCode, request::Parts},
};

use super::ErrorResponse;

/// Header with the address of the fan. Only the edge sets it: it drops one that a fan has sent, and
/// no other client reaches the origin.
pub const CLIENT_ADDRESS_HEADER: &str = "stanchion-client-address";

/// The fan's address; `None` where the edge does not know it. 400 `malformed_header` if it is no IP
/// address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientAddress(pub Option<IpAddr>);

impl ClientAddress {
    /// The network of one household: an IPv4 address, or the /64 of an IPv6 address. A household
    /// has 2^64 addresses of it.
    #[must_use]
    pub fn network(&self) -> Option<String> {
        self.0.map(|address| match address.to_canonical() {
            IpAddr::V4(address) => address.to_string(),
            IpAddr::V6(address) => {
                let network = Ipv6Addr::from_bits(address.to_bits() >> 64 << 64);
                format!("{network}/64")
            }
        })
    }

    fn read(headers: &HeaderMap) -> Result<ClientAddress, ErrorResponse> {
        let mut values = headers.get_all(CLIENT_ADDRESS_HEADER).iter();
        let address = match (values.next(), values.next()) {
            (None, _) => return Ok(ClientAddress(None)),
            (Some(value), None) => value.to_str().ok().and_then(|text| text.parse().ok()),
            (Some(_), Some(_)) => None,
        };
        address.map(|address| ClientAddress(Some(address))).ok_or_else(|| {
            let message = "The Stanchion-Client-Address header must be one IP address.";
            ErrorResponse::new(StatusCode::BAD_REQUEST, "malformed_header", message)
        })
    }
}

impl<S: Send + Sync> FromRequestParts<S> for ClientAddress {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ErrorResponse> {
        ClientAddress::read(&parts.headers)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn read(values: &[&'static str]) -> Result<ClientAddress, ErrorResponse> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(CLIENT_ADDRESS_HEADER, HeaderValue::from_static(value));
        }
        ClientAddress::read(&headers)
    }

    fn network(value: &'static str) -> Option<String> {
        read(&[value]).expect("an address").network()
    }

    #[test]
    fn a_household_is_an_ipv4_address_or_a_64_of_ipv6() {
        assert_eq!(network("192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(network("::ffff:192.0.2.7").as_deref(), Some("192.0.2.7"));
        assert_eq!(network("2001:db8:1:2:3:4:5:6"), network("2001:db8:1:2::1"));
        assert_ne!(network("2001:db8:1:2::1"), network("2001:db8:1:3::1"));
        assert_eq!(network("2001:db8:1:2::1").as_deref(), Some("2001:db8:1:2::/64"));
    }

    #[test]
    fn no_address_is_none_and_what_is_no_address_is_refused() {
        assert_eq!(read(&[]).unwrap().network(), None);
        for wrong in [
            &["fan"][..],
            &[""],
            &["192.0.2.7, 192.0.2.8"],
            &["192.0.2.7:80"],
            &["192.0.2.7", "192.0.2.8"],
        ] {
            assert_eq!(read(wrong).unwrap_err().word(), "malformed_header", "{wrong:?}");
        }
    }
}
