//! The checkout: from a cart to an order that is paid and has its tickets, or to one that never cost anything. A saga:
//! every step is recorded, may be repeated, and is undone by what follows if it cannot be finished.
//!
//! [`handler`] answers the request; [`saga`] is the way of an order while the fan waits; [`recovery`] finishes what was
//! left ([`claims`] takes it over); [`beginning`] and [`ledger`] are each step in PostgreSQL (`sql/`); [`settle`] tells
//! Redis; [`order`] are the states as types; [`failure`] is why it did not work; [`watch`] looks on.
//!
//! ```text
//! (nothing) -> pending -> confirming -> confirmed
//!                   \          \
//!                    `----------`----> failed
//! ```
//!
//! One worker at a time has an order: the saga, then whoever takes it over in recovery. Its lease is a token that every
//! change in PostgreSQL names and that taking over replaces; it is renewed before each step towards the provider and
//! outlasts it. On the way to `failed`, money is let go of only after PostgreSQL has been told so (`orders.undoing`), which
//! needs the lease and forbids `confirmed` for good: a worker that was overtaken, even one that slept in the middle of a
//! call, neither takes back what its successor charged nor charges what its successor gave back.
//!
//! Round trips of a sale: 1 for two reads at once (key in PostgreSQL, cart in Redis), begin 4, then `saga`: 6 and two to the
//! provider. 13 in all, of which the provider's two take nearly all the time.

pub mod beginning;
pub mod claims;
pub mod failure;
mod handler;
pub mod ledger;
pub mod order;
pub mod recovery;
mod request;
pub mod saga;
pub mod settle;
pub mod watch;

use std::sync::Arc;

pub use handler::{ANSWER_AFTER, ANSWER_RESERVE, router};
pub use recovery::{recover, recover_forever};
pub use watch::{Step, Unwatched, Watch};

use crate::payments::PaymentRouter;

/// What checkouts need besides the databases.
pub struct Till {
    /// Takes the money.
    pub payments: PaymentRouter,
    /// Looks on; nobody in production.
    pub watch: Arc<dyn Watch>,
}

impl Till {
    /// A till nobody looks at.
    #[must_use]
    pub fn new(payments: PaymentRouter) -> Till {
        Till {
            payments,
            watch: Arc::new(Unwatched),
        }
    }
}
