//! `GET` and `DELETE /api/v1/cart`, `POST` and `DELETE /api/v1/cart/seats`.

use axum::extract::State;
use stanchion_shared::{
    shop_token::ShopClaims,
    wire::{CartAnswer, CartSeatsRequest},
};

use super::{CartError, session_cart::SessionCart};
use crate::{
    http::{ErrorResponse, Json, ShopSession},
    inventory,
    state::{App, SharedApp},
};

pub(crate) async fn read(
    State(app): State<SharedApp>,
    session: ShopSession,
) -> Result<Json<CartAnswer>, ErrorResponse> {
    let cart = open(&app, session.claims).await?;
    respond(&app, cart.read().await)
}

pub(crate) async fn add_seats(
    State(app): State<SharedApp>,
    session: ShopSession,
    Json(request): Json<CartSeatsRequest>,
) -> Result<Json<CartAnswer>, ErrorResponse> {
    let cart = open_for(&app, session.claims, &request).await?;
    respond(&app, cart.add_seats(request.seat_ids).await)
}

pub(crate) async fn remove_seats(
    State(app): State<SharedApp>,
    session: ShopSession,
    Json(request): Json<CartSeatsRequest>,
) -> Result<Json<CartAnswer>, ErrorResponse> {
    let cart = open_for(&app, session.claims, &request).await?;
    respond(&app, cart.remove_seats(request.seat_ids).await)
}

pub(crate) async fn empty(
    State(app): State<SharedApp>,
    session: ShopSession,
) -> Result<Json<CartAnswer>, ErrorResponse> {
    let cart = open(&app, session.claims).await?;
    respond(&app, cart.empty().await)
}

async fn open(app: &App, claims: ShopClaims) -> Result<SessionCart, ErrorResponse> {
    Ok(SessionCart::open(&app.inventory, &app.database, claims).await?)
}

async fn open_for(app: &App, claims: ShopClaims, request: &CartSeatsRequest) -> Result<SessionCart, ErrorResponse> {
    if claims.event != request.event_id {
        return Err(inventory::http::other_event());
    }
    open(app, claims).await
}

fn respond(app: &App, result: Result<CartAnswer, CartError>) -> Result<Json<CartAnswer>, ErrorResponse> {
    match result {
        Ok(cart) => Ok(Json(cart)),
        Err(CartError::Inventory(error)) => Err(inventory::http::error_response(app, error)),
        Err(error) => Err(error.into()),
    }
}
