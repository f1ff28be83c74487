//! Which events there are: those that a put of the control API has named, and no other. So an id
//! that somebody invents reaches no coordinator and no relay: no object is made for it, and it takes
//! no place in this instance's memory.
//!
//! The directory only grows, by signed requests alone, and an instance asks for what is new in it.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    rc::Rc,
};

use stanchion_shared::{ids::EventId, timestamp::UnixMillis};

use super::{super::asking::Question, nearby};
use crate::{
    app::http::refusal::Refusal,
    platform::{EVENTS_PER_READ, Platform, QueueStore, StoreError},
};

/// Under this key instances share the directory.
const NEARBY: &str = "events";
/// For so long, in seconds, while it cannot be read.
const NEARBY_SECONDS: u32 = 600;
/// A request that does not wait takes a directory of this age, in ms.
const TAKE_LAST_MS: u64 = 1_000;

/// How a request looks for an event that this instance does not know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// An event that was put before the request came is found.
    AskAnew,
    /// What was known a second ago will do.
    TakeLast,
}

#[derive(Default)]
struct Known {
    ids: HashSet<EventId>,
    /// In the directory's order, for others nearby.
    in_order: Vec<EventId>,
}

thread_local! {
    static KNOWN: RefCell<Known> = RefCell::default();
    static RECALLED: Cell<bool> = const { Cell::new(false) };
    static QUESTION: Rc<Question> = Rc::new(Question::new("the directory of events"));
}

fn knows(event: &EventId) -> bool {
    KNOWN.with_borrow(|known| known.ids.contains(event))
}

fn add(events: Vec<EventId>) {
    KNOWN.with_borrow_mut(|known| {
        known.ids.extend(events.iter().cloned());
        known.in_order.extend(events);
    });
}

/// An event that this instance has just put.
pub(crate) fn learn(event: &EventId) {
    KNOWN.with_borrow_mut(|known| known.ids.insert(event.clone()));
}

/// Whether there is such an event.
///
/// # Errors
/// 503: it is not known here, and the directory cannot be read.
pub(super) async fn has<P: Platform>(platform: &P, event: &EventId, patience: Patience) -> Result<bool, Refusal> {
    let arrived_at = platform.now();
    if !RECALLED.replace(true) && !knows(event) {
        let kept: Option<Vec<EventId>> = nearby::recall(platform, NEARBY).await;
        // Another request may have read it meanwhile.
        let is_first = KNOWN.with_borrow(|known| known.in_order.is_empty());
        kept.filter(|_| is_first).into_iter().for_each(add);
    }
    if knows(event) {
        return Ok(true);
    }
    let question = QUESTION.with(Rc::clone);
    let ask = async || Box::pin(read(platform)).await;
    let is_answered = match patience {
        Patience::AskAnew => question.answer_since(platform, arrived_at, ask).await,
        Patience::TakeLast => {
            let recent = |as_of: UnixMillis| platform.now().since(as_of) <= TAKE_LAST_MS;
            match question.answered_as_of() {
                Some(as_of) if recent(as_of) => true,
                // Whatever comes of it: another request may be asking just now.
                Some(_) => {
                    question.ask(platform, ask()).await;
                    true
                }
                // An instance that has never had an answer knows of no event at all: it waits, or a
                // guarded path would be nobody's until then.
                None => question.answer_since(platform, UnixMillis(0), ask).await,
            }
        }
    };
    match knows(event) {
        true => Ok(true),
        false if is_answered => Ok(false),
        false => Err(question.silent()),
    }
}

/// Reads what is new.
async fn read<P: Platform>(platform: &P) -> Result<UnixMillis, StoreError> {
    let asked_at = platform.now();
    let mut has_grown = false;
    loop {
        let position = KNOWN.with_borrow(|known| known.in_order.len());
        let position = u32::try_from(position).expect("a directory has a limit");
        let events = platform.store().events(position).await?;
        let read = events.len();
        has_grown |= read > 0;
        add(events);
        if read < EVENTS_PER_READ {
            break;
        }
    }
    if has_grown {
        let all = KNOWN.with_borrow(|known| known.in_order.clone());
        nearby::keep(platform, NEARBY, &all, NEARBY_SECONDS).await;
    }
    Ok(asked_at)
}
