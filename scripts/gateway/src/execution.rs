//! The way of a request from valid headers to its answer: idempotency key, parameters, faults, ledger.

use std::sync::Arc;
use std::time::{SystemTime, UNIX_EPOCH};

use axum::body::Bytes;
use axum::http::StatusCode;

use crate::Gateway;
use crate::command::{Command, Target};
use crate::error::Failure;
use crate::faults::{Fault, Operation};
use crate::idempotency::{Claimed, IdempotencyKey, Use};
use crate::identity::Serial;
use crate::intent::Millis;
use crate::params::Params;

/// What a caller gets, and what an idempotency key keeps.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Of the response.
    pub status: StatusCode,
    /// JSON.
    pub body: Bytes,
    /// Of the request that ran.
    pub request: Serial,
}

/// What becomes of a request.
#[derive(Debug)]
pub enum Delivery {
    /// It is answered.
    Answered(Answer),
    /// It is answered once more.
    Replayed(Answer),
    /// It was carried out, and nobody hears of it.
    Lost,
}

/// A request that changes something.
#[derive(Debug)]
pub struct Write {
    /// What is to be done.
    pub target: Target,
    /// How.
    pub params: Params,
    /// Not twice, please.
    pub key: Option<IdempotencyKey>,
}

/// Carries a request out to its end, whether or not the caller still waits: a bank does not stop halfway because the line
/// went dead, and it is just this that the origin must be able to live with.
pub async fn write(gateway: Arc<Gateway>, write: Write) -> Delivery {
    let request = gateway.identities.next();
    let of_failure = request.clone();
    match tokio::spawn(run(gateway, write, request)).await {
        Ok(delivery) => delivery,
        Err(error) => {
            tracing::error!(%error, "a request was not carried out");
            Delivery::Answered(answer(Err(Failure::on_request()), of_failure))
        }
    }
}

async fn run(gateway: Arc<Gateway>, Write { target, params, key }: Write, request: Serial) -> Delivery {
    let operation = target.operation();
    let claimed = match key {
        None => None,
        Some(key) => {
            let first = Use {
                endpoint: target.endpoint(),
                params: params.canonical(),
            };
            match gateway.keys.claim(key, first) {
                Ok(Claimed::First(claim)) => Some(claim),
                Ok(Claimed::Answered(kept)) => return replay(&gateway, operation, kept, request).await,
                Err(failure) => return Delivery::Answered(answer(Err(failure), request)),
            }
        }
    };
    // From here on a return without `keep` frees the key: the request never began.
    let command = match Command::parse(target, params) {
        Ok(command) => command,
        Err(failure) => return Delivery::Answered(answer(Err(failure), request)),
    };
    let drawn = gateway.faults().draw(operation);
    tokio::time::sleep(drawn.delay).await;
    let outcome = match drawn.fault {
        Some(Fault::Fail) => return Delivery::Answered(answer(Err(Failure::on_request()), request)),
        Some(Fault::FailKept) => Err(Failure::on_request()),
        Some(Fault::LoseAnswer) | None => execute(&gateway, command),
    };
    let answer = answer(outcome, request);
    if let Some(claim) = claimed {
        claim.keep(answer.clone());
    }
    if drawn.fault == Some(Fault::LoseAnswer) {
        Delivery::Lost
    } else {
        Delivery::Answered(answer)
    }
}

async fn replay(gateway: &Gateway, operation: Operation, kept: Answer, request: Serial) -> Delivery {
    let drawn = gateway.faults().draw_for_replay(operation);
    tokio::time::sleep(drawn.delay).await;
    match drawn.fault {
        Some(Fault::Fail) => Delivery::Answered(answer(Err(Failure::on_request()), request)),
        Some(Fault::LoseAnswer) => Delivery::Lost,
        Some(Fault::FailKept) | None => Delivery::Replayed(kept),
    }
}

fn execute(gateway: &Gateway, command: Command) -> Result<Vec<u8>, Failure> {
    let now = now();
    // Each view leaves the ledger's lock before it becomes JSON.
    match command {
        Command::Create(new) => {
            let intent = gateway.ledger().create(gateway.identities.next(), new, now)?;
            json(&intent)
        }
        Command::Capture { id, amount } => {
            let intent = gateway.ledger().capture(&id, amount)?;
            json(&intent)
        }
        Command::Cancel { id, reason } => {
            let intent = gateway.ledger().cancel(&id, reason, now)?;
            json(&intent)
        }
        Command::Refund(new) => {
            let refund = gateway.ledger().refund(gateway.identities.next(), new, now)?;
            json(&refund)
        }
    }
}

/// Carries out a request that changes nothing.
pub async fn read(gateway: &Gateway, look_up: impl FnOnce(&Gateway) -> Result<Vec<u8>, Failure>) -> Delivery {
    let request = gateway.identities.next();
    let drawn = gateway.faults().draw(Operation::Read);
    tokio::time::sleep(drawn.delay).await;
    match drawn.fault {
        Some(Fault::Fail | Fault::FailKept) => Delivery::Answered(answer(Err(Failure::on_request()), request)),
        Some(Fault::LoseAnswer) => Delivery::Lost,
        None => Delivery::Answered(answer(look_up(gateway), request)),
    }
}

/// The answer to what came of a request.
#[must_use]
pub fn answer(outcome: Result<Vec<u8>, Failure>, request: Serial) -> Answer {
    match outcome {
        Ok(body) => Answer {
            status: StatusCode::OK,
            body: body.into(),
            request,
        },
        Err(failure) => Answer {
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
pub fn json(view: &impl serde::Serialize) -> Result<Vec<u8>, Failure> {
    Ok(serde_json::to_vec(view).expect("views have only keys that are strings"))
}

/// The clock of this process.
#[must_use]
pub fn now() -> Millis {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    Millis(u64::try_from(since.as_millis()).unwrap_or(u64::MAX))
}
