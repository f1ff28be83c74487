//! A relay: one of the few objects through which all isolates read an event's snapshot and records, so that the
//! coordinator is asked a few times a second however many isolates there are. It stores nothing.
//!
//! Requests wait for one another here: in an object all of them share one input and output, so one may wait for an answer
//! that another asked for (in the stateless worker that is forbidden).

use std::{
    cell::RefCell,
    collections::{BTreeMap, HashMap},
    rc::Rc,
};

use futures_channel::oneshot;
use stanchion_shared::{
    identity::{Draw, EventId},
    timestamp::UnixMillis,
};
use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use super::{
    messages::{ClosedRecord, CurrentSnapshot, ReadRecord, ReadSchedule, ReadSnapshot, ToRelay, WholeSchedule},
    now,
    objects::{self, Objects},
};
use crate::platform::{SNAPSHOT_AGE_MS, StoreError};

/// How long a snapshot is handed out, in ms: half of what the platform promises, the other half is for its way.
const FRESH_MS: u64 = SNAPSHOT_AGE_MS / 2;
/// Records that are remembered, in bytes of JSON; one of an event with 1,024 shards has some 40 KiB.
const MAX_RECORD_BYTES: usize = 16 * 1024 * 1024;

/// The JSON of an answer, read by nobody here.
type Text = Rc<str>;

#[derive(Clone, Copy, PartialEq, Eq, Hash)]
enum Question {
    Snapshot,
    Schedule,
    Record(Draw),
}

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

fn fresh(aged: Option<&Aged>, now: UnixMillis) -> Option<Text> {
    let young = aged.filter(|aged| now.since(aged.asked_at) <= FRESH_MS)?;
    Some(Rc::clone(&young.text))
}

#[derive(Default)]
struct Memory {
    snapshot: Option<Aged>,
    schedule: Option<Aged>,
    records: BTreeMap<Draw, Text>,
    record_bytes: usize,
    /// Questions that are on their way to the coordinator, and the requests that wait for the same answer.
    asked: HashMap<Question, Vec<oneshot::Sender<Result<Text, StoreError>>>>,
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
            Ok(ToRelay::CurrentSnapshot(CurrentSnapshot { event_id })) => self.ask(&event_id, Question::Snapshot).await,
            Ok(ToRelay::WholeSchedule(WholeSchedule { event_id })) => self.ask(&event_id, Question::Schedule).await,
            Ok(ToRelay::ClosedRecord(ClosedRecord { event_id, draw })) => {
                self.ask(&event_id, Question::Record(draw)).await
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
    async fn ask(&self, event: &EventId, question: Question) -> Result<Text, StoreError> {
        let asked_at = now();
        if let Some(text) = self.memory.borrow().known(question, asked_at) {
            return Ok(text);
        }
        let with_others = self.memory.borrow_mut().wait_with_others(question);
        if let Some(answer) = with_others {
            let gone = |_| StoreError("the relay lost a question".to_owned());
            return answer.await.map_err(gone)?;
        }
        let answered = self.ask_coordinator(event, question).await.map(Text::from);
        let mut memory = self.memory.borrow_mut();
        if let Ok(text) = &answered {
            memory.remember(question, text, asked_at);
        }
        for waiting in memory.asked.remove(&question).unwrap_or_default() {
            // Whoever does not wait any more needs no answer.
            let _ = waiting.send(answered.clone());
        }
        answered
    }

    async fn ask_coordinator(&self, event: &EventId, question: Question) -> Result<String, StoreError> {
        match question {
            Question::Snapshot => objects::patiently(self.objects.coordinator_text(event, ReadSnapshot)).await,
            Question::Schedule => objects::patiently(self.objects.coordinator_text(event, ReadSchedule)).await,
            Question::Record(draw) => {
                objects::patiently(self.objects.coordinator_text(event, ReadRecord { draw })).await
            }
        }
    }
}

impl Memory {
    fn known(&self, question: Question, now: UnixMillis) -> Option<Text> {
        match question {
            Question::Snapshot => fresh(self.snapshot.as_ref(), now),
            Question::Schedule => fresh(self.schedule.as_ref(), now),
            Question::Record(draw) => self.records.get(&draw).cloned(),
        }
    }

    /// `None` for the first who asks: that one has to go.
    fn wait_with_others(&mut self, question: Question) -> Option<oneshot::Receiver<Result<Text, StoreError>>> {
        if let Some(waiting) = self.asked.get_mut(&question) {
            let (sender, receiver) = oneshot::channel();
            waiting.push(sender);
            return Some(receiver);
        }
        self.asked.insert(question, Vec::new());
        None
    }

    fn remember(&mut self, question: Question, text: &Text, asked_at: UnixMillis) {
        let draw = match question {
            Question::Snapshot => {
                self.snapshot = Some(Aged::new(text, asked_at));
                return;
            }
            Question::Schedule => {
                self.schedule = Some(Aged::new(text, asked_at));
                return;
            }
            Question::Record(draw) => draw,
        };
        // A record never changes; that there is none yet does.
        if &**text == "null" || self.records.insert(draw, Rc::clone(text)).is_some() {
            return;
        }
        self.record_bytes += text.len();
        // Fans who know their place need no record, so the oldest draws are asked for least.
        while self.record_bytes > MAX_RECORD_BYTES {
            let Some((_, oldest)) = self.records.pop_first() else {
                return;
            };
            self.record_bytes -= oldest.len();
        }
    }
}
