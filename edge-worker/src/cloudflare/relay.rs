//! A relay: one of the few objects through which all isolates read an event, or the directory of
//! events, so that the coordinator is asked a few times a second however many isolates there are. It
//! stores nothing. [`fan_out`] says how many there are.
//!
//! Requests wait for one another here: in an object all of them share one input and output, so one
//! may wait for an answer that another asked for (in the stateless worker that is forbidden).

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    rc::Rc,
    time::Duration,
};

use futures_channel::oneshot;
use stanchion_shared::{meter::SiteAnswers, timestamp::UnixMillis};
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use super::{
    messages::{Read, ReadByRelay, Source},
    now,
    objects::{self, Objects},
};
use crate::{
    platform::StoreError,
    reading::{breaker::Breaker, fan_out, unsent_answers::UnsentAnswers},
};

/// How long what may change is handed out, in ms.
const FRESH_MS: u64 = fan_out::RELAY_FRESH_MS;
/// A coordinator that has not answered after this long is silent, in ms. It is less than isolates
/// wait, so that they hear of it.
const TIME_LIMIT: Duration = Duration::from_millis(600);
/// What never changes is remembered, in bytes of JSON; a record of an event with 1,024 shards has
/// some 40 KiB.
const MAX_LASTING_BYTES: usize = 16 * 1024 * 1024;
/// Answers that may change are remembered up to this number; older ones are forgotten then.
const MAX_CHANGING: usize = 256;

/// The JSON of an answer, which the relay does not parse.
type Text = Rc<str>;

struct Aged {
    text: Text,
    /// When it was asked for: it is not older than this.
    asked_at: UnixMillis,
}

impl Aged {
    fn new(text: &Text, asked_at: UnixMillis) -> Aged {
        let text = Rc::clone(text);
        Aged { text, asked_at }
    }
}

#[derive(Default)]
struct Memory {
    /// What may change.
    changing: HashMap<Read, Aged>,
    /// What never changes.
    lasting: BTreeMap<Read, Text>,
    lasting_bytes: usize,
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
        if let Some(text) = self.memory.borrow().recall(read, asked_at) {
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
                memory.remember(read, text, asked_at);
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
    fn recall(&self, read: Read, now: UnixMillis) -> Option<Text> {
        let young = |aged: &&Aged| now.since(aged.asked_at) <= FRESH_MS;
        let changing = self.changing.get(&read).filter(young).map(|aged| &aged.text);
        changing.or_else(|| self.lasting.get(&read)).cloned()
    }

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

    fn remember(&mut self, read: Read, text: &Text, asked_at: UnixMillis) {
        // A record and a key never change; that there is none yet does.
        if !matches!(read, Read::Record(_) | Read::EventKey) || &**text == "null" {
            if self.changing.len() >= MAX_CHANGING {
                self.changing
                    .retain(|_, aged| asked_at.since(aged.asked_at) <= FRESH_MS);
            }
            self.changing.insert(read, Aged::new(text, asked_at));
            return;
        }
        if self.lasting.insert(read, Rc::clone(text)).is_some() {
            return;
        }
        self.lasting_bytes += text.len();
        // Fans who know their place need no record, so the oldest draws are read least. The key comes
        // after all records.
        while self.lasting_bytes > MAX_LASTING_BYTES {
            let Some((_, oldest)) = self.lasting.pop_first() else {
                return;
            };
            self.lasting_bytes -= oldest.len();
        }
    }
}
