//! The control surface, which is not Stripe's: `/_control/faults` and `/_control/ledger`.
//!
//! It asks for no key. That is safe only because the gateway listens on loopback alone, which its flags see to.

use std::sync::Arc;

use axum::extract::State;
use axum::extract::rejection::JsonRejection;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use serde::Serialize;

use crate::faults::Faults;
use crate::gateway::Gateway;
use crate::intent::{IntentStatus, Millis, PaymentIntent};
use crate::metadata::Metadata;
use crate::money::{Amount, Currency};
use crate::refund::Refund;

pub(crate) fn router() -> Router<Arc<Gateway>> {
    Router::new()
        .route("/_control/faults", get(faults).put(put_faults).delete(delete_faults))
        .route("/_control/ledger", get(ledger))
}

async fn faults(State(gateway): State<Arc<Gateway>>) -> Json<Faults> {
    Json(gateway.faults().clone())
}

async fn put_faults(State(gateway): State<Arc<Gateway>>, asked: Result<Json<Faults>, JsonRejection>) -> Response {
    match asked {
        Ok(Json(asked)) => {
            let asked = asked.put();
            *gateway.faults() = asked.clone();
            Json(asked).into_response()
        }
        Err(rejection) => {
            let body = ControlSurfaceError {
                error: "invalid_faults",
                message: rejection.body_text(),
            };
            (rejection.status(), Json(body)).into_response()
        }
    }
}

async fn delete_faults(State(gateway): State<Arc<Gateway>>) -> StatusCode {
    *gateway.faults() = Faults::default();
    StatusCode::NO_CONTENT
}

async fn ledger(State(gateway): State<Arc<Gateway>>) -> Json<LedgerView> {
    let (intents, refunds): (Vec<_>, Vec<_>) = {
        let ledger = gateway.ledger();
        (
            ledger.intents().iter().map(IntentEntry::of).collect(),
            ledger.refunds().iter().map(RefundEntry::of).collect(),
        )
    };
    Json(LedgerView {
        intents,
        refunds,
        idempotency_keys: gateway.keys.answered(),
    })
}

#[derive(Serialize)]
struct ControlSurfaceError {
    error: &'static str,
    message: String,
}

/// Everything the gateway holds, oldest first; one consistent moment.
#[derive(Serialize)]
struct LedgerView {
    intents: Vec<IntentEntry>,
    refunds: Vec<RefundEntry>,
    /// How many keys hold an answer.
    idempotency_keys: usize,
}

/// An intent, with the money counted out: what is held, what was captured, what of that was refunded.
#[derive(Serialize)]
struct IntentEntry {
    id: String,
    status: IntentStatus,
    amount: Amount,
    currency: Currency,
    held: Amount,
    captured: Amount,
    refunded: Amount,
    payment_method: &'static str,
    declined: Option<&'static str>,
    metadata: Metadata,
    created_ms: Millis,
}

impl IntentEntry {
    fn of(intent: &PaymentIntent) -> Self {
        let (captured, refunded) = intent.taken();
        Self {
            id: intent.serial.with("pi"),
            status: intent.status(),
            amount: intent.amount,
            currency: intent.currency,
            held: intent.capturable(),
            captured,
            refunded,
            payment_method: intent.card.token,
            declined: intent
                .declined()
                .map(|decline| decline.decline_code().unwrap_or(decline.code())),
            metadata: intent.metadata.clone(),
            created_ms: intent.created,
        }
    }
}

#[derive(Serialize)]
struct RefundEntry {
    id: String,
    payment_intent: String,
    amount: Amount,
    metadata: Metadata,
    created_ms: Millis,
}

impl RefundEntry {
    fn of(refund: &Refund) -> Self {
        Self {
            id: refund.serial.with("re"),
            payment_intent: refund.intent.with("pi"),
            amount: refund.amount,
            metadata: refund.metadata.clone(),
            created_ms: refund.created,
        }
    }
}
