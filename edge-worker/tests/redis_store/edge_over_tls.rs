//! The application in front of a protected site, as it runs in production: over TLS.

use http::{HeaderMap, header};
use stanchion_edge::app::{self, Answer};

use crate::{
    edge::Edge,
    harness::Event,
    server::{Keeps, Server},
};

/// The headers of the waiting page for a browser with these cookies.
async fn waiting_page(edge: &Edge, cookies: &str) -> HeaderMap {
    let request = http::Request::builder()
        .uri("https://shop.example/seats")
        .header(header::ACCEPT, "text/html")
        .header(header::COOKIE, cookies);
    let response = match app::handle(edge, request.body(Vec::new()).unwrap()).await {
        Answer::Own(response) => response,
        Answer::Site(answer) => match answer.into_parts().2 {},
    };
    assert_eq!(response.status(), 503);
    response.headers().clone()
}

#[tokio::test]
async fn over_tls_cookies_are_such_that_no_other_host_can_set_and_no_others_are_understood() {
    let server = Server::start(Keeps::EveryWrite).await;
    let mut edge = Edge::new(&server.url());
    let mut event = Event::on_sale_in(3_600_000);
    event.put.settings.policy.identity.anonymous = true;
    let event = event.open(&edge.store()).await;
    edge.in_front_of_a_site(&event.id);
    for (secure, prefix) in [(true, "__Host-stanchion-visitor="), (false, "stanchion-visitor=")] {
        edge.over_tls(secure);
        let page = waiting_page(&edge, "").await;
        let set = page[header::SET_COOKIE].to_str().unwrap();
        assert!(set.starts_with(prefix), "{set}");
        assert!(set.contains("; Path=/; ") && !set.contains("Domain"), "{set}");
        assert_eq!(set.ends_with("; Secure"), secure, "{set}");
        assert_eq!(page.contains_key(header::STRICT_TRANSPORT_SECURITY), secure);
        let (cookie, _) = set.split_once(';').unwrap();
        let other = match secure {
            true => cookie.replacen("__Host-", "", 1),
            false => format!("__Host-{cookie}"),
        };
        // A browser that is known is not made another visitor.
        assert!(!waiting_page(&edge, cookie).await.contains_key(header::SET_COOKIE));
        assert!(waiting_page(&edge, &other).await.contains_key(header::SET_COOKIE));
        // Whatever stands before it under the same name.
        let tossed = format!("{prefix}x; {cookie}");
        assert!(!waiting_page(&edge, &tossed).await.contains_key(header::SET_COOKIE));
    }
}
