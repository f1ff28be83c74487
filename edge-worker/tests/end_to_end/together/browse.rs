//! Public answers may be cached; answers for one fan may not.

use reqwest::{
    Method, Response, StatusCode,
    header::{
        ACCESS_CONTROL_ALLOW_CREDENTIALS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
        ACCESS_CONTROL_REQUEST_METHOD, CACHE_CONTROL, ETAG, HeaderName, IF_NONE_MATCH, ORIGIN,
    },
};
use stanchion_harness::{Edge, Event};

fn header(answer: &Response, name: HeaderName) -> Option<String> {
    answer
        .headers()
        .get(name)
        .map(|value| value.to_str().unwrap().to_owned())
}

async fn again(edge: &Edge, path: &str, tag: &str) -> Response {
    let request = edge.http.get(format!("{}{path}", edge.url)).header(IF_NONE_MATCH, tag);
    request.send().await.unwrap()
}

#[tokio::test]
async fn pages_and_browse_answers_are_not_sent_again_to_who_has_them() {
    let edge = Edge::new();
    for path in ["/", "/e/some-show", "/api/v1/events?q=nothing-of-this-name"] {
        let first = edge.get(path).await;
        assert_eq!(first.status(), StatusCode::OK, "{path}");
        let caching = header(&first, CACHE_CONTROL).unwrap();
        assert!(
            caching.starts_with("public, max-age=") || caching == "public, no-cache",
            "{path}"
        );
        let tag = header(&first, ETAG).unwrap();
        for tag in [tag.clone(), format!("\"other\", W/{tag}"), "*".to_owned()] {
            let same = again(&edge, path, &tag).await;
            assert_eq!(same.status(), StatusCode::NOT_MODIFIED, "{path} {tag}");
            assert!(header(&same, CACHE_CONTROL).is_some(), "{path}");
            assert_eq!(same.bytes().await.unwrap().len(), 0);
        }
        assert_eq!(again(&edge, path, "\"other\"").await.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn what_is_somebodys_own_is_never_kept() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(3_600_000));
    edge.open(&event, 100).await;
    let fan = edge.fan();
    let ticket = edge.join(&event.id, &fan).await.queue_token;
    let orders = edge
        .http
        .get(format!("{}/api/v1/orders", edge.url))
        .bearer_auth(&fan.token);
    for answer in [
        edge.challenge_response(&event.id, &fan).await,
        edge.status_response(Some(&fan), &ticket).await,
        orders.send().await.unwrap(),
    ] {
        assert!(
            header(&answer, CACHE_CONTROL).unwrap().contains("no-store"),
            "{}",
            answer.url()
        );
        assert_eq!(header(&answer, ETAG), None, "{}", answer.url());
    }
}

#[tokio::test]
async fn pages_of_other_sites_may_ask_by_tokens_and_never_by_cookies() {
    let (edge, event) = (Edge::new(), Event::on_sale_in(3_600_000));
    edge.open(&event, 100).await;
    let ask = async |method: Method, path: &str, wanted: Option<&str>| {
        let mut request = edge
            .http
            .request(method, format!("{}{path}", edge.url))
            .header(ORIGIN, "https://fans.example");
        if let Some(wanted) = wanted {
            request = request.header(ACCESS_CONTROL_REQUEST_METHOD, wanted);
        }
        request.send().await.unwrap()
    };
    // OPTIONS names the methods of every address; only the API's are for pages of other sites.
    for (path, wanted, status, allowed) in [
        ("/api/v1/queue/join", "POST", 204, Some("POST")),
        ("/api/v1/queue/status", "GET", 204, Some("GET, HEAD")),
        ("/api/v1/cart/seats", "DELETE", 204, Some("POST, DELETE")),
        ("/api/v1/control/events/a", "PUT", 204, None),
        ("/api/v1/nothing", "GET", 404, None),
        ("/", "GET", 204, None),
    ] {
        let answer = ask(Method::OPTIONS, path, Some(wanted)).await;
        assert_eq!(
            header(&answer, ACCESS_CONTROL_ALLOW_METHODS).as_deref(),
            allowed,
            "{path}"
        );
        assert_eq!(header(&answer, ACCESS_CONTROL_ALLOW_CREDENTIALS), None);
        assert_eq!(answer.status().as_u16(), status, "{path}");
    }
    let queue = format!("/api/v1/events/{}/queue", event.id);
    for (path, any) in [
        (queue.as_str(), true),
        ("/.well-known/jwks.json", true),
        ("/", false),
        ("/api/v1/queue/status", true),
    ] {
        let answer = ask(Method::GET, path, None).await;
        let expected = any.then(|| "*".to_owned());
        assert_eq!(header(&answer, ACCESS_CONTROL_ALLOW_ORIGIN), expected, "{path}");
    }
    // What caches keep says so to everybody: they do not ask who reads it next.
    assert_eq!(
        header(&edge.get(&queue).await, ACCESS_CONTROL_ALLOW_ORIGIN).as_deref(),
        Some("*")
    );
}
