//! `GET /api/v1/orders`, `GET /api/v1/orders?idempotency_key=`, `GET /api/v1/orders/{id}`.

use axum::{
    Router,
    extract::State,
    http::StatusCode,
    response::{IntoResponse, Response},
    routing::get,
};
use serde::{Deserialize, Serialize};
use stanchion_shared::wire::OrderAnswer;
use uuid::Uuid;

use super::view::OrderView;
use crate::{
    http::{Account, Error, IdempotencyKey, Json, Path, Query},
    state::SharedApp,
};

/// Most orders in a list.
pub const ORDERS_LISTED: i64 = 50;

/// The routes of this module.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/v1/orders", get(list_or_find))
        .route("/api/v1/orders/{order_id}", get(one))
}

/// `GET /api/v1/orders`: the newest first, at most [`ORDERS_LISTED`].
#[derive(Debug, Serialize, Deserialize)]
pub struct OrdersAnswer {
    /// The orders.
    pub orders: Vec<OrderAnswer>,
}

#[derive(Deserialize)]
struct Filter {
    idempotency_key: Option<String>,
}

async fn list_or_find(
    State(app): State<SharedApp>,
    account: Account,
    Query(filter): Query<Filter>,
) -> Result<Response, Error> {
    match filter.idempotency_key {
        Some(key) => {
            let key = IdempotencyKey::parse(&key).ok_or_else(malformed_key)?;
            let order = OrderView::by_key(&app.database, &account.subject, &key.0)
                .await?
                .ok_or_else(not_found)?;
            Ok(Json(order.answer(&app.config.ticket_code_key)).into_response())
        }
        None => {
            let orders = OrderView::newest(&app.database, &account.subject, ORDERS_LISTED).await?;
            let orders = orders
                .into_iter()
                .map(|order| order.answer(&app.config.ticket_code_key))
                .collect();
            Ok(Json(OrdersAnswer { orders }).into_response())
        }
    }
}

async fn one(
    State(app): State<SharedApp>,
    account: Account,
    Path(order_id): Path<Uuid>,
) -> Result<Json<OrderAnswer>, Error> {
    let order = OrderView::by_id(&app.database, &account.subject, order_id)
        .await?
        .ok_or_else(not_found)?;
    Ok(Json(order.answer(&app.config.ticket_code_key)))
}

fn malformed_key() -> Error {
    Error::new(
        StatusCode::BAD_REQUEST,
        "malformed_query",
        "An idempotency key has 1 to 255 visible characters.",
    )
}

fn not_found() -> Error {
    Error::not_found("order_not_found", "You have no such order.")
}
