//! Which headers travel to a protected site and back. [`STAY`] is the whole rule for requests: what
//! it does not name travels as it came, byte for byte, and what it names the edge makes itself or
//! nobody makes. Only cookies are taken apart.

use std::{collections::HashSet, net::IpAddr};

use http::{HeaderMap, HeaderName, HeaderValue, header};

use super::proxy::CLIENT_ADDRESS;
use crate::{
    app::http::{cookie, headers::SHOP_TOKEN_HEADER},
    platform::HttpRequest,
};

/// Why a header of a client does not travel to the site.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Why {
    /// It belongs to one connection (RFC 9110, section 7.6.1), or the next hop makes it anew.
    Connection,
    /// It says who sends the request, by which address or protocol. The edge says that itself.
    Forwarding,
    /// By it some servers and frameworks read another path or method than the gate judged.
    Override,
    /// It is Stanchion's.
    Stanchion,
    /// The edge's runtime adds it for the edge.
    Runtime,
}

/// The names that stay at the edge; one that ends with `*` stands for all names that begin so.
/// Programs behind CGI (RFC 3875, section 4.1.18) see `-` as `_`, and some see every other sign as
/// `_`. So a name stays with all its look-alikes: `X_Forwarded_For`, `Shop.Token`.
const STAY: &[(Why, &[&str])] = &[
    (
        Why::Connection,
        &[
            "connection",
            "content-length",
            "expect",
            "host",
            "http2-settings",
            "keep-alive",
            "proxy",
            "proxy-authenticate",
            "proxy-authorization",
            "proxy-connection",
            "te",
            "trailer",
            "transfer-encoding",
            "upgrade",
        ],
    ),
    (
        Why::Forwarding,
        &[
            "cf-connecting-ip*",
            "cf-pseudo-ipv4",
            "cf-visitor",
            "client-ip",
            "do-connecting-ip",
            "fastly-client-ip",
            "fly-client-ip",
            "forwarded",
            "forwarded-for",
            "front-end-https",
            "http-client-ip",
            "http-x-forwarded-for",
            "proxy-client-ip",
            "remote-addr",
            "remote-user",
            "true-client-ip",
            "wl-proxy-client-ip",
            "x-appengine-user-ip",
            "x-azure-clientip",
            "x-azure-socketip",
            "x-client-ip",
            "x-cluster-client-ip",
            "x-forwarded",
            "x-forwarded-*",
            "x-host",
            "x-http-host-override",
            "x-nf-client-connection-ip",
            "x-originating-ip",
            "x-real-ip",
            "x-remote-addr",
            "x-remote-ip",
            "x-remote-user",
            "x-scheme",
            "x-url-scheme",
            "x-vercel-forwarded-for",
        ],
    ),
    (
        Why::Override,
        &[
            "path-info",
            "request-uri",
            "script-name",
            "x-envoy-original-path",
            "x-http-method",
            "x-http-method-override",
            "x-http-path-override",
            "x-invoke-path",
            "x-matched-path",
            "x-method-override",
            "x-middleware-*",
            "x-ms-original-url",
            "x-original-*",
            "x-override-url",
            "x-request-uri",
            "x-rewrite-*",
            "x-script-name",
            "x-waws-unencoded-url",
        ],
    ),
    (Why::Stanchion, &["queue-token", "shop-token", "stanchion-*"]),
    (Why::Runtime, &["cf-blob", "cf-worker", "spin-*"]),
];

/// What the edge says of the client.
pub(super) struct Client<'a> {
    /// The address that the runtime's front saw.
    pub(super) address: Option<IpAddr>,
    /// Whether the client reached the edge over TLS.
    pub(super) secure: bool,
    /// The host that it asked for.
    pub(super) host: Option<&'a HeaderValue>,
}

