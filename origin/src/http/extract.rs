//! The arguments of handlers. Each is parsed and checked before the handler runs, and fails with an
//! [`ErrorResponse`].

use axum::{
    body::to_bytes,
    extract::{FromRequest, FromRequestParts, Request},
    http::{HeaderMap, StatusCode, header, request::Parts},
    response::{IntoResponse, Response},
};
use serde::{Serialize, de::DeserializeOwned};
use stanchion_shared::{
    account_token::{AccountError, bearer},
    shop_token::{ShopClaims, ShopTokenError},
};
use subtle::ConstantTimeEq;

use super::ErrorResponse;
use crate::{
    clock,
    keys::{self, ShopKeyError},
    state::SharedApp,
};

/// Largest request body, in bytes, unless the handler says otherwise.
pub const MAX_BODY_BYTES: usize = 16 * 1024;
/// Longest `Idempotency-Key`, in characters.
pub const MAX_IDEMPOTENCY_KEY_LENGTH: usize = 255;
/// Header with the shop token.
pub const SHOP_TOKEN_HEADER: &str = "shop-token";
/// Header with the idempotency key.
pub const IDEMPOTENCY_KEY_HEADER: &str = "idempotency-key";

/// A JSON body of at most `LIMIT` bytes, and a JSON answer.
#[derive(Debug)]
pub struct Json<T, const LIMIT: usize = MAX_BODY_BYTES>(pub T);

impl<S: Send + Sync, T: DeserializeOwned, const LIMIT: usize> FromRequest<S> for Json<T, LIMIT> {
    type Rejection = ErrorResponse;

    async fn from_request(request: Request, _: &S) -> Result<Self, ErrorResponse> {
        if !is_json(request.headers()) {
            let message = "The body must be sent as application/json.";
            return Err(ErrorResponse::new(
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                message,
            ));
        }
        // Besides the limit, to_bytes fails only on a body that breaks off, and then no client
        // reads the answer.
        let body = to_bytes(request.into_body(), LIMIT).await.map_err(|_| {
            let message = format!("The body is larger than {LIMIT} bytes.");
            ErrorResponse::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
        })?;
        serde_json::from_slice(&body).map(Json).map_err(|error| {
            let message = format!("The body is not the JSON that is expected here: {error}.");
            ErrorResponse::new(StatusCode::BAD_REQUEST, "malformed_body", message)
        })
    }
}

fn is_json(headers: &HeaderMap) -> bool {
    let content_type = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    media_type.eq_ignore_ascii_case("application/json")
}

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        axum::Json(self.0).into_response()
    }
}

/// Path parameters; 400 `malformed_path`.
#[derive(Debug)]
pub struct Path<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned + Send> FromRequestParts<S> for Path<T> {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ErrorResponse> {
        let path = axum::extract::Path::<T>::from_request_parts(parts, state).await;
        path.map(|path| Path(path.0)).map_err(|rejection| {
            let message = format!("The path is not of the expected form: {}.", rejection.body_text());
            ErrorResponse::new(StatusCode::BAD_REQUEST, "malformed_path", message)
        })
    }
}

/// Query parameters; 400 `malformed_query`.
#[derive(Debug)]
pub struct Query<T>(pub T);

impl<S: Send + Sync, T: DeserializeOwned> FromRequestParts<S> for Query<T> {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ErrorResponse> {
        let query = axum::extract::Query::<T>::from_request_parts(parts, state).await;
        query.map(|query| Query(query.0)).map_err(|rejection| {
            let message = format!("The query is not of the expected form: {}.", rejection.body_text());
            ErrorResponse::new(StatusCode::BAD_REQUEST, "malformed_query", message)
        })
    }
}

/// The fan, by the Bearer account token; 401 `unauthorized`.
#[derive(Clone, Debug)]
pub struct Account {
    /// `sub` of the token: the account's id.
    pub subject: String,
}

impl FromRequestParts<SharedApp> for Account {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, ErrorResponse> {
        let unauthorized =
            |message: &'static str| ErrorResponse::new(StatusCode::UNAUTHORIZED, "unauthorized", message);
        let token =
            bearer_token(&parts.headers).ok_or_else(|| unauthorized("Sign in: a Bearer account token is needed."))?;
        match keys::verify_account(&app.config, token, clock::now()) {
            Ok(claims) => Ok(Account { subject: claims.sub }),
            Err(AccountError::Expired) => Err(unauthorized("The account token has expired: sign in again.")),
            Err(AccountError::Invalid) => Err(unauthorized("The account token is not valid: sign in again.")),
        }
    }
}

