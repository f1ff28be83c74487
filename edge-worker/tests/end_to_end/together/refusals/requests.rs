//! Requests of a form that is not ours.

use reqwest::{Method, header};
use serde_json::json;
use stanchion_harness::{Edge, Event, refusal};

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
