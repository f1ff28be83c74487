//! Requests of a form that is not ours.

use std::time::Duration;

use reqwest::{Method, header};
use serde_json::json;
use stanchion_harness::{Edge, Event, refusal, variable};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

/// Spin refuses a header value that is not UTF-8 by itself: the edge never hears of the request. It is the one difference between
/// the runtimes' answers.
#[tokio::test]
async fn a_header_value_that_is_not_text_is_no_credential() {
    let edge = Edge::new();
    let by_spin = variable("STANCHION_STACK_RUNTIME") == "spin";
    for (path, name, value, status, word) in [
        (
            "/api/v1/queue/status",
            "queue-token",
            &b"caf\xe9"[..],
            400,
            "ticket_missing",
        ),
        (
            "/api/v1/queue/challenge?event_id=no-such-event",
            "authorization",
            &b"Bearer \xff"[..],
            404,
            "event_unknown",
        ),
    ] {
        let value = header::HeaderValue::from_bytes(value).unwrap();
        let request = edge.http.get(format!("{}{path}", edge.url)).header(name, value);
        let answer = request.send().await.unwrap();
        if by_spin {
            assert_eq!(answer.status(), 500);
            assert!(answer.bytes().await.unwrap().is_empty());
        } else {
            assert_eq!(refusal(answer).await, (status, word.to_owned()));
        }
    }
}

/// A client that sends a byte now and then holds no instance of the edge for long.
#[tokio::test]
async fn a_body_that_does_not_come_is_refused() {
    let edge = Edge::new();
    let host = edge.url.strip_prefix("http://").unwrap();
    let mut connection = TcpStream::connect(host).await.unwrap();
    let head = format!(
        "POST /api/v1/queue/join HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: 100\r\n\r\n{{"
    );
    connection.write_all(head.as_bytes()).await.unwrap();
    let mut answer = vec![0; 4_096];
    let read = connection.read(&mut answer);
    let read = tokio::time::timeout(Duration::from_secs(60), read)
        .await
        .expect("an answer");
    let answer = String::from_utf8_lossy(&answer[..read.unwrap()]);
    assert!(answer.starts_with("HTTP/1.1 408 "), "{answer}");
}

/// An answer in chunks costs a client on a kept connection 40 ms where a runtime leaves Nagle's algorithm on, as Spin does: the
/// last chunk waits for the client's delayed acknowledgement.
#[tokio::test]
async fn every_answer_has_a_length() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(60_000));
    edge.open(&event, 0).await;
    let fan = edge.fan();
    let id = &event.id;
    for path in [
        "/",
        "/check",
        "/nothing",
        "/healthz",
        "/.well-known/jwks.json",
        &format!("/api/v1/events/{id}/queue"),
        &format!("/api/v1/events/{id}/schedule"),
        &format!("/api/v1/events/{id}/draws/0"),
        "/api/v1/events",
        "/api/v1/queue/status?token=nonsense",
        "/api/v1/cart",
    ] {
        let answer = edge.get(path).await;
        let length = answer.headers().get(header::CONTENT_LENGTH).cloned();
        let length: usize = length.expect(path).to_str().unwrap().parse().unwrap();
        assert_eq!(answer.bytes().await.unwrap().len(), length, "{path}");
    }
    let challenge = edge.challenge_response(id, &fan).await;
    assert!(challenge.headers().contains_key(header::CONTENT_LENGTH));
    let solved = edge.solved(id, &fan).await;
    let joined = edge.join_with(id, &fan, &solved).await;
    assert!(joined.headers().contains_key(header::CONTENT_LENGTH));
    // There is none where HTTP forbids one (RFC 9110, section 8.6).
    let preflight = edge
        .http
        .request(Method::OPTIONS, format!("{}/api/v1/queue/join", edge.url))
        .header(header::ORIGIN, "https://elsewhere.example")
        .header(header::ACCESS_CONTROL_REQUEST_METHOD, "POST");
    let preflight = preflight.send().await.unwrap();
    assert_eq!(preflight.status(), 204);
    assert!(!preflight.headers().contains_key(header::CONTENT_LENGTH));
}

