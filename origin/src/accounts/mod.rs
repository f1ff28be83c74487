//! Fans sign up and in; what they get is an account token that the edge accepts as well.

mod email;
mod limits;
mod mint;
mod name;
mod password;
mod token;

pub(crate) use email::Email;
pub use mint::{MAX_MINTED, MintError, mint};
pub use password::{MAX_HASHES_AT_ONCE, MAX_HASHES_WAITING, Passwords};
pub use token::TOKEN_LIFE_MS;

use axum::{Router, extract::State, http::StatusCode, response::IntoResponse, routing::post};
use serde::Deserialize;
use uuid::Uuid;

use self::{name::DisplayName, password::Password, token::SignedIn};
use crate::{
    clock,
    http::{ClientAddress, Error, Json},
    state::SharedApp,
};

/// `POST /api/v1/accounts` and `POST /api/v1/sessions`.
pub fn router() -> Router<SharedApp> {
    Router::new()
        .route("/api/v1/accounts", post(sign_up))
        .route("/api/v1/sessions", post(sign_in))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignUp {
    email: String,
    password: String,
    name: Option<String>,
}

async fn sign_up(
    State(app): State<SharedApp>,
    address: ClientAddress,
    Json(wish): Json<SignUp>,
) -> Result<impl IntoResponse, Error> {
    let email = Email::parse(&wish.email)?;
    let password = Password::parse(wish.password)?;
    let name = wish.name.as_deref().map(DisplayName::parse).transpose()?;
    limits::sign_up(&app, &address).await?;
    let hash = app.passwords.hash(password).await?;
    let account_id = Uuid::now_v7();
    let inserted = sqlx::query(
        "insert into accounts (account_id, email, name, password_hash) values ($1, $2, $3, $4)
         on conflict (email) do nothing",
    )
    .bind(account_id)
    .bind(email.as_str())
    .bind(name.as_ref().map(DisplayName::as_str))
    .bind(hash)
    .execute(&app.database)
    .await?;
    if inserted.rows_affected() == 0 {
        return Err(Error::conflict(
            "email_taken",
            "There is an account with this address: sign in instead.",
        ));
    }
    Ok((
        StatusCode::CREATED,
        Json(SignedIn::issue(&app.config, account_id, clock::now())),
    ))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SignIn {
    email: String,
    password: String,
}

async fn sign_in(
    State(app): State<SharedApp>,
    address: ClientAddress,
    Json(wish): Json<SignIn>,
) -> Result<impl IntoResponse, Error> {
    limits::sign_in(&app, &address, &wish.email).await?;
    // What could not have been signed up with is judged like any other wrong pair, at the same cost.
    let email = Email::parse(&wish.email).ok();
    let found: Option<(Uuid, String)> = match &email {
        Some(email) => {
            sqlx::query_as("select account_id, password_hash from accounts where email = $1")
                .bind(email.as_str())
                .fetch_optional(&app.database)
                .await?
        }
        None => None,
    };
    let (account_id, hash) = found.unzip();
    let holds = app.passwords.verify(Password::unchecked(wish.password), hash).await?;
    match account_id.filter(|_| holds) {
        Some(account_id) => Ok(Json(SignedIn::issue(&app.config, account_id, clock::now()))),
        None => {
            let message = "The address or the password is wrong.";
            Err(Error::new(StatusCode::UNAUTHORIZED, "wrong_credentials", message))
        }
    }
}
