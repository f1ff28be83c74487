//! Where the objects are, and the one place that sends them messages and reads and writes their answers.

use std::{cell::Cell, pin::pin, time::Duration};

use futures_util::future::{Either, select};
use serde::{Serialize, de::DeserializeOwned};
use stanchion_shared::identity::{EventId, Shard};
use worker::{
    Delay, Env, Error, Method, Request, RequestInit, Response, console_error, js_sys::Reflect, wasm_bindgen::JsValue,
};

use super::messages::{Message, ToCoordinator, ToRelay, ToShard};
use crate::platform::StoreError;

/// Relays of an event. Each serves some thousand isolates, and asks the coordinator at most four times a second.
const RELAYS: u32 = 4;
/// Objects are addressed by name; the URL of a message means nothing.
const URL: &str = "https://object/";

/// The addresses of all objects.
pub(super) struct Objects {
    env: Env,
}

thread_local! {
    /// The relay this isolate uses: chosen at random once, so that isolates spread evenly.
    static RELAY: Cell<Option<u32>> = const { Cell::new(None) };
}

fn relay() -> u32 {
    RELAY.get().unwrap_or_else(|| {
        let chosen = random() as u32 % RELAYS;
        RELAY.set(Some(chosen));
        chosen
    })
}

/// Unpredictable, and different each time for all practical purposes.
pub(super) fn random() -> u64 {
    getrandom::u64().expect("Workers have crypto.getRandomValues")
}

impl Objects {
    pub(super) fn new(env: Env) -> Objects {
        Objects { env }
    }

    /// Asks the event's coordinator.
    pub(super) async fn coordinator<M>(&self, event: &EventId, message: M) -> Result<M::Answer, StoreError>
    where
        M: Message<Object = ToCoordinator>,
    {
        parse(&self.coordinator_text(event, message).await?)
    }

    /// As [`Objects::coordinator`], the answer's JSON unread: a relay only passes it on.
    pub(super) async fn coordinator_text<M>(&self, event: &EventId, message: M) -> Result<String, StoreError>
    where
        M: Message<Object = ToCoordinator>,
    {
        self.send("COORDINATOR", event.as_str(), message).await
    }

    /// Asks one of the event's shards.
    pub(super) async fn shard<M>(&self, event: &EventId, shard: Shard, message: M) -> Result<M::Answer, StoreError>
    where
        M: Message<Object = ToShard>,
    {
        parse(&self.send("SHARD", &format!("{event}/{}", shard.0), message).await?)
    }

    /// Asks the event's relay that this isolate uses.
    pub(super) async fn relay<M>(&self, event: &EventId, message: M) -> Result<M::Answer, StoreError>
    where
        M: Message<Object = ToRelay>,
    {
        parse(&self.send("RELAY", &format!("{event}/{}", relay()), message).await?)
    }

    /// A connection to an object may be lost at any time, by a deployment for one. Every operation can be repeated, so one
    /// whose answer was lost is, once; an object that is overloaded is left alone.
    async fn send<M: Message>(&self, binding: &str, name: &str, message: M) -> Result<String, StoreError> {
        let json = serde_json::to_string(&message.into()).expect("messages serialise");
        let answered = match self.send_once(binding, name, &json).await {
            Err(error) if is_lost_connection(&error) => self.send_once(binding, name, &json).await,
            answered => answered,
        };
        let unanswered = |error: Error| StoreError(format!("{binding} {name} does not answer: {error}"));
        let mut response = answered.map_err(unanswered)?;
        let text = response.text().await.map_err(unanswered)?;
        if response.status_code() == 200 {
            Ok(text)
        } else {
            Err(StoreError(format!("{binding} {name}: {text}")))
        }
    }

    async fn send_once(&self, binding: &str, name: &str, json: &str) -> Result<Response, Error> {
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_body(Some(JsValue::from_str(json)));
        let request = Request::new_with_init(URL, &init)?;
        let stub = self.env.durable_object(binding)?.get_by_name(name)?;
        stub.fetch_with_request(request).await
    }
}

/// The runtime marks errors of the connection, as opposed to errors of the object, with this property.
fn is_lost_connection(error: &Error) -> bool {
    let property = |error: &JsValue, name: &str| Reflect::get(error, &name.into()).is_ok_and(|value| value.is_truthy());
    match error {
        Error::UnknownJsError { original, .. } => property(original, "retryable") && !property(original, "overloaded"),
        _ => false,
    }
}

fn parse<T: DeserializeOwned>(json: &str) -> Result<T, StoreError> {
    serde_json::from_str(json).map_err(|error| StoreError(format!("an object's answer is not as agreed: {error}")))
}

/// How long an object waits for another one, in ms. Others wait behind it, so it must not wait for ever.
const PATIENCE_MS: u64 = 5_000;

/// Waits for another object's answer, in an object, and gives up after [`PATIENCE_MS`].
pub(super) async fn patiently<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    let patience = Delay::from(Duration::from_millis(PATIENCE_MS));
    match select(pin!(asked), pin!(patience)).await {
        Either::Left((answered, _)) => answered,
        Either::Right(((), _)) => Err(StoreError(format!("an object gave no answer in {PATIENCE_MS} ms"))),
    }
}

/// Reads a message, in an object.
pub(super) async fn read<T: DeserializeOwned>(request: &mut Request) -> Result<T, StoreError> {
    let broken = |error| StoreError(format!("a message cannot be read: {error}"));
    let json = request.text().await.map_err(broken)?;
    parse(&json)
}

/// Writes the answer to a message of type `M`, in an object.
pub(super) fn answer<M: Message>(answer: Result<M::Answer, StoreError>) -> worker::Result<Response> {
    match answer {
        Ok(answer) => text(to_json(&answer)),
        Err(error) => fault(&error),
    }
}

/// As [`answer`], with JSON that is there already.
pub(super) fn text(json: impl Into<String>) -> worker::Result<Response> {
    Ok(Response::builder().fixed(json.into().into_bytes()))
}

/// An object cannot answer: the sender gets the error, the log too.
pub(super) fn fault(error: &StoreError) -> worker::Result<Response> {
    console_error!("{error}");
    Ok(Response::builder().with_status(500).fixed(error.0.clone().into_bytes()))
}

fn to_json<T: Serialize>(answer: &T) -> String {
    serde_json::to_string(answer).expect("answers serialise")
}
