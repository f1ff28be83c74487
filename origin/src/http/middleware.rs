//! What happens around every request: a span without query or tokens, a limit on requests at once,
//! and a time limit. A panic becomes an answer instead of a broken connection.

use std::{
    any::Any,
    convert::Infallible,
    time::{Duration, Instant},
};

use axum::{
    Router,
    extract::{FromRequestParts, MatchedPath, Request, State},
    http::request::Parts,
    middleware::{self, Next},
    response::{IntoResponse, Response},
};
use tower_http::{catch_panic::CatchPanicLayer, trace::TraceLayer};
use tracing::{Level, Span};

use super::ErrorResponse;
use crate::state::SharedApp;

/// How long a request may take; then it is dropped with 503 `timeout`. A handler that has a better
/// answer looks at [`Arrived`] and gives it earlier.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// When a request came in: its [`REQUEST_TIMEOUT`] runs from here.
#[derive(Clone, Copy, Debug)]
pub struct Arrived(pub Instant);

impl<S: Send + Sync> FromRequestParts<S> for Arrived {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Infallible> {
        // limit_time wraps every route; without it no time runs yet.
        Ok(parts.extensions.get().copied().unwrap_or(Arrived(Instant::now())))
    }
}

/// Wraps all routes; the last layer here is the first to see a request.
pub(crate) fn wrap(routes: Router<SharedApp>, app: &SharedApp) -> Router<SharedApp> {
    routes
        .layer(middleware::from_fn(limit_time))
        .layer(middleware::from_fn_with_state(app.clone(), limit_load))
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(
            TraceLayer::new_for_http()
                .make_span_with(request_span)
                .on_response(log_response),
        )
}

/// Names the route's pattern, not the URI: a query may contain a queue ticket, a path an order.
fn request_span(request: &Request) -> Span {
    let route = request
        .extensions()
        .get::<MatchedPath>()
        .map_or("none", MatchedPath::as_str);
    tracing::span!(Level::INFO, "request", method = %request.method(), route)
}

fn log_response(response: &Response, latency: Duration, _: &Span) {
    tracing::debug!(
        status = response.status().as_u16(),
        millis = latency.as_millis(),
        "answered"
    );
}

async fn limit_time(mut request: Request, next: Next) -> Response {
    request.extensions_mut().insert(Arrived(Instant::now()));
    match tokio::time::timeout(REQUEST_TIMEOUT, next.run(request)).await {
        Ok(response) => response,
        Err(_) => ErrorResponse::unavailable("timeout", "This took too long: try again.").into_response(),
    }
}

async fn limit_load(State(app): State<SharedApp>, request: Request, next: Next) -> Response {
    match app.in_flight.try_acquire() {
        Ok(_permit) => next.run(request).await,
        Err(_) => ErrorResponse::unavailable("overloaded", "Too many requests at once: try again in a moment.")
            .into_response(),
    }
}

fn answer_panic(panic: Box<dyn Any + Send + 'static>) -> Response {
    let said = panic
        .downcast_ref::<String>()
        .map(String::as_str)
        .or_else(|| panic.downcast_ref::<&str>().copied());
    ErrorResponse::internal(format_args!("a handler panicked: {}", said.unwrap_or("without words"))).into_response()
}

#[cfg(test)]
mod tests {
    use axum::{body::Body, body::to_bytes, http::StatusCode, routing::get};
    use tokio::time::sleep;
    use tower::ServiceExt;

    use super::*;

    async fn ask(routes: Router) -> (StatusCode, String) {
        let answer = routes.oneshot(Request::new(Body::empty())).await.unwrap();
        let (status, body) = (answer.status(), to_bytes(answer.into_body(), 1_000).await.unwrap());
        (status, String::from_utf8(body.to_vec()).unwrap())
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_may_take_so_long_and_no_longer() {
        let routes = |takes| {
            let handler = move || async move {
                sleep(takes).await;
                "done"
            };
            Router::new()
                .route("/", get(handler))
                .layer(middleware::from_fn(limit_time))
        };
        let millisecond = Duration::from_millis(1);
        assert_eq!(ask(routes(REQUEST_TIMEOUT - millisecond)).await.1, "done");
        let (status, body) = ask(routes(REQUEST_TIMEOUT + millisecond)).await;
        assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
        assert!(body.contains(r#""error":"timeout""#), "{body}");
    }

    #[tokio::test]
    async fn a_panic_becomes_an_answer_without_its_words() {
        async fn handler() -> &'static str {
            panic!("the secret is 42")
        }
        let routes = Router::new()
            .route("/", get(handler))
            .layer(CatchPanicLayer::custom(answer_panic));
        let (status, body) = ask(routes).await;
        assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
        assert!(body.contains(r#""error":"internal""#) && !body.contains("42"), "{body}");
    }
}
