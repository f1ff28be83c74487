//! A counter: a Durable Object that counts what all isolates share, such as sign-ins from one
//! network. It stores nothing: an object that is put away has not been asked for some time, and a
//! counted interval has hardly any left then.

use std::{cell::RefCell, collections::HashMap};

use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use super::{now, objects};
use crate::{
    platform::{CountKey, CountOneMore, IntervalCount},
    queue::interval_counts::{self, CountedInterval},
};

/// See the module.
#[durable_object(fetch)]
pub struct Counter {
    intervals: RefCell<HashMap<CountKey, CountedInterval>>,
}

impl DurableObject for Counter {
    fn new(_: State, _: Env) -> Self {
        Counter {
            intervals: RefCell::default(),
        }
    }

    async fn fetch(&self, mut request: Request) -> Result<Response> {
        let counted = objects::read::<CountOneMore>(&mut request)
            .await
            .map(|message| self.count(&message));
        objects::json(counted)
    }
}

impl Counter {
    fn count(&self, message: &CountOneMore) -> Vec<IntervalCount> {
        let mut intervals = self.intervals.borrow_mut();
        interval_counts::count(&mut intervals, message, now())
    }
}
