//! `POST /api/v1/accounts` (sign up) and `POST /api/v1/sessions` (sign in).

use axum::{extract::State, http::StatusCode};
use serde::Deserialize;

use super::{
    NewAccount,
    token::{SignedIn, new_account},
};
use crate::{
    clock,
    http::{ClientAddress, ErrorResponse, Json},
    state::SharedApp,
};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignUp {
    email: String,
    password: String,
    name: Option<String>,
}

pub(crate) async fn sign_up(
    State(app): State<SharedApp>,
    address: ClientAddress,
    Json(SignUp { email, password, name }): Json<SignUp>,
) -> Result<(StatusCode, Json<SignedIn>), ErrorResponse> {
    let new = NewAccount { email, password, name };
    let account_id = app.accounts.sign_up(address.network().as_deref(), new).await?;
    let now = clock::now();
    Ok((
        StatusCode::CREATED,
        Json(SignedIn::issue(&app.config, account_id, new_account(now), now)),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignIn {
    email: String,
    password: String,
}

pub(crate) async fn sign_in(
    State(app): State<SharedApp>,
    address: ClientAddress,
    Json(SignIn { email, password }): Json<SignIn>,
) -> Result<Json<SignedIn>, ErrorResponse> {
    let network = address.network();
    let (account_id, record) = app.accounts.sign_in(network.as_deref(), &email, password).await?;
    Ok(Json(SignedIn::issue(&app.config, account_id, record, clock::now())))
}
