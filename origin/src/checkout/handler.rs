//! `POST /api/v1/checkout`. The answer to a key is the same however often it is sent: the first request makes the order,
//! every other waits for its end. 200 confirmed; 202 with `Retry-After` while it cannot be told yet; otherwise why not.
//!
//! Once an order has begun its fan is told about it, whatever takes long: the saga runs in a task of its own, and after
//! [`ANSWER_AFTER`] the answer is what is known of the order.

use std::time::Duration;

use axum::{
    Router,
    extract::State,
    http::{HeaderValue, StatusCode, header},
    response::{IntoResponse, Response},
    routing::post,
};
use sha2::{Digest, Sha256};
use stanchion_shared::{
    admission::ShopClaims,
    money::Minor,
    wire::{CheckoutRequest, OrderStatus},
};
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use super::{
    beginning::{self, Beginning, Begun},
    order::{Draft, OrderSeat, Pending},
    request,
    saga::{self, End},
};
use crate::{
    cart::{Cart, CartEntry, cart_id, checkout_in_progress, too_many_seats},
    clock,
    database::ACQUIRE_TIMEOUT,
    fraud,
    http::{Arrived, Error, IdempotencyKey, Json, REQUEST_TIMEOUT, ShopSession},
    inventory::EventStock,
    orders::view::OrderView,
    state::SharedApp,
};

/// How long after its arrival a request is answered 202, if its order has not ended.
pub const ANSWER_AFTER: Duration = Duration::from_secs(20);
/// What is left then of the request's time: for a first look at the order, which is made however late it has become, and
/// for which PostgreSQL may let it wait.
pub const ANSWER_RESERVE: Duration = Duration::from_secs(5);
const _: () = assert!(ANSWER_AFTER.as_millis() + ANSWER_RESERVE.as_millis() <= REQUEST_TIMEOUT.as_millis());
const _: () = assert!(ACQUIRE_TIMEOUT.as_millis() < ANSWER_RESERVE.as_millis());
/// Pauses between two looks at such an order, each twice as long as the one before: an order that takes long does so
/// because the provider does, and then thousands wait and look.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);
/// What a fan is told to wait before asking again, in seconds.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("2");

/// The route of this module.
pub fn router() -> Router<SharedApp> {
    Router::new().route("/api/v1/checkout", post(checkout))
}

async fn checkout(
    State(app): State<SharedApp>,
    arrived: Arrived,
    session: ShopSession,
    IdempotencyKey(key): IdempotencyKey,
    Json(request): Json<CheckoutRequest>,
) -> Result<Response, Error> {
    request::check(&request)?;
    let claims = session.claims;
    let hash = request::hash(&claims.event, &request);
    let stock = app.inventory.event(&app.database, &claims.event).await?;
    let cart = Cart::of(app.inventory.links(), &claims);
    let (used, entries) = tokio::join!(beginning::key_use(&app.database, &claims.sub, &key, &hash), cart.read());
    if let Some(used) = used? {
        return answer_to_used_key(&app, &claims.sub, used, answer_at(arrived)).await;
    }
    if request.cart_id != cart_id(&claims) {
        let message = "This is not the cart of your shopping session.";
        return Err(Error::new(StatusCode::FORBIDDEN, "cart_of_other_session", message));
    }
    let draft = new_order(&stock, &claims, cart.id, &entries?)?;
    let wish = Wish {
        draft,
        payment_token: request.payment.token,
        key: &key,
        hash: &hash,
    };
    begin(app, stock, claims, wish, answer_at(arrived)).await
}

/// When a request that came at `arrived` is answered at the latest.
fn answer_at(Arrived(arrived): Arrived) -> Instant {
    Instant::from_std(arrived) + ANSWER_AFTER
}

/// What a request asks for.
struct Wish<'a> {
    draft: Draft,
    payment_token: String,
    key: &'a str,
    hash: &'a [u8],
}

