use super::*;

fn request(headers: &[(&str, &[u8])]) -> HttpRequest {
    let mut request = HttpRequest::new(Vec::new());
    for (name, value) in headers {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        request
            .headers_mut()
            .append(name, HeaderValue::from_bytes(value).unwrap());
    }
    request
}

fn passed(sent: &[(&str, &[u8])]) -> HeaderMap {
    let host = HeaderValue::from_static("shop.example");
    let client = Client {
        address: "192.0.2.7".parse().ok(),
        secure: true,
        host: Some(&host),
    };
    to_site(&request(sent), &client, None)
}

const OURS: [(&str, &str); 6] = [
    ("forwarded", "for=192.0.2.7;host=\"shop.example\";proto=https"),
    ("stanchion-client-address", "192.0.2.7"),
    ("x-forwarded-for", "192.0.2.7"),
    ("x-forwarded-host", "shop.example"),
    ("x-forwarded-proto", "https"),
    ("x-real-ip", "192.0.2.7"),
];

fn sorted(headers: &HeaderMap) -> Vec<(&str, &str)> {
    let text = |value: &'_ HeaderValue| str::from_utf8(value.as_bytes()).unwrap().to_owned().leak() as &str;
    let mut sorted: Vec<_> = headers
        .iter()
        .map(|(name, value)| (name.as_str(), text(value)))
        .collect();
    sorted.sort_unstable();
    sorted
}

#[test]
fn what_the_client_says_of_itself_never_travels_however_it_is_spelt() {
    for name in [
        "x-forwarded-for",
        "x-forwarded-host",
        "x-forwarded-proto",
        "x-forwarded-port",
        "x-forwarded-prefix",
        "x-forwarded-uri",
        "x-forwarded-path",
        "x_forwarded_for",
        "x.forwarded.for",
        "x-forwarded_for",
        "forwarded",
        "x-real-ip",
        "x_real_ip",
        "true-client-ip",
        "cf-connecting-ip",
        "cf-connecting-ipv6",
        "x-original-url",
        "x-original-uri",
        "x-rewrite-url",
        "x_rewrite_url",
        "x-http-method-override",
        "x-http-method",
        "x-method-override",
        "script-name",
        "x-envoy-original-path",
        "wl-proxy-client-ip",
        "Proxy-Client-IP",
        "x-azure-clientip",
        "fly-client-ip",
        "remote-user",
        "x-remote-user",
        "x-ms-original-url",
        "x-original-method",
        "x-original-forwarded-for",
        "x-rewrite-path",
        "x-middleware-rewrite",
        "x-matched-path",
        "http_x_forwarded_for",
        "shop-token",
        "shop_token",
        "shop.token",
        "queue-token",
        "queue~token",
        "stanchion-client-address",
        "stanchion_client_address",
        "stanchion-anything",
        "proxy",
        "proxy-authorization",
        "transfer_encoding",
        "content_length",
        "spin-path-info",
        "host",
    ] {
        assert_eq!(sorted(&passed(&[(name, b"forged")])), OURS, "{name}");
    }
}

#[test]
fn everything_else_travels_byte_for_byte() {
    let sent: [(&str, &[u8]); 6] = [
        ("accept-language", b"de, en;q=0.5"),
        ("authorization", b"Basic eDp5"),
        ("x-name", b"K\xf6ln, K\xc3\xb6ln"),
        ("x_custom", b"1"),
        ("cookie", b"city=K\xf6ln; stanchion-visitor=x; lang=en"),
        ("cf-ipcountry", b"DE"),
    ];
    let passed = passed(&sent);
    for (name, value) in sent {
        let expected: &[u8] = if name == "cookie" {
            b"city=K\xf6ln; lang=en"
        } else {
            value
        };
        assert_eq!(passed[name].as_bytes(), expected, "{name}");
    }
    assert_eq!(passed.len(), sent.len() + OURS.len());
}

#[test]
fn headers_of_the_connection_end_and_cannot_take_ours_with_them() {
    let sent: [(&str, &[u8]); 6] = [
        (
            "connection",
            b"close, X-Hop , x-forwarded-for, stanchion-client-address,",
        ),
        ("x-hop", b"1"),
        ("keep-alive", b"timeout=5"),
        ("te", b"trailers"),
        ("upgrade", b"h2c"),
        ("expect", b"100-continue"),
    ];
    assert_eq!(sorted(&passed(&sent)), OURS);
    let mut answer = request(&[
        ("connection", b"x-hop"),
        ("x-hop", b"1"),
        ("proxy-authenticate", b"Basic"),
        ("location", b"/caf\xc3\xa9"),
    ]);
    from_site(answer.headers_mut());
    assert_eq!(sorted(answer.headers()), [("location", "/caf\u{e9}")]);
}

#[test]
fn a_client_without_a_known_address_has_none() {
    let client = Client {
        address: None,
        secure: false,
        host: None,
    };
    let passed = to_site(&request(&[("x-forwarded-for", b"1.2.3.4")]), &client, Some("a.b.c"));
    let expected = [
        ("forwarded", "proto=http"),
        ("shop-token", "a.b.c"),
        ("x-forwarded-proto", "http"),
    ];
    assert_eq!(sorted(&passed), expected);
    let address: Option<IpAddr> = "2001:db8::7".parse().ok();
    let v6 = to_site(&request(&[]), &Client { address, ..client }, None);
    assert_eq!(v6[header::FORWARDED], "for=\"[2001:db8::7]\";proto=http");
}
