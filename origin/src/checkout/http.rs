//! `POST /api/v1/checkout`: 200 with the confirmed order, 202 with `Retry-After` while the order
//! has not ended, otherwise why there is no sale.
//!
//! Once an order has begun, its fan is always told about it: after [`ANSWER_AFTER`] the answer is
//! the order as it is then.

use std::time::Duration;

use axum::{
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
};
use stanchion_shared::wire::{CheckoutRequest, SESSION_HEADER, SessionWord};
use tokio::time::Instant;

use super::{
    CheckoutError,
    place_order::{PlacedOrder, place_order},
};
use crate::{
    cart::cart_id,
    database::ACQUIRE_TIMEOUT,
    http::{Arrived, ErrorResponse, IdempotencyKey, Json, REQUEST_TIMEOUT, ShopSession},
    state::SharedApp,
};

/// How long after its arrival a request is answered, if its order has not ended.
pub const ANSWER_AFTER: Duration = Duration::from_secs(20);
/// What is left of the request's time then. A last read of the order may need it: it is made
/// however late it has become, and PostgreSQL may let it wait.
pub const ANSWER_RESERVE: Duration = Duration::from_secs(5);
const _: () = assert!(ANSWER_AFTER.as_millis() + ANSWER_RESERVE.as_millis() <= REQUEST_TIMEOUT.as_millis());
const _: () = assert!(ACQUIRE_TIMEOUT.as_millis() < ANSWER_RESERVE.as_millis());
/// How long a fan should wait before asking again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

pub(crate) async fn checkout(
    State(app): State<SharedApp>,
    Arrived(arrived): Arrived,
    session: ShopSession,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<CheckoutRequest>,
) -> Result<Response, ErrorResponse> {
    let answer_at = Instant::from_std(arrived) + ANSWER_AFTER;
    let ticket_code_key = &app.config.ticket_code_key;
    // An old key may be sent again with the token of a newer session, which has bought nothing.
    let is_of_session = request.cart_id == cart_id(&session.claims);
    match place_order(&app.checkout(), session.claims, &key, request, answer_at).await {
        Ok(PlacedOrder::Confirmed(order)) => {
            // For the edge, which keeps it to itself.
            let word = is_of_session.then_some([(SESSION_HEADER, SessionWord::Bought.as_str())]);
            let answer = Json(order.answer(ticket_code_key));
            Ok(match word {
                Some(word) => (word, answer).into_response(),
                None => answer.into_response(),
            })
        }
        // The fan asks again with the same key, or reads the order.
        Ok(PlacedOrder::NotEnded(order)) => {
            let answer = Json(order.answer(ticket_code_key));
            Ok(with_retry_after((StatusCode::ACCEPTED, answer).into_response()))
        }
        Err(error @ CheckoutError::CartBusy) => Ok(with_retry_after(ErrorResponse::from(error).into_response())),
        Err(error) => Err(error.into()),
    }
}

fn with_retry_after(mut response: Response) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    response
}