async fn begin(
    app: SharedApp,
    stock: std::sync::Arc<EventStock>,
    claims: ShopClaims,
    wish: Wish<'_>,
    answer_at: Instant,
) -> Result<Response, Error> {
    let Wish {
        draft,
        payment_token,
        key,
        hash,
    } = wish;
    let card_hash = (!fraud::is_shared_test_card(&payment_token)).then(|| Sha256::digest(&payment_token));
    let beginning = Beginning {
        draft: &draft,
        payment_token: &payment_token,
        claims: &claims,
        idempotency_key: key,
        request_hash: hash,
        card_hash: card_hash.as_ref().map(|hash| hash.as_slice()),
        per_person: stock.plan.per_person,
    };
    let (attempt, facts) = match beginning::begin(&app.database, &beginning).await? {
        Begun::Yes { attempt, facts } => (attempt, facts),
        Begun::TooMany => return Err(too_many_seats(&stock.plan)),
        Begun::CartBusy => return Ok(with_retry_after(checkout_in_progress().into_response())),
        used => return answer_to_used_key(&app, &claims.sub, used, answer_at).await,
    };
    let pending = Pending {
        order: draft.begun(attempt),
        payment_token,
    };
    let (begun, saga_app, subject) = (OrderView::pending(&pending.order), app.clone(), claims.sub.clone());
    let order_id = begun.order_id;
    // A task of its own: a fan who hangs up, or a request that runs out of time, stops nothing halfway.
    let saga = tokio::spawn(async move { saga::run(&saga_app, pending, facts, &claims).await });
    let Ok(end) = timeout_at(answer_at, saga).await else {
        return Ok(not_ended(&app, begun));
    };
    match end.map_err(Error::internal).flatten() {
        Ok(End::Confirmed(confirmed)) => Ok(confirmed_answer(&app, OrderView::confirmed(confirmed))),
        Ok(End::Failed(failed)) => Err(failed.failure.error(order_id)),
        Ok(End::InDoubt) => wait_for_end(&app, &subject, begun, answer_at).await,
        Err(error) => {
            // The order has begun all the same, and recovery will end it: that is what the fan must hear.
            tracing::error!(%error, order = %order_id, "a saga stopped in the middle");
            wait_for_end(&app, &subject, begun, answer_at).await
        }
    }
}

async fn answer_to_used_key(
    app: &SharedApp,
    account_id: &str,
    used: Begun,
    answer_at: Instant,
) -> Result<Response, Error> {
    match used {
        Begun::KeyUsed(order_id) => {
            let order = OrderView::by_id(&app.database, account_id, order_id).await?;
            let order = order.ok_or_else(|| Error::internal("an order is gone"))?;
            wait_for_end(app, account_id, order, answer_at).await
        }
        _ => {
            let message = "This Idempotency-Key was used for another request: take a new one.";
            Err(Error::new(
                StatusCode::UNPROCESSABLE_ENTITY,
                "idempotency_key_reused",
                message,
            ))
        }
    }
}

/// The order as it ended, or 202 at `answer_at` as it stood when it was last seen.
async fn wait_for_end(
    app: &SharedApp,
    account_id: &str,
    mut order: OrderView,
    answer_at: Instant,
) -> Result<Response, Error> {
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(failure) = &order.failure {
            return Err(failure.error(order.order_id));
        }
        if order.status == OrderStatus::Confirmed {
            return Ok(confirmed_answer(app, order));
        }
        let next_look = async {
            sleep(pause).await;
            OrderView::by_id(&app.database, account_id, order.order_id).await
        };
        let looked = timeout_at(answer_at, next_look).await;
        pause = LONGEST_PAUSE.min(pause * 2);
        match looked {
            Ok(Ok(seen)) => order = seen.ok_or_else(|| Error::internal("an order is gone"))?,
            // What was seen last is still the best answer.
            Ok(Err(error)) => tracing::warn!(%error, order = %order.order_id, "an order cannot be looked at"),
            Err(_) => return Ok(not_ended(app, order)),
        }
    }
}

/// 202: the fan asks again with the same key, or looks at the order.
fn not_ended(app: &SharedApp, order: OrderView) -> Response {
    let answer = Json(order.answer(&app.config.ticket_code_key));
    with_retry_after((StatusCode::ACCEPTED, answer).into_response())
}

fn confirmed_answer(app: &SharedApp, order: OrderView) -> Response {
    Json(order.answer(&app.config.ticket_code_key)).into_response()
}

fn with_retry_after(mut response: Response) -> Response {
    response.headers_mut().insert(header::RETRY_AFTER, RETRY_AFTER);
    response
}

/// An order of all that is in the cart, at the prices of the plan.
fn new_order(stock: &EventStock, claims: &ShopClaims, cart_id: String, entries: &[CartEntry]) -> Result<Draft, Error> {
    if entries.is_empty() {
        return Err(Error::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "cart_empty",
            "There is nothing in your cart.",
        ));
    }
    let mut total = Minor(0);
    let mut seats = Vec::with_capacity(entries.len());
    for entry in entries {
        let section = stock
            .plan
            .section_of(&entry.seat_id)
            .ok_or_else(|| Error::internal("a cart holds an unknown seat"))?;
        let sum = total
            .checked_add(section.price)
            .and_then(|sum| sum.checked_add(section.fee));
        total = sum.ok_or_else(|| Error::internal("an order's sum is beyond all amounts"))?;
        seats.push(OrderSeat {
            seat_id: entry.seat_id.clone(),
            section: section.code.clone(),
            price: section.price.0,
            fee: section.fee.0,
        });
    }
    Ok(Draft {
        order_id: Uuid::now_v7(),
        account_id: claims.sub.clone(),
        event_id: claims.event.clone(),
        cart_id,
        currency: stock.plan.currency.clone(),
        total,
        seats,
        lease: Uuid::new_v4(),
        begun_at: clock::now(),
    })
}
