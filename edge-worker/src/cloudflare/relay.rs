//! A relay: one of the few objects through which all isolates read an event, or the directory of
//! events, so that the coordinator is asked a few times a second however many isolates there are. It
//! stores nothing. [`crate::reading::fan_out`] says how many there are.
//!
//! Requests wait for one another here: in an object all of them share one input and output, so one
//! may wait for an answer that another asked for (in the stateless worker that is forbidden).

use std::{cell::RefCell, collections::HashMap, time::Duration};

use futures_channel::oneshot;
use stanchion_shared::meter::SiteAnswers;
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use super::{
    messages::{Read, ReadByRelay, Source},
    now,
    objects::{self, Objects},
};
use crate::{
    platform::StoreError,
    reading::{
        breaker::Breaker,
        relayed::{Relayed, Text},
        unsent_answers::UnsentAnswers,
    },
};

/// A coordinator that has not answered after this long is silent, in ms. It is less than isolates
/// wait, so that they hear of it.
const TIME_LIMIT: Duration = Duration::from_millis(600);

#[derive(Default)]
struct Memory {
    /// What was read.
    answers: Relayed,
    /// Reads that are on their way to the coordinator, and the requests that wait for the same
    /// answer.
    asked: HashMap<Read, Vec<oneshot::Sender<Result<Text, StoreError>>>>,
    breaker: Breaker,
    /// What isolates told of the answers of the event's site. A relay reads one event.
    unsent_answers: UnsentAnswers,
}

/// See the module.
#[durable_object(fetch)]
pub struct Relay {
    objects: Objects,
    memory: RefCell<Memory>,
}

impl DurableObject for Relay {
    fn new(_: State, env: Env) -> Self {
        Relay {
            objects: Objects::new(env),
            memory: RefCell::default(),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let asked = match objects::read(&mut request).await {
            Ok(ReadByRelay { of, read, answers }) => {
                self.memory.borrow_mut().unsent_answers.note(answers, now());
                self.ask(&of, read).await
            }
            Err(error) => Err(error),
        };
        match asked {
            Ok(text) => objects::text(&*text),
            Err(error) => objects::fault(&error),
        }
    }
}

impl Relay {
    async fn ask(&self, of: &Source, read: Read) -> Result<Text, StoreError> {
        let asked_at = now();
        if let Some(text) = self.memory.borrow().answers.recall(read, asked_at) {
            return Ok(text);
        }
        if self.memory.borrow().breaker.rests(asked_at) {
            return Err(StoreError("what the relay reads was silent just now".to_owned()));
        }
        let with_others = self.memory.borrow_mut().wait_with_others(read);
        if let Some(answer) = with_others {
            let gone = |_| StoreError("the relay lost a question".to_owned());
            return answer.await.map_err(gone)?;
        }
        let answers = match read {
            Read::Snapshot => self.memory.borrow_mut().unsent_answers.take(now()),
            _ => SiteAnswers::default(),
        };
        let answered = objects::within(TIME_LIMIT, self.objects.read_at_source(of, read, answers))
            .await
            .map(Text::from);
        let mut memory = self.memory.borrow_mut();
        match &answered {
            Ok(text) => {
                memory.breaker.note_answer();
                memory.answers.remember(read, text, asked_at);
            }
            Err(_) => memory.breaker.note_silence(now()),
        }
        for waiting in memory.asked.remove(&read).unwrap_or_default() {
            // A request that has gone away needs no answer.
            let _ = waiting.send(answered.clone());
        }
        answered
    }
}

impl Memory {
    /// `None` for the first request: that one has to ask the coordinator.
    fn wait_with_others(&mut self, read: Read) -> Option<oneshot::Receiver<Result<Text, StoreError>>> {
        if let Some(waiting) = self.asked.get_mut(&read) {
            let (sender, receiver) = oneshot::channel();
            waiting.push(sender);
            return Some(receiver);
        }
        self.asked.insert(read, Vec::new());
        None
    }
}
