//! The routes, and what HTTP asks for around them: the key of the caller, the type and size of the body, headers.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{ConnectInfo, DefaultBodyLimit, FromRequestParts, Path, RawQuery, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, Uri, header, request::Parts};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};

use crate::command::WriteTarget;
use crate::connection::ConnectionHandle;
use crate::control;
use crate::error::GatewayError;
use crate::execution::{self, Delivery, WriteRequest, json};
use crate::gateway::Gateway;
use crate::idempotency::{self, IdempotencyKey};
use crate::intent::Millis;
use crate::listing::PageRequest;
use crate::params::Params;
use crate::response::GatewayResponse;
use crate::search::IntentSearch;

/// Most bytes a body can have; 50 keys of metadata fit several times.
pub const MAX_BODY_BYTES: usize = 128 * 1024;

const FORM: &str = "application/x-www-form-urlencoded";

/// All routes of the gateway.
pub fn router(gateway: Arc<Gateway>) -> Router {
    Router::new()
        .route("/v1/payment_intents", post(create).get(list_intents))
        .route("/v1/payment_intents/search", get(search))
        .route("/v1/payment_intents/{id}", get(retrieve))
        .route("/v1/payment_intents/{id}/capture", post(capture))
        .route("/v1/payment_intents/{id}/cancel", post(cancel))
        .route("/v1/refunds", post(refund).get(list_refunds))
        .route_layer(middleware::from_fn_with_state(Arc::clone(&gateway), authenticate))
        .merge(control::router())
        .method_not_allowed_fallback(unknown_route)
        .fallback(unknown_route)
        .layer(DefaultBodyLimit::max(MAX_BODY_BYTES))
        .with_state(gateway)
}

/// What every handler needs: the gateway, and the line the answer goes back on.
struct GatewayCaller {
    gateway: Arc<Gateway>,
    line: ConnectionHandle,
}

impl FromRequestParts<Arc<Gateway>> for GatewayCaller {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Self, Response> {
        let ConnectInfo(line) = ConnectInfo::<ConnectionHandle>::from_request_parts(parts, gateway)
            .await
            .map_err(IntoResponse::into_response)?;
        Ok(Self {
            gateway: Arc::clone(gateway),
            line,
        })
    }
}

type Form = Result<Bytes, BytesRejection>;

async fn create(caller: GatewayCaller, headers: HeaderMap, form: Form) -> Response {
    write(caller, WriteTarget::Create, &headers, form).await
}

async fn capture(caller: GatewayCaller, Path(id): Path<String>, headers: HeaderMap, form: Form) -> Response {
    write(caller, WriteTarget::Capture(id), &headers, form).await
}

async fn cancel(caller: GatewayCaller, Path(id): Path<String>, headers: HeaderMap, form: Form) -> Response {
    write(caller, WriteTarget::Cancel(id), &headers, form).await
}

async fn refund(caller: GatewayCaller, headers: HeaderMap, form: Form) -> Response {
    write(caller, WriteTarget::Refund, &headers, form).await
}

async fn write(caller: GatewayCaller, target: WriteTarget, headers: &HeaderMap, form: Form) -> Response {
    let (params, key) = match read_form(headers, form).and_then(|params| Ok((params, IdempotencyKey::of(headers)?))) {
        Ok(read) => read,
        Err(failure) => return refused(&caller.gateway, failure),
    };
    let delivery = execution::write(
        Arc::clone(&caller.gateway),
        WriteRequest {
            target,
            params,
            key: key.clone(),
        },
    )
    .await;
    respond(&caller, delivery, key.as_ref())
}

async fn retrieve(caller: GatewayCaller, Path(id): Path<String>) -> Response {
    read(&caller, |gateway| {
        let intent = gateway.ledger().retrieve(&id)?;
        json(&intent)
    })
    .await
}

async fn list_intents(caller: GatewayCaller, RawQuery(query): RawQuery) -> Response {
    read(&caller, |gateway| {
        let mut params = query_params(query);
        let page = PageRequest::take(&mut params)?;
        params.finish()?;
        let intents = gateway.ledger().list_intents(&page)?;
        json(&intents)
    })
    .await
}

