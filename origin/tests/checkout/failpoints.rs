//! Actions of a test after chosen steps of an order.

use std::{future::Future, pin::Pin, sync::Mutex};

use stanchion_origin::checkout::failpoints::{Failpoints, SagaStep};
use uuid::Uuid;

/// Does something, each once, after the steps that it is told.
#[derive(Default)]
pub(crate) struct AtSteps {
    actions: Mutex<Vec<(SagaStep, Action)>>,
}

type Action = Pin<Box<dyn Future<Output = ()> + Send>>;

impl AtSteps {
    /// The next order that comes to `step` waits there for `action`. An action that never ends is a crash.
    pub(crate) fn at(&self, step: SagaStep, action: impl Future<Output = ()> + Send + 'static) {
        self.actions.lock().unwrap().push((step, Box::pin(action)));
    }

    /// Whether every action has at least begun.
    pub(crate) fn nothing_is_left_to_do(&self) -> bool {
        self.actions.lock().unwrap().is_empty()
    }
}

impl Failpoints for AtSteps {
    fn after(&self, step: SagaStep, _: Uuid) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut actions = self.actions.lock().unwrap();
        match actions.iter().position(|(at, _)| *at == step) {
            Some(found) => actions.remove(found).1,
            None => Box::pin(std::future::ready(())),
        }
    }
}

/// Dies after one step, once: the saga never goes on, as if its process had been killed.
pub(crate) struct DieAfter {
    pub(crate) step: SagaStep,
    pub(crate) died: Mutex<bool>,
}

impl Failpoints for DieAfter {
    fn after(&self, step: SagaStep, _: Uuid) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut died = self.died.lock().unwrap();
        if step == self.step && !*died {
            *died = true;
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(()))
    }
}
