//! Places the order of a cart and waits for its end.
//!
//! An idempotency key always gets the same answer: the first request makes the order, and every
//! other one with the key waits for the end of that order. The saga runs in a task of its own, so
//! the caller can stop waiting at any instant.

use std::{sync::Arc, time::Duration};

use sha2::{Digest, Sha256};
use stanchion_shared::{
    money::Minor,
    shop_token::ShopClaims,
    wire::{CheckoutRequest, OrderStatus},
};
use tokio::time::{Instant, sleep, timeout_at};
use uuid::Uuid;

use super::{
    CheckoutError, CheckoutServices,
    begin::{self, BeginRequest, BeginResult, KeyUse},
    order::{OrderDraft, OrderSeat, PendingOrder},
    request,
    saga::{self, SagaEnd},
};
use crate::{
    cart::{Cart, CartEntry, cart_id},
    clock,
    error::InternalError,
    fraud,
    inventory::EventStock,
    orders::view::OrderView,
};

/// Pauses between two reads of an order that has not ended. Each is twice as long as the one
/// before: an order takes long because the provider does, and then thousands of requests wait and
/// read.
const FIRST_PAUSE: Duration = Duration::from_millis(200);
const LONGEST_PAUSE: Duration = Duration::from_secs(2);

/// The answer to a checkout whose order has not failed.
pub(super) enum PlacedOrder {
    /// The order is confirmed.
    Confirmed(OrderView),
    /// The order had not ended when the time to wait was over. Has the order as it was last read.
    NotEnded(OrderView),
}

/// Places the order of a session's cart, and waits for its end until `answer_at`.
///
/// # Errors
/// [`CheckoutError`]; the order's own failure is [`CheckoutError::OrderFailed`].
pub(super) async fn place_order(
    services: &CheckoutServices,
    claims: ShopClaims,
    idempotency_key: &str,
    request: CheckoutRequest,
    answer_at: Instant,
) -> Result<PlacedOrder, CheckoutError> {
    request::check(&request)?;
    let request_hash = request::hash(&claims.event, &request);
    let stock = services.inventory.event(&services.database, &claims.event).await?;
    let cart = Cart::of(services.inventory.redis(), &claims);
    let (used, entries) = tokio::join!(
        begin::key_use(&services.database, &claims.sub, idempotency_key, &request_hash),
        cart.read()
    );
    if let Some(used) = used? {
        return answer_used_key(services, &claims.sub, used, answer_at).await;
    }
    if request.cart_id != cart_id(&claims) {
        return Err(CheckoutError::CartOfOtherSession);
    }
    let draft = draft_order(&stock, &claims, cart.id, &entries?)?;
    let payment_token = request.payment.token;
    let card_hash = (!fraud::is_shared_test_card(&payment_token)).then(|| Sha256::digest(&payment_token));
    let begin_request = BeginRequest {
        draft: &draft,
        payment_token: &payment_token,
        claims: &claims,
        idempotency_key,
        request_hash: &request_hash,
        card_hash: card_hash.as_ref().map(|hash| hash.as_slice()),
        per_person: stock.plan.per_person,
    };
    let (attempt, facts) = match begin::begin(&services.database, &begin_request).await? {
        BeginResult::Begun { attempt, facts } => (attempt, facts),
        BeginResult::TooManySeats => {
            return Err(CheckoutError::TooManySeats {
                most: stock.plan.per_person,
            });
        }
        BeginResult::CartBusy => return Err(CheckoutError::CartBusy),
        BeginResult::KeyUsed(used) => return answer_used_key(services, &claims.sub, used, answer_at).await,
    };
    let pending = PendingOrder {
        order: draft.begun(attempt),
        payment_token,
    };
    let (begun, account_id) = (OrderView::pending(&pending.order), claims.sub.clone());
    let order_id = begun.order_id;
    // A task of its own: a fan who hangs up, or a request that runs out of time, stops nothing
    // halfway.
    let saga_services = services.clone();
    let saga = tokio::spawn(async move { saga::run(&saga_services, pending, facts, &claims).await });
    let Ok(end) = timeout_at(answer_at, saga).await else {
        return Ok(PlacedOrder::NotEnded(begun));
    };
    match end.map_err(|error| InternalError::new(error).into()).flatten() {
        Ok(SagaEnd::Confirmed(confirmed)) => Ok(PlacedOrder::Confirmed(OrderView::confirmed(confirmed))),
        Ok(SagaEnd::Failed(failed)) => Err(CheckoutError::OrderFailed {
            order_id,
            failure: failed.failure,
        }),
        Ok(SagaEnd::InDoubt) => wait_for_end(services, &account_id, begun, answer_at).await,
        Err(error) => {
            // The order has begun all the same, and recovery will end it: the fan must hear of the
            // order.
            tracing::error!(%error, order = %order_id, "a saga stopped in the middle");
            wait_for_end(services, &account_id, begun, answer_at).await
        }
    }
}

async fn answer_used_key(
    services: &CheckoutServices,
    account_id: &str,
    used: KeyUse,
    answer_at: Instant,
) -> Result<PlacedOrder, CheckoutError> {
    let KeyUse::SameRequest(order_id) = used else {
        return Err(CheckoutError::KeyReused);
    };
    let order = OrderView::by_id(&services.database, account_id, order_id).await?;
    let order = order.ok_or_else(|| InternalError::new("an order is gone"))?;
    wait_for_end(services, account_id, order, answer_at).await
}

/// Reads the order until it has ended, or until `answer_at`.
async fn wait_for_end(
    services: &CheckoutServices,
    account_id: &str,
    mut order: OrderView,
    answer_at: Instant,
) -> Result<PlacedOrder, CheckoutError> {
    let mut pause = FIRST_PAUSE;
    loop {
        if let Some(failure) = order.failure {
            return Err(CheckoutError::OrderFailed {
                order_id: order.order_id,
                failure,
            });
        }
        if order.status == OrderStatus::Confirmed {
            return Ok(PlacedOrder::Confirmed(order));
        }
        let next_read = async {
            sleep(pause).await;
            OrderView::by_id(&services.database, account_id, order.order_id).await
        };
        let read = timeout_at(answer_at, next_read).await;
        pause = LONGEST_PAUSE.min(pause * 2);
        match read {
            Ok(Ok(seen)) => order = seen.ok_or_else(|| InternalError::new("an order is gone"))?,
            // What was read last is still the best answer.
            Ok(Err(error)) => tracing::warn!(%error, order = %order.order_id, "an order cannot be read"),
            Err(_) => return Ok(PlacedOrder::NotEnded(order)),
        }
    }
}

/// Drafts an order of all seats in the cart, at the prices of the event's plan.
fn draft_order(
    stock: &Arc<EventStock>,
    claims: &ShopClaims,
    cart_id: String,
    entries: &[CartEntry],
) -> Result<OrderDraft, CheckoutError> {
    if entries.is_empty() {
        return Err(CheckoutError::CartEmpty);
    }
    let mut total = Minor(0);
    let mut seats = Vec::with_capacity(entries.len());
    for entry in entries {
        let section = stock
            .plan
            .section_of(&entry.seat_id)
            .ok_or_else(|| InternalError::new("a cart holds an unknown seat"))?;
        let sum = total
            .checked_add(section.price)
            .and_then(|sum| sum.checked_add(section.fee));
        total = sum.ok_or_else(|| InternalError::new("an order's sum is beyond all amounts"))?;
        seats.push(OrderSeat {
            seat_id: entry.seat_id.clone(),
            section: section.code.clone(),
            price: section.price.0,
            fee: section.fee.0,
        });
    }
    Ok(OrderDraft {
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