/// The headers of a request as they travel to the site.
pub(super) fn to_site(request: &HttpRequest, client: &Client<'_>, shop_token: Option<&str>) -> HeaderMap {
    let named = named_in_connection(request.headers());
    let travels = |name: &HeaderName| *name != header::COOKIE && why_it_stays(name).is_none() && !named.contains(name);
    let mut headers: HeaderMap = HeaderMap::new();
    for (name, value) in request.headers().iter().filter(|(name, _)| travels(name)) {
        headers.append(name, value.clone());
    }
    if let Some(cookies) = cookie::foreign(request).filter(|_| !named.contains(&header::COOKIE)) {
        headers.insert(header::COOKIE, cookies);
    }
    add_forwarding(&mut headers, client);
    if let Some(token) = shop_token.and_then(|token| HeaderValue::from_str(token).ok()) {
        headers.insert(SHOP_TOKEN_HEADER, token);
    }
    headers
}

/// Takes out of the site's answer what a CDN follows more than `Cache-Control` (RFC 9213, the Edge
/// Architecture Specification, and nginx).
pub(super) fn forbid_caches_of_cdns(headers: &mut HeaderMap) {
    let names: Vec<HeaderName> = headers.keys().cloned().collect();
    let is_for_cdns = |name: &str| {
        name.ends_with("cdn-cache-control")
            || ["surrogate-control", "edge-control", "expires", "x-accel-expires"].contains(&name)
    };
    for name in names.iter().filter(|name| is_for_cdns(name.as_str())) {
        headers.remove(name);
    }
}

/// Takes out of the site's answer what belongs to the connection between edge and site.
pub(super) fn from_site(headers: &mut HeaderMap) {
    for name in named_in_connection(headers) {
        headers.remove(name);
    }
    let connection = STAY.iter().filter(|(why, _)| *why == Why::Connection);
    for name in connection.flat_map(|(_, names)| *names) {
        // An answer's content has the length that it says.
        if *name != header::CONTENT_LENGTH.as_str() {
            headers.remove(*name);
        }
    }
}

fn why_it_stays(name: &HeaderName) -> Option<Why> {
    // It frames the content, which passes as it is. Its look-alikes stay.
    if *name == header::CONTENT_LENGTH {
        return None;
    }
    let seen: String = name
        .as_str()
        .chars()
        .map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '-' })
        .collect();
    let means = |pattern: &&str| match pattern.strip_suffix('*') {
        Some(prefix) => seen.starts_with(prefix),
        None => seen == **pattern,
    };
    let stays = STAY.iter().find(|(_, names)| names.iter().any(means));
    stays.map(|(why, _)| *why)
}

/// The headers that `Connection` names as belonging to the connection.
fn named_in_connection(headers: &HeaderMap) -> HashSet<HeaderName> {
    let values = headers.get_all(header::CONNECTION).into_iter();
    let names = values.flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    names
        .filter_map(|name| HeaderName::from_bytes(name.trim_ascii()).ok())
        .collect()
}

/// RFC 7239, and the older names that most frameworks read.
fn add_forwarding(headers: &mut HeaderMap, client: &Client<'_>) {
    let proto = if client.secure { "https" } else { "http" };
    let mut forwarded = Vec::new();
    if let Some(address) = client.address {
        let text = HeaderValue::from_str(&address.to_string()).expect("addresses are ASCII");
        for name in ["x-forwarded-for", "x-real-ip"] {
            headers.insert(name, text.clone());
        }
        headers.insert(CLIENT_ADDRESS, text);
        forwarded.push(match address {
            IpAddr::V4(address) => format!("for={address}"),
            IpAddr::V6(address) => format!("for=\"[{address}]\""),
        });
    }
    if let Some(host) = client.host {
        headers.insert("x-forwarded-host", host.clone());
        // A host that would need escapes is none.
        let quotable = host.to_str().ok().filter(|host| !host.contains(['"', '\\']));
        forwarded.extend(quotable.map(|host| format!("host=\"{host}\"")));
    }
    headers.insert("x-forwarded-proto", HeaderValue::from_static(proto));
    forwarded.push(format!("proto={proto}"));
    if let Ok(forwarded) = HeaderValue::from_str(&forwarded.join(";")) {
        headers.insert(header::FORWARDED, forwarded);
    }
}

#[cfg(test)]
mod tests;
