//! Requests that are passed on to the origin, and requests that the gate keeps from it.

use stanchion_harness::{Edge, Event};
use stanchion_shared::wire::StatusAnswer;

use super::{raw::Raw, transcript::Transcript};

/// Without a shop token.
pub(crate) async fn ask(edge: &Edge, transcript: &mut Transcript) {
    let fan = edge.fan_named(&format!("{}-origin", transcript.run()));
    for (asked, request) in [
        (
            "an event that is not there",
            Raw::new("GET", "/api/v1/events/no-such-event"),
        ),
        (
            "a search that is none",
            Raw::new("GET", "/api/v1/events?limit=nonsense"),
        ),
        ("orders of nobody", Raw::new("GET", "/api/v1/orders")),
        (
            "orders of nobody, with content that GET has no use for",
            Raw::new("GET", "/api/v1/orders").json("{}"),
        ),
        (
            "a registration as a verified fan by nobody",
            Raw::new("POST", "/api/v1/events/no-such-event/registration").json("{}"),
        ),
        (
            "a registration for an event that is not there",
            Raw::new("POST", "/api/v1/events/no-such-event/registration")
                .bearer(&fan.token)
                .json("{}"),
        ),
        (
            "a fan's standing at an event that is not there",
            Raw::new("GET", "/api/v1/events/no-such-event/registration").bearer(&fan.token),
        ),
        (
            "a pass for nobody",
            Raw::new("GET", "/api/v1/events/no-such-event/pass"),
        ),
        (
            "a pass for an event that is not there",
            Raw::new("GET", "/api/v1/events/no-such-event/pass").bearer(&fan.token),
        ),
        (
            "orders of a fan without any",
            Raw::new("GET", "/api/v1/orders").bearer(&fan.token),
        ),
        (
            "an order that is not there",
            Raw::new("GET", "/api/v1/orders/no-such-order").bearer(&fan.token),
        ),
        (
            "a ticket that is not there",
            Raw::new("GET", "/api/v1/tickets/no-such-ticket/qr.svg").bearer(&fan.token),
        ),
        (
            "a sign-up that is none",
            Raw::new("POST", "/api/v1/accounts").json("{}"),
        ),
        (
            "a sign-up without a type",
            Raw::new("POST", "/api/v1/accounts").body("{}"),
        ),
        ("a sign-in that is none", Raw::new("POST", "/api/v1/sessions").json("{")),
        (
            "a sign-in of nobody",
            Raw::new("POST", "/api/v1/sessions")
                .json(r#"{"email":"nobody@stanchion.test","password":"wrong password"}"#),
        ),
    ] {
        transcript.note(asked, request.send(&edge.url).await).await;
    }
    for (method, path) in [
        ("GET", "/api/v1/events/some-event/seats?section=A"),
        ("GET", "/api/v1/cart"),
        ("DELETE", "/api/v1/cart"),
        ("POST", "/api/v1/cart/seats"),
        ("DELETE", "/api/v1/cart/seats"),
        ("POST", "/api/v1/checkout"),
    ] {
        let without = Raw::new(method, path).send(&edge.url).await;
        transcript
            .note(&format!("{method} {path} without a shop token"), without)
            .await;
        for (what, token) in [("nonsense", "nonsense"), ("an account token", &fan.token)] {
            let refused = Raw::new(method, path).header("shop-token", token).send(&edge.url).await;
            transcript.note(&format!("{method} {path} with {what}"), refused).await;
        }
    }
}

/// With a shop token of `event`, which the origin does not know.
pub(crate) async fn with_session(edge: &Edge, transcript: &mut Transcript, event: &Event, session: &StatusAnswer) {
    let token = session.shop_token.as_deref().expect("the turn was claimed");
    let seats = format!("/api/v1/events/{}/seats?section=A", event.id);
    for (asked, request) in [
        ("seats with a shop token", Raw::new("GET", &seats)),
        (
            "seats of another event",
            Raw::new("GET", "/api/v1/events/some-event/seats?section=A"),
        ),
        ("the cart with a shop token", Raw::new("GET", "/api/v1/cart")),
        (
            "a seat for the cart that is none",
            Raw::new("POST", "/api/v1/cart/seats").json("{}"),
        ),
        (
            "a checkout that is none",
            Raw::new("POST", "/api/v1/checkout").json("{}"),
        ),
    ] {
        let answer = request.header("shop-token", token).send(&edge.url).await;
        transcript.note(asked, answer).await;
    }
}

/// The same token when its time is over.
pub(crate) async fn with_expired_session(edge: &Edge, transcript: &mut Transcript, session: &StatusAnswer) {
    let token = session.shop_token.as_deref().expect("the turn was claimed");
    let late = Raw::new("GET", "/api/v1/cart").header("shop-token", token);
    transcript
        .note("the cart with a shop token that is over", late.send(&edge.url).await)
        .await;
}
