//! A counter: a Durable Object that counts what all isolates share, such as sign-ins from one
//! network. It stores nothing: an object that is put away has not been asked for some time, and a
//! window has hardly any left then.

use std::{cell::RefCell, collections::HashMap};

use worker::{DurableObject, Env, Request, Response, Result, State, durable_object};

use super::{now, objects};
use crate::{
    platform::{CountKey, CountOneMore, WindowCount},
    queue::window_counts::{self, Window},
};

/// See the module.
#[durable_object(fetch)]
pub struct Counter {
    windows: RefCell<HashMap<CountKey, Window>>,
}

impl DurableObject for Counter {
    fn new(_: State, _: Env) -> Self {
        Counter {
            windows: RefCell::default(),
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
    fn count(&self, message: &CountOneMore) -> Vec<WindowCount> {
        let mut windows = self.windows.borrow_mut();
        window_counts::count(&mut windows, message, now())
    }
}
