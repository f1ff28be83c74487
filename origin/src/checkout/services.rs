//! What the saga and recovery work with.

use std::sync::Arc;

use sqlx::PgPool;

use super::failpoints::Failpoints;
use crate::{inventory::Inventory, meter::Sessions, payments::PaymentRouter};

/// What the saga and recovery work with. Cheap to clone: each saga runs in a task with a clone of
/// its own.
#[derive(Clone)]
pub struct CheckoutServices {
    /// Orders and seat tickets.
    pub database: PgPool,
    /// Seat locks and carts.
    pub inventory: Arc<Inventory>,
    /// The payment providers.
    pub payments: Arc<PaymentRouter>,
    /// Shopping sessions: a sale ends one.
    pub sessions: Arc<Sessions>,
    /// Called after each step; does nothing in production.
    pub failpoints: Arc<dyn Failpoints>,
}
