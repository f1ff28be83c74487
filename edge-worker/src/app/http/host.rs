//! The host that a request is for, as the runtime shows it. By it a request finds its site, so one
//! that can be read in two ways is none.

use http::{header, uri::Scheme};
use stanchion_shared::policy::gate::Host;

use super::headers::header_text;
use crate::platform::{HttpRequest, Platform};

/// Ports that count where none is named (RFC 9110, sections 4.2.1 and 4.2.2).
const HTTP_PORT: u16 = 80;
const HTTPS_PORT: u16 = 443;

/// Whether the client reached the edge over TLS. A proxy in front may have ended it.
pub(crate) fn is_secure<P: Platform>(platform: &P, request: &HttpRequest) -> bool {
    platform.config().secure_cookies || request.uri().scheme() == Some(&Scheme::HTTPS)
}

/// The host of a request. `None`: it names none, or its header and its address name different ones.
pub(crate) fn of<P: Platform>(platform: &P, request: &HttpRequest) -> Option<Host> {
    read(request, is_secure(platform, request))
}

fn read(request: &HttpRequest, secure: bool) -> Option<Host> {
    let default_port = if secure { HTTPS_PORT } else { HTTP_PORT };
    let parse = |text: &str| Host::parse(text, default_port);
    let in_address = request.uri().authority().map(|authority| parse(authority.as_str()));
    let in_header = match request.headers().contains_key(header::HOST) {
        true => Some(header_text(request, header::HOST.as_str()).and_then(parse)),
        false => None,
    };
    match (in_header, in_address) {
        (Some(header), Some(address)) => header.filter(|header| address.as_ref() == Some(header)),
        (one, other) => one.or(other)?,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn host(uri: &str, headers: &[&str], secure: bool) -> Option<Host> {
        let mut request = http::Request::builder().uri(uri);
        for host in headers {
            request = request.header("host", *host);
        }
        read(&request.body(Vec::new()).unwrap(), secure)
    }

    #[test]
    fn a_host_is_in_the_header_or_in_the_address_and_the_same_in_both() {
        let shop = Host::parse("shop.example:443", 443);
        assert!(shop.is_some());
        for (uri, headers) in [
            ("/a", &["shop.example"][..]),
            ("https://shop.example/a", &[]),
            ("https://shop.example/a", &["Shop.Example.:443"]),
        ] {
            assert_eq!(host(uri, headers, true), shop, "{uri} {headers:?}");
        }
        for (uri, headers) in [
            ("/a", &[][..]),
            ("/a", &[""]),
            ("/a", &["shop.example, evil.example"]),
            ("https://shop.example/a", &["evil.example"]),
            ("https://shop.example/a", &["shop.example:8443"]),
            ("https://shop.example/a", &[""]),
            ("https://user@shop.example/a", &[]),
        ] {
            assert_eq!(host(uri, headers, true), None, "{uri} {headers:?}");
        }
    }

    #[test]
    fn without_tls_the_usual_port_is_another() {
        assert_eq!(
            host("/a", &["shop.example"], false),
            Host::parse("shop.example:80", 443)
        );
    }
}
