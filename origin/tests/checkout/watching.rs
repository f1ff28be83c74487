//! Those who look on while an order is made, and act after one of its steps.

use std::{future::Future, pin::Pin, sync::Mutex};

use stanchion_origin::checkout::{Step, Watch};
use uuid::Uuid;

/// Does something once, after one step.
pub(crate) struct AtStep {
    pub(crate) step: Step,
    pub(crate) action: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
}

impl AtStep {
    pub(crate) fn new(step: Step) -> AtStep {
        AtStep {
            step,
            action: Mutex::new(None),
        }
    }
}

impl Watch for AtStep {
    fn after(&self, step: Step, _: Uuid) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let action = if step == self.step {
            self.action.lock().unwrap().take()
        } else {
            None
        };
        Box::pin(async move {
            if let Some(action) = action {
                action.await;
            }
        })
    }
}

/// Dies after one step, once: the saga never goes on, as if its process had been killed.
pub(crate) struct DieAfter {
    pub(crate) step: Step,
    pub(crate) died: Mutex<bool>,
}

impl Watch for DieAfter {
    fn after(&self, step: Step, _: Uuid) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        let mut died = self.died.lock().unwrap();
        if step == self.step && !*died {
            *died = true;
            return Box::pin(std::future::pending());
        }
        Box::pin(std::future::ready(()))
    }
}
