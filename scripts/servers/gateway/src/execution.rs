//! The way of a request from valid headers to its answer: idempotency key, parameters, faults, ledger.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::http::StatusCode;

use crate::command::{GatewayCommand, WriteTarget};
use crate::error::GatewayError;
use crate::faults::{Fault, Operation};
use crate::gateway::Gateway;
use crate::idempotency::{ClaimResult, IdempotencyKey, KeyedRequest};
use crate::ids::IdSerial;
use crate::intent::Millis;
use crate::params::Params;
use crate::response::GatewayResponse;

/// What becomes of a request.
#[derive(Debug)]
pub enum Delivery {
    /// It is answered.
    Answered(GatewayResponse),
    /// It is answered once more.
    Replayed(GatewayResponse),
    /// It was carried out, and the caller gets no answer.
    Lost,
}

/// A request that changes something.
#[derive(Debug)]
pub struct WriteRequest {
    /// What is to be done.
    pub target: WriteTarget,
    /// How.
    pub params: Params,
    /// With a key it is carried out once only.
    pub key: Option<IdempotencyKey>,
}

/// Carries a request out to its end, whether or not the caller still waits: a bank does not stop halfway because the line
/// went dead, and it is just this that the origin must be able to live with.
pub async fn write(gateway: Arc<Gateway>, write: WriteRequest) -> Delivery {
    let request = gateway.serials.next();
    let of_failure = request.clone();
    match tokio::spawn(run(gateway, write, request)).await {
        Ok(delivery) => delivery,
        Err(error) => {
            tracing::error!(%error, "a request was not carried out");
            Delivery::Answered(answer(Err(GatewayError::on_request()), of_failure))
        }
    }
}

async fn run(gateway: Arc<Gateway>, WriteRequest { target, params, key }: WriteRequest, request: IdSerial) -> Delivery {
    let operation = target.operation();
    let claimed = match key {
        None => None,
        Some(key) => {
            let first = KeyedRequest {
                endpoint: target.endpoint(),
                params: params.canonical(),
            };
            match gateway.keys.claim(key, first) {
                Ok(ClaimResult::First(claim)) => Some(claim),
                Ok(ClaimResult::Answered(kept)) => return replay(&gateway, operation, kept, request).await,
                Err(failure) => return Delivery::Answered(answer(Err(failure), request)),
            }
        }
    };
    // From here on a return without `keep` frees the key, because the request never began.
    let command = match GatewayCommand::parse(target, params) {
        Ok(command) => command,
        Err(failure) => return Delivery::Answered(answer(Err(failure), request)),
    };
    let chosen = gateway.faults().choose(operation);
    tokio::time::sleep(chosen.delay).await;
    let outcome = match chosen.fault {
        Some(Fault::Fail) => return Delivery::Answered(answer(Err(GatewayError::on_request()), request)),
        Some(Fault::FailKept) => Err(GatewayError::on_request()),
        Some(Fault::LoseAnswer) | None => execute(&gateway, command),
    };
    let answer = answer(outcome, request);
    if let Some(claim) = claimed {
        claim.keep(answer.clone());
    }
    if chosen.fault == Some(Fault::LoseAnswer) {
        Delivery::Lost
    } else {
        Delivery::Answered(answer)
    }
}

async fn replay(gateway: &Gateway, operation: Operation, kept: GatewayResponse, request: IdSerial) -> Delivery {
    let chosen = gateway.faults().choose_for_replay(operation);
    tokio::time::sleep(chosen.delay).await;
    match chosen.fault {
        Some(Fault::Fail) => Delivery::Answered(answer(Err(GatewayError::on_request()), request)),
        Some(Fault::LoseAnswer) => Delivery::Lost,
        Some(Fault::FailKept) | None => Delivery::Replayed(kept),
    }
}

fn execute(gateway: &Gateway, command: GatewayCommand) -> Result<Vec<u8>, GatewayError> {
    let now = now();
    // Each view leaves the ledger's lock before it becomes JSON.
    match command {
        GatewayCommand::Create(new) => {
            let intent = gateway.ledger().create(gateway.serials.next(), new, now)?;
            json(&intent)
        }
        GatewayCommand::Capture { id, amount } => {
            let intent = gateway.ledger().capture(&id, amount)?;
            json(&intent)
        }
        GatewayCommand::Cancel { id, reason } => {
            let intent = gateway.ledger().cancel(&id, reason, now)?;
            json(&intent)
        }
        GatewayCommand::Refund(new) => {
            let refund = gateway.ledger().refund(gateway.serials.next(), new, now)?;
            json(&refund)
        }
    }
}

/// Carries out a request that changes nothing.
pub async fn read(gateway: &Gateway, look_up: impl FnOnce(&Gateway) -> Result<Vec<u8>, GatewayError>) -> Delivery {
    let request = gateway.serials.next();
    let chosen = gateway.faults().choose(Operation::Read);
    tokio::time::sleep(chosen.delay).await;
    match chosen.fault {
        Some(Fault::Fail | Fault::FailKept) => Delivery::Answered(answer(Err(GatewayError::on_request()), request)),
        Some(Fault::LoseAnswer) => Delivery::Lost,
        None => Delivery::Answered(answer(look_up(gateway), request)),
    }
}

/// The answer to what came of a request.
#[must_use]
pub fn answer(outcome: Result<Vec<u8>, GatewayError>, request: IdSerial) -> GatewayResponse {
    match outcome {
        Ok(body) => GatewayResponse {
            status: StatusCode::OK,
            body: body.into(),
            request,
        },
        Err(failure) => GatewayResponse {
            status: failure.status,
            body: failure.body().into(),
            request,
        },
    }
}

/// The JSON of an answer.
///
/// # Errors
/// None: views have only keys that are strings. The type is that of the functions that use it.
pub fn json(view: &impl serde::Serialize) -> Result<Vec<u8>, GatewayError> {
    Ok(serde_json::to_vec(view).expect("views have only keys that are strings"))
}

/// The clock of this process.
#[must_use]
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
