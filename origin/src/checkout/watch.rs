//! Who looks on while an order is made. Production has nobody; tests stop the saga dead after any step, which is what a
//! crash does, without a door for it in the saga itself.

use std::{future::Future, pin::Pin};

use uuid::Uuid;

/// Where the saga stands: just after this, before anything else.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// The order is pending.
    Begun,
    /// The locks are extended.
    Extended,
    /// PostgreSQL knows that the provider is about to be asked.
    Noted,
    /// The provider has answered the authorisation.
    Authorised,
    /// The order is confirming, its tickets reserved.
    Reserved,
    /// The provider has answered the capture.
    Captured,
    /// The order is confirmed, its tickets active.
    Confirmed,
    /// Redis knows it.
    Settled,
    /// It is decided that the order fails; its money is about to be let go of.
    Undoing,
    /// The provider has answered that.
    Undone,
}

impl Step {
    /// All, in the order of a saga without faults.
    pub const ALL: [Step; 8] = [
        Step::Begun,
        Step::Extended,
        Step::Noted,
        Step::Authorised,
        Step::Reserved,
        Step::Captured,
        Step::Confirmed,
        Step::Settled,
    ];
}

/// Is told of every step, and the saga waits for it.
pub trait Watch: Send + Sync {
    /// Called after `step` of `order`.
    fn after(&self, step: Step, order: Uuid) -> Pin<Box<dyn Future<Output = ()> + Send + '_>>;
}

/// Nobody looks on.
pub struct Unwatched;

impl Watch for Unwatched {
    fn after(&self, _: Step, _: Uuid) -> Pin<Box<dyn Future<Output = ()> + Send + '_>> {
        Box::pin(std::future::ready(()))
    }
}