#[tokio::test]
async fn addresses_methods_and_bodies_that_are_not_ours_are_refused() {
    let edge = Edge::new();
    let fan = edge.fan();
    let long = "x".repeat(2_100);
    let large = format!("{{\"event_id\":\"{}\"}}", "x".repeat(16 * 1024));
    let json = "application/json";
    // (method, path, content type, body, status, word)
    let cases = [
        (Method::GET, "/nothing", None, "", 404, "not_found"),
        (Method::GET, "/assets/nothing.js", None, "", 404, "not_found"),
        (Method::GET, "/api/v1/admin/events", None, "", 404, "not_found"),
        (Method::POST, "/api/v1/admin/events", Some(json), "{}", 404, "not_found"),
        (Method::GET, "/api/v1/queue/join", None, "", 405, "method_not_allowed"),
        (Method::DELETE, "/api/v1/checkout", None, "", 405, "method_not_allowed"),
        (Method::GET, &long, None, "", 414, "uri_too_long"),
        (
            Method::GET,
            "/api/v1/events/UPPER/queue",
            None,
            "",
            404,
            "event_unknown",
        ),
        (
            Method::GET,
            "/api/v1/events/no-such-event/queue",
            None,
            "",
            404,
            "event_unknown",
        ),
        (
            Method::GET,
            "/api/v1/events/no-such-event/schedule",
            None,
            "",
            404,
            "event_unknown",
        ),
        (
            Method::GET,
            "/api/v1/events/no-such-event/draws/0",
            None,
            "",
            404,
            "event_unknown",
        ),
        (Method::GET, "/api/v1/queue/status", None, "", 400, "ticket_missing"),
        (
            Method::GET,
            "/api/v1/queue/status?token=nonsense",
            None,
            "",
            401,
            "ticket_invalid",
        ),
        (
            Method::GET,
            "/api/v1/queue/challenge",
            None,
            "",
            400,
            "event_id_missing",
        ),
        (
            Method::GET,
            "/api/v1/queue/challenge?event_id=no-such-event",
            None,
            "",
            404,
            "event_unknown",
        ),
        (
            Method::POST,
            "/api/v1/queue/join",
            None,
            "{}",
            415,
            "unsupported_media_type",
        ),
        (
            Method::POST,
            "/api/v1/queue/join",
            Some("text/plain"),
            "{}",
            415,
            "unsupported_media_type",
        ),
        (
            Method::POST,
            "/api/v1/queue/join",
            Some(json),
            "",
            400,
            "malformed_body",
        ),
        (
            Method::POST,
            "/api/v1/queue/join",
            Some(json),
            "{",
            400,
            "malformed_body",
        ),
        (
            Method::POST,
            "/api/v1/queue/join",
            Some(json),
            "{\"event_id\":1}",
            400,
            "malformed_body",
        ),
        (
            Method::POST,
            "/api/v1/queue/join",
            Some(json),
            &large,
            413,
            "body_too_large",
        ),
        (
            Method::POST,
            "/api/v1/queue/leave",
            Some(json),
            "{\"queue_token\":\"x\"}",
            401,
            "ticket_invalid",
        ),
    ];
    for (method, path, content_type, body, status, word) in cases {
        let path = if path.starts_with('/') {
            path.to_owned()
        } else {
            format!("/{path}")
        };
        let mut request = edge
            .http
            .request(method.clone(), format!("{}{path}", edge.url))
            .bearer_auth(&fan.token);
        if let Some(content_type) = content_type {
            request = request.header(header::CONTENT_TYPE, content_type);
        }
        let request = if body.is_empty() {
            request
        } else {
            request.body(body.to_owned())
        };
        let answer = refusal(request.send().await.unwrap()).await;
        let shown: String = path.chars().take(60).collect();
        assert_eq!(answer, (status, word.to_owned()), "{method} {shown} {:.30}", body);
    }
}

#[tokio::test]
async fn a_device_fingerprint_has_a_limit() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(60_000));
    edge.open(&event, 0).await;
    let fan = edge.fan();
    let captcha = edge.solved(&event.id, &fan).await;
    let send = async |length: usize| {
        let body = json!({ "event_id": event.id, "device_fingerprint": "f".repeat(length), "captcha_token": captcha });
        let request = edge
            .http
            .post(format!("{}/api/v1/queue/join", edge.url))
            .bearer_auth(&fan.token);
        request.json(&body).send().await.unwrap()
    };
    assert_eq!(refusal(send(129).await).await, (422, "fingerprint_too_long".to_owned()));
    assert_eq!(send(128).await.status(), 200);
}