async fn search(caller: GatewayCaller, RawQuery(query): RawQuery) -> Response {
    read(&caller, |gateway| {
        let search = IntentSearch::parse(query_params(query))?;
        let lag = gateway.faults().search_lag_ms;
        let visible_until = Millis(execution::now().0.saturating_sub(lag));
        let found = gateway.ledger().search(&search, visible_until)?;
        json(&found)
    })
    .await
}

async fn list_refunds(caller: GatewayCaller, RawQuery(query): RawQuery) -> Response {
    read(&caller, |gateway| {
        let mut params = query_params(query);
        let intent = params.take("payment_intent")?;
        let page = PageRequest::take(&mut params)?;
        params.finish()?;
        let refunds = gateway.ledger().list_refunds(intent.as_deref(), &page)?;
        json(&refunds)
    })
    .await
}

async fn read(caller: &GatewayCaller, look_up: impl FnOnce(&Gateway) -> Result<Vec<u8>, GatewayError>) -> Response {
    let delivery = execution::read(&caller.gateway, look_up).await;
    respond(caller, delivery, None)
}

async fn authenticate(State(gateway): State<Arc<Gateway>>, request: Request, next: Next) -> Response {
    match gateway.secret_key.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err(failure) => refused(&gateway, failure),
    }
}

async fn unknown_route(State(gateway): State<Arc<Gateway>>, method: Method, uri: Uri) -> Response {
    let message = format!("Unrecognized request URL ({method}: {}).", uri.path());
    refused(
        &gateway,
        GatewayError::invalid_request(message).with_status(StatusCode::NOT_FOUND),
    )
}

fn query_params(query: Option<String>) -> Params {
    Params::parse(query.unwrap_or_default().as_bytes())
}

fn read_form(headers: &HeaderMap, form: Form) -> Result<Params, GatewayError> {
    let body = form.map_err(|rejection| {
        let message = format!("The body could not be read, or has more than {MAX_BODY_BYTES} bytes.");
        GatewayError::invalid_request(message).with_status(rejection.status())
    })?;
    if !body.is_empty() && !is_form(headers) {
        let failure = GatewayError::invalid_request(format!("The content type must be {FORM}."));
        return Err(failure.with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    Ok(Params::parse(&body))
}

fn is_form(headers: &HeaderMap) -> bool {
    let essence = headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok()?.split(';').next());
    essence.is_some_and(|essence| essence.trim().eq_ignore_ascii_case(FORM))
}

/// The answer to a request that was refused before its parameters were looked at.
fn refused(gateway: &Gateway, failure: GatewayError) -> Response {
    response(execution::answer(Err(failure), gateway.serials.next()), None)
}

fn respond(caller: &GatewayCaller, delivery: Delivery, key: Option<&IdempotencyKey>) -> Response {
    match delivery {
        Delivery::Answered(answer) => response(answer, key),
        Delivery::Replayed(answer) => {
            let original = header_value(&answer.request.with("req"));
            let request = caller.gateway.serials.next();
            let mut response = response(GatewayResponse { request, ..answer }, key);
            response
                .headers_mut()
                .insert(HeaderName::from_static("original-request"), original);
            response.headers_mut().insert(
                HeaderName::from_static("idempotent-replayed"),
                HeaderValue::from_static("true"),
            );
            response
        }
        Delivery::Lost => {
            caller.line.cut();
            // Never sent: the line fails before the first byte.
            StatusCode::NO_CONTENT.into_response()
        }
    }
}

fn response(answer: GatewayResponse, key: Option<&IdempotencyKey>) -> Response {
    let mut response = Response::new(Body::from(answer.body));
    *response.status_mut() = answer.status;
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json"));
    headers.insert(
        HeaderName::from_static("request-id"),
        header_value(&answer.request.with("req")),
    );
    if let Some(key) = key {
        headers.insert(HeaderName::from_static(idempotency::HEADER), header_value(key.as_str()));
    }
    response
}

/// The header of a text that is ASCII by its type.
fn header_value(text: &str) -> HeaderValue {
    HeaderValue::from_str(text).unwrap_or_else(|_| HeaderValue::from_static(""))
}
