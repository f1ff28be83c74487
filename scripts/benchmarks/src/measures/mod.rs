//! One file per row of the table. Each prepares both sides, has them measured in turn, and checks afterwards that both
//! really did what they were measured for.

pub(crate) mod checkout;
pub(crate) mod join;
pub(crate) mod lock;
pub(crate) mod poll;
mod shop;