fn bearer_token(headers: &HeaderMap) -> Option<&str> {
    bearer(headers.get(header::AUTHORIZATION)?.to_str().ok()?)
}

/// The shopping session, by the `Shop-Token` header; 401 `shop_token_missing`,
/// `shop_token_invalid`, `shop_token_expired`; 503 `shop_keys_unavailable`. The handler checks that
/// the token opens the event in question.
#[derive(Clone, Debug)]
pub struct ShopSession {
    /// The claims that the edge signed.
    pub claims: ShopClaims,
}

impl FromRequestParts<SharedApp> for ShopSession {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, ErrorResponse> {
        let token = parts
            .headers
            .get(SHOP_TOKEN_HEADER)
            .and_then(|value| value.to_str().ok());
        let token = token.map(str::trim).filter(|token| !token.is_empty()).ok_or_else(|| {
            let message = "A shop token is needed: join the queue and wait for your turn.";
            ErrorResponse::new(StatusCode::UNAUTHORIZED, "shop_token_missing", message)
        })?;
        let claims = app
            .edge_keys
            .verify_shop(token, clock::now())
            .await
            .map_err(|error| match error {
                ShopKeyError::NoKeys => ErrorResponse::unavailable(
                    "shop_keys_unavailable",
                    "Shop tokens cannot be checked yet: try again in a moment.",
                ),
                ShopKeyError::Token(ShopTokenError::Expired) => {
                    let message = "Your time in the shop is over: join the queue again.";
                    ErrorResponse::new(StatusCode::UNAUTHORIZED, "shop_token_expired", message)
                }
                ShopKeyError::Token(_) => ErrorResponse::new(
                    StatusCode::UNAUTHORIZED,
                    "shop_token_invalid",
                    "The shop token is not valid.",
                ),
            })?;
        app.sessions.seen(&claims).await;
        Ok(ShopSession { claims })
    }
}

/// The `Idempotency-Key` header, 1 to 255 visible ASCII characters; 400 `idempotency_key_missing`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(pub String);

impl IdempotencyKey {
    /// `None` unless it is 1 to [`MAX_IDEMPOTENCY_KEY_LENGTH`] visible ASCII characters.
    #[must_use]
    pub fn parse(text: &str) -> Option<IdempotencyKey> {
        let fits = (1..=MAX_IDEMPOTENCY_KEY_LENGTH).contains(&text.len());
        (fits && text.bytes().all(|b| b.is_ascii_graphic())).then(|| IdempotencyKey(text.to_owned()))
    }
}

impl<S: Send + Sync> FromRequestParts<S> for IdempotencyKey {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ErrorResponse> {
        let value = parts
            .headers
            .get(IDEMPOTENCY_KEY_HEADER)
            .and_then(|value| value.to_str().ok());
        value.and_then(IdempotencyKey::parse).ok_or_else(|| {
            let message =
                format!("The Idempotency-Key header must have 1 to {MAX_IDEMPOTENCY_KEY_LENGTH} visible characters.");
            ErrorResponse::new(StatusCode::BAD_REQUEST, "idempotency_key_missing", message)
        })
    }
}

/// An admin, by the Bearer admin token; 401 `unauthorized`.
#[derive(Clone, Debug)]
pub struct Admin {
    /// The name that the admin gives in the header `Stanchion-Admin`, or `admin`. All admins share
    /// one token, so the name is for the audit log and proves nothing.
    pub name: String,
}

/// Header with the admin's name for the audit log.
pub const ADMIN_NAME_HEADER: &str = "stanchion-admin";
/// Longest name of an admin, in bytes. A longer one is replaced by `admin`.
pub const MAX_ADMIN_NAME_LENGTH: usize = 64;

fn admin_name(headers: &HeaderMap) -> String {
    let given = headers
        .get(ADMIN_NAME_HEADER)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let fits = (1..=MAX_ADMIN_NAME_LENGTH).contains(&given.len());
    if fits { given.to_owned() } else { "admin".to_owned() }
}

impl FromRequestParts<SharedApp> for Admin {
    type Rejection = ErrorResponse;

    async fn from_request_parts(parts: &mut Parts, app: &SharedApp) -> Result<Self, ErrorResponse> {
        let given = bearer_token(&parts.headers).unwrap_or_default();
        // The comparison takes the same time wherever the first difference is. Only the length
        // shows, which is no secret.
        if bool::from(given.as_bytes().ct_eq(app.config.admin_token.as_bytes())) {
            Ok(Admin {
                name: admin_name(&parts.headers),
            })
        } else {
            Err(ErrorResponse::new(
                StatusCode::UNAUTHORIZED,
                "unauthorized",
                "The admin token is missing or wrong.",
            ))
        }
    }
}
