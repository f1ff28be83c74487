//! Where the objects are, and the one place that sends them messages and reads and writes their
//! answers.

use std::{cell::Cell, pin::pin, time::Duration};

use futures_util::future::{Either, select};
use serde::{Serialize, de::DeserializeOwned};
use stanchion_shared::{
    ids::{EventId, Shard},
    meter::SiteAnswers,
};
use worker::{
    Delay, Env, Error, Method, Request, RequestInit, Response, console_error, js_sys::Reflect, wasm_bindgen::JsValue,
};

use super::messages::{Message, Read, ReadByRelay, ReadWithAnswers, Source, ToCoordinator, ToDirectory, ToShard};
use crate::{
    platform::{CountOneMore, IntervalCount, StoreError},
    reading::fan_out,
};

/// Objects are addressed by name; the URL of a message means nothing.
const URL: &str = "https://object/";
/// There is one directory.
const DIRECTORY: &str = "events";

/// The addresses of all objects.
pub(super) struct Objects {
    env: Env,
}

/// The relay that this isolate asks: on its own continent, and of those there one at random, so that
/// isolates spread evenly.
#[derive(Clone, Copy)]
struct ChosenRelay {
    /// As the runtime names it, and the hint by which an object is made there. Where the runtime
    /// says nothing (on a developer's machine) it is Europe.
    continent: (&'static str, &'static str),
    number: u64,
}

thread_local! {
    static RELAY: Cell<Option<ChosenRelay>> = const { Cell::new(None) };
}

/// Chooses this isolate's relay, once: an isolate stays in its data centre. `continent` looks up
/// where that is.
pub(super) fn choose_relay(continent: impl FnOnce() -> Option<String>) {
    if RELAY.get().is_none() {
        let told = continent();
        let named = fan_out::CONTINENTS
            .into_iter()
            .find(|(name, _)| Some(*name) == told.as_deref());
        let continent = named.unwrap_or(HOME);
        let number = random() % fan_out::RELAYS_PER_CONTINENT;
        RELAY.set(Some(ChosenRelay { continent, number }));
    }
}

/// Where a runtime says nothing.
const HOME: (&str, &str) = ("EU", "weur");

fn relay() -> ChosenRelay {
    choose_relay(|| None);
    RELAY.get().expect("just chosen")
}

/// Changes to the next relay unless it is taken back: a relay that is silent, or whose question was
/// given up, is not asked again.
struct LeaveRelay(ChosenRelay);

impl Drop for LeaveRelay {
    fn drop(&mut self) {
        let ChosenRelay { continent, number } = self.0;
        if RELAY.get().is_some_and(|now| now.number == number) {
            let number = (number + 1) % fan_out::RELAYS_PER_CONTINENT;
            RELAY.set(Some(ChosenRelay { continent, number }));
        }
    }
}

/// Unpredictable, and different each time for all practical purposes.
pub(super) fn random() -> u64 {
    getrandom::u64().expect("Workers have crypto.getRandomValues")
}

impl Objects {
    pub(super) fn new(env: Env) -> Objects {
        Objects { env }
    }

    /// A file of the binding for Workers static assets. The headers that come with it are not used:
    /// the application says its own.
    pub(super) async fn static_file(&self, path: &str) -> worker::Result<Option<Vec<u8>>> {
        let found = self.env.assets("ASSETS")?;
        let found = found.fetch(format!("https://static.invalid/{path}"), None).await?;
        let mut found = worker::Response::try_from(found)?;
        match found.status_code() {
            200 => found.bytes().await.map(Some),
            404 => Ok(None),
            status => Err(worker::Error::RustError(format!("status {status}"))),
        }
    }

    /// Asks the event's coordinator.
    pub(super) async fn coordinator<M>(&self, event: &EventId, message: M) -> Result<M::Answer, StoreError>
    where
        M: Message<Object = ToCoordinator>,
    {
        parse(&self.send("COORDINATOR", event.as_str(), None, &message.into()).await?)
    }

    /// Reads something at its source: the answer's JSON, which a relay only passes on. `answers` of
    /// the event's site go with it.
    pub(super) async fn read_at_source(
        &self,
        of: &Source,
        read: Read,
        answers: SiteAnswers,
    ) -> Result<String, StoreError> {
        match of {
            Source::Event(event) if !answers.is_empty() => {
                let message = ToCoordinator::ReadWithAnswers(Box::new(ReadWithAnswers { read, answers }));
                self.send_or(
                    "COORDINATOR",
                    event.as_str(),
                    None,
                    &message,
                    &ToCoordinator::Read(read),
                )
                .await
            }
            Source::Event(event) => {
                self.send("COORDINATOR", event.as_str(), None, &ToCoordinator::Read(read))
                    .await
            }
            Source::Directory => self.send("DIRECTORY", DIRECTORY, None, &ToDirectory::Read(read)).await,
        }
    }

    /// Tells the directory.
    pub(super) async fn directory<M>(&self, message: M) -> Result<M::Answer, StoreError>
    where
        M: Message<Object = ToDirectory>,
    {
        parse(&self.send("DIRECTORY", DIRECTORY, None, &message.into()).await?)
    }

    /// Asks one of the event's shards.
    pub(super) async fn shard<M>(&self, event: &EventId, shard: Shard, message: M) -> Result<M::Answer, StoreError>
    where
        M: Message<Object = ToShard>,
    {
        parse(
            &self
                .send("SHARD", &format!("{event}/{}", shard.0), None, &message.into())
                .await?,
        )
    }

