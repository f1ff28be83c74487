//! The gateway as its callers see it: over real HTTP, on a free port.

mod cards;
mod control;
mod faults;
mod idempotency;
mod lifecycle;
mod limits;
mod lists;
mod process;
mod refunds;
mod running;
