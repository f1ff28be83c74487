//! `GET /api/v1/orders`, `GET /api/v1/orders?idempotency_key=`, `GET /api/v1/orders/{id}`.

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use serde::{Deserialize, Serialize};
use stanchion_shared::wire::OrderAnswer;
use uuid::Uuid;

use super::{ORDERS_LISTED, OrdersError, view::OrderView};
use crate::{
    http::{Account, ErrorResponse, IdempotencyKey, Json, Path, Query},
    state::SharedApp,
};

/// `GET /api/v1/orders`: the newest first, at most [`ORDERS_LISTED`].
#[derive(Debug, Serialize, Deserialize)]
pub struct OrderList {
    /// The orders.
    pub orders: Vec<OrderAnswer>,
}

#[derive(Deserialize)]
pub(crate) struct OrdersQuery {
    idempotency_key: Option<String>,
}

pub(crate) async fn list_or_find(
    State(app): State<SharedApp>,
    account: Account,
    Query(query): Query<OrdersQuery>,
) -> Result<Response, ErrorResponse> {
    let ticket_code_key = &app.config.ticket_code_key;
    match query.idempotency_key {
        Some(key) => {
            let key = IdempotencyKey::parse(&key).ok_or(OrdersError::MalformedKey)?;
            let order = OrderView::by_key(&app.database, &account.subject, &key.0)
                .await?
                .ok_or(OrdersError::NotFound)?;
            Ok(Json(order.answer(ticket_code_key)).into_response())
        }
        None => {
            let orders = OrderView::newest(&app.database, &account.subject, ORDERS_LISTED).await?;
            let orders = orders.into_iter().map(|order| order.answer(ticket_code_key)).collect();
            Ok(Json(OrderList { orders }).into_response())
        }
    }
}

pub(crate) async fn show(
    State(app): State<SharedApp>,
    account: Account,
    Path(order_id): Path<Uuid>,
) -> Result<Json<OrderAnswer>, ErrorResponse> {
    let order = OrderView::by_id(&app.database, &account.subject, order_id)
        .await?
        .ok_or(OrdersError::NotFound)?;
    Ok(Json(order.answer(&app.config.ticket_code_key)))
}
