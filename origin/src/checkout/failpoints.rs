//! Points at which a test can stop the saga. In production they do nothing.
//!
//! A test that stops the saga for good after a step does what a crash does. The saga itself needs
//! no code for it.

use std::{future::Future, pin::Pin};

use uuid::Uuid;

/// A point in the saga: just after the step of this name, before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum SagaStep {
    /// The order is pending.
    Begun,
    /// The seat locks are extended.
    LocksExtended,
    /// PostgreSQL knows that the provider is about to be asked.
    AuthorisingMarked,
    /// The provider has answered the authorisation.
    Authorised,
    /// The order is confirming, its tickets are reserved.
    Reserved,
    /// The provider has answered the capture.
    Captured,
    /// The order is confirmed, its tickets are active.
    Confirmed,
    /// Redis knows that the seats are sold.
    InventorySynced,
    /// PostgreSQL knows that the order will fail. Its payment is about to be undone.
    UndoDecided,
    /// The provider has answered the cancellation or refund.
    Undone,
}

impl SagaStep {
    /// All steps of a saga without faults, in their order.
    pub const ALL: [SagaStep; 8] = [
        SagaStep::Begun,
        SagaStep::LocksExtended,
        SagaStep::AuthorisingMarked,
        SagaStep::Authorised,
        SagaStep::Reserved,
        SagaStep::Captured,
        SagaStep::Confirmed,
        SagaStep::InventorySynced,
    ];
}

/// Called after every step; the saga waits for it.
pub trait Failpoints: Send + Sync {
    /// Called after `step` of `order`.
    fn after(&self, step: SagaStep, order: Uuid) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// Does nothing: for production.
pub struct NoFailpoints;

impl Failpoints for NoFailpoints {
    fn after(&self, _: SagaStep, _: Uuid) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}
