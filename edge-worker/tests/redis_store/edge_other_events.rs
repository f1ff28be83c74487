//! What the edge's own addresses say of events that are not of the site at the host.

use http::{Method, header};
use serde_json::json;

use crate::{
    edge::Edge,
    harness::{Event, stack_redis},
};

#[tokio::test]
async fn the_addresses_beside_a_site_know_its_own_events_and_no_others() {
    let mut edge = Edge::new(&stack_redis());
    let own = Event::on_sale_in(3_600_000).open(&edge.store()).await;
    let other = Event::on_sale_in(3_600_000).open(&edge.store()).await;
    // The ticket of an event of the shop, which was at this host until now.
    let ticket = edge.join(&other.id, "fan").await["queue_token"]
        .as_str()
        .unwrap()
        .to_owned();
    edge.in_front_of_a_site(&own.id);

    for path in ["queue", "schedule", "draws"] {
        let uri = |event: &Event| format!("/.stanchion/api/v1/events/{}/{path}", event.id);
        assert_eq!(edge.ask(Method::GET, &uri(&own), "fan", None).await.0, 200, "{path}");
        let (status, told) = edge.ask(Method::GET, &uri(&other), "fan", None).await;
        assert_eq!((status, &told["error"]), (404, &json!("event_unknown")), "{path}");
    }
    let challenge = format!("/.stanchion/api/v1/queue/challenge?event_id={}", other.id);
    let status = format!("/.stanchion/api/v1/queue/status?token={ticket}");
    let join = json!({ "event_id": other.id, "device_fingerprint": "", "captcha_token": "" });
    let join_with_more =
        json!({ "event_id": other.id, "device_fingerprint": "", "captcha_token": "", "queue_token": 5 });
    let leave = json!({ "queue_token": ticket });
    let leave_with_more = json!({ "queue_token": ticket, "event_id": [own.id] });
    for (method, uri, body) in [
        (Method::GET, challenge.as_str(), None),
        (Method::GET, status.as_str(), None),
        (Method::POST, "/.stanchion/api/v1/queue/join", Some(join)),
        (Method::POST, "/.stanchion/api/v1/queue/join", Some(join_with_more)),
        (Method::POST, "/.stanchion/api/v1/queue/leave", Some(leave)),
        (Method::POST, "/.stanchion/api/v1/queue/leave", Some(leave_with_more)),
    ] {
        let (status, told) = edge.ask(method, uri, "fan", body).await;
        assert_eq!(
            (status, &told["error"]),
            (404, &json!("event_unknown")),
            "{uri}: {told}"
        );
    }
    for form in ["join", "leave"] {
        let body = format!("event_id={}&to=%2F", other.id).into_bytes();
        let request = http::Request::builder()
            .method(Method::POST)
            .uri(format!("/.stanchion/{form}"))
            .header("sec-fetch-site", "same-origin")
            .header(header::COOKIE, format!("stanchion-ticket.{}={ticket}", other.id));
        let answer = edge.answer(request.body(body).unwrap()).await;
        assert_eq!(answer.status(), 404, "{form}");
    }
    let left = http::Request::builder().uri(format!("/.stanchion/left?event_id={}&to=%2F", other.id));
    assert_eq!(edge.answer(left.body(Vec::new()).unwrap()).await.status(), 404);
}