    /// Counts, in the object of that place.
    pub(super) async fn count(&self, message: &CountOneMore) -> Result<Vec<IntervalCount>, StoreError> {
        parse(&self.send("COUNTER", &message.place.to_hex(), None, message).await?)
    }

    /// Reads something through the relay that this isolate uses. `T` is the answer that [`Read`]
    /// names.
    pub(super) async fn read<T: DeserializeOwned>(&self, of: Source, read: Read) -> Result<T, StoreError> {
        self.read_with(of, read, SiteAnswers::default()).await
    }

    /// The same, and tells the coordinator how the event's site answered.
    pub(super) async fn read_with<T: DeserializeOwned>(
        &self,
        of: Source,
        read: Read,
        answers: SiteAnswers,
    ) -> Result<T, StoreError> {
        let relay = relay();
        let (continent, hint) = relay.continent;
        // A dot is in no event id.
        let name = match &of {
            Source::Event(event) => format!("{event}/{continent}/{}", relay.number),
            Source::Directory => format!(".directory/{continent}/{}", relay.number),
        };
        let leave = LeaveRelay(relay);
        let message = |answers| ReadByRelay {
            of: of.clone(),
            read,
            answers,
        };
        let (first, again) = (message(answers), message(SiteAnswers::default()));
        let answered = self.send_or("RELAY", &name, Some(hint), &first, &again).await?;
        std::mem::forget(leave);
        parse(&answered)
    }

    /// A connection to an object may be lost at any time, by a deployment for one. Every operation
    /// can be repeated, so it is repeated once when its answer was lost. An object that is
    /// overloaded is left alone.
    async fn send<M: Serialize>(
        &self,
        binding: &str,
        name: &str,
        hint: Option<&str>,
        message: &M,
    ) -> Result<String, StoreError> {
        self.send_or(binding, name, hint, message, message).await
    }

    /// The same, with another message where the first one's answer was lost.
    async fn send_or<M: Serialize>(
        &self,
        binding: &str,
        name: &str,
        hint: Option<&str>,
        message: &M,
        again: &M,
    ) -> Result<String, StoreError> {
        let answered = match self.send_once(binding, name, hint, &to_json(message)).await {
            Err(error) if is_lost_connection(&error) => self.send_once(binding, name, hint, &to_json(again)).await,
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

    /// `hint` says where the object is made if it is not there yet. The others are made where they
    /// are first asked for: a coordinator and a directory where the origin puts the event, a shard
    /// where its first fan joins.
    async fn send_once(&self, binding: &str, name: &str, hint: Option<&str>, json: &str) -> Result<Response, Error> {
        let mut init = RequestInit::new();
        init.with_method(Method::Post).with_body(Some(JsValue::from_str(json)));
        let request = Request::new_with_init(URL, &init)?;
        let objects = self.env.durable_object(binding)?;
        let stub = match hint {
            Some(hint) => objects.get_by_name_with_location_hint(name, hint)?,
            None => objects.get_by_name(name)?,
        };
        stub.fetch_with_request(request).await
    }
}

/// The runtime marks errors of the connection, as opposed to errors of the object, with this
/// property.
fn is_lost_connection(error: &Error) -> bool {
    let property = |error: &JsValue, name: &str| Reflect::get(error, &name.into()).is_ok_and(|value| value.is_truthy());
    match error {
        Error::UnknownJsError { original, .. } => property(original, "retryable") && !property(original, "overloaded"),
        _ => false,
    }
}

fn parse<T: DeserializeOwned>(json: &str) -> Result<T, StoreError> {
    serde_json::from_slice(json.as_bytes())
        .map_err(|error| StoreError(format!("an object's answer is not as agreed: {error}")))
}

/// How long an object waits for another one, unless it says otherwise. Other requests wait behind it,
/// so it must not wait for ever.
const TIME_LIMIT: Duration = Duration::from_secs(5);

/// As [`within`], with the usual limit.
pub(super) async fn within_limit<T>(asked: impl Future<Output = Result<T, StoreError>>) -> Result<T, StoreError> {
    within(TIME_LIMIT, asked).await
}

/// Waits for another object's answer, in an object, and gives up after `time_limit`.
pub(super) async fn within<T>(
    time_limit: Duration,
    asked: impl Future<Output = Result<T, StoreError>>,
) -> Result<T, StoreError> {
    match select(pin!(asked), pin!(Delay::from(time_limit))).await {
        Either::Left((answered, _)) => answered,
        Either::Right(((), _)) => Err(StoreError(format!(
            "an object gave no answer in {} ms",
            time_limit.as_millis()
        ))),
    }
}

/// Reads a message, in an object.
pub(super) async fn read<T: DeserializeOwned>(request: &mut Request) -> Result<T, StoreError> {
    let broken = |error| StoreError(format!("a message cannot be read: {error}"));
    let json = request.text().await.map_err(broken)?;
    parse(&json)
}

/// Writes an answer, in an object.
pub(super) fn json<T: Serialize>(answer: Result<T, StoreError>) -> worker::Result<Response> {
    match answer {
        Ok(answer) => text(to_json(&answer)),
        Err(error) => fault(&error),
    }
}

/// Writes the answer to a message of type `M`, in an object.
pub(super) fn answer<M: Message>(answer: Result<M::Answer, StoreError>) -> worker::Result<Response> {
    json(answer)
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

fn to_json<T: Serialize>(message: &T) -> String {
    serde_json::to_string(message).expect("messages and answers serialise")
}
