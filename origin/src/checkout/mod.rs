//! The checkout: from a cart to an order that is paid and has its seat tickets, or to an order that
//! never cost anything.
//!
//! It is a saga. PostgreSQL records every step, every step may be repeated, and an order that
//! cannot be finished is undone. [`saga`] has the table of the steps, with what makes each
//! idempotent.
//!
//! - [`http`]: the request and its answers. [`place_order`]: the way from the request to the
//!   order's end.
//! - [`request`]: checks the request. [`begin`]: begins the order, and decides about its
//!   idempotency key.
//! - [`saga`]: takes the order to its end while the fan waits. [`lock_extension`]: its step in
//!   Redis before the payment.
//! - [`transitions`]: the saga's steps in PostgreSQL (`sql/`). [`sync_inventory`]: tells Redis how
//!   the order ended.
//! - [`recovery`]: finishes what was left. [`takeover`]: gives recovery an order lease.
//! - [`order`]: the states as types. [`failure`]: why an order failed. [`error`]: why a checkout is
//!   refused.
//! - [`failpoints`]: lets tests stop the saga. [`services`]: what the saga and recovery work with.
//!
//! ```text
//! (nothing) -> pending -> confirming -> confirmed
//!                   \          \
//!                    `----------`----> failed
//! ```
//!
//! One worker at a time has an order: first the saga, later perhaps recovery. An order lease is a
//! token that every change in PostgreSQL names and that a takeover replaces. An order lease
//! outlasts each step towards the provider, and is renewed before it. On the way to `failed`, a
//! payment is undone only after PostgreSQL has recorded the decision (`orders.undoing`). The
//! decision needs the order lease and forbids `confirmed` for good. So a worker that was overtaken,
//! even in the middle of a call, neither undoes what its successor charged nor charges what its
//! successor undid.
//!
//! Round trips of a sale of seats in one section, before the answer and after it:
//!
//! - PostgreSQL 13 and 2: 8 statements and 1, with `begin` and `commit`, and before each use of a
//!   connection the pool's question whether it is alive.
//! - Redis 4 and 1: the cart, the locks, the sold seats, the cart; the session that has bought.
//! - The provider 2 and 0. They take nearly all the time.

pub mod begin;
mod error;
pub mod failpoints;
pub mod failure;
pub mod http;
mod lock_extension;
pub mod order;
mod place_order;
pub mod recovery;
mod request;
pub mod saga;
mod services;
pub mod sync_inventory;
pub mod takeover;
pub mod transitions;

pub use error::CheckoutError;
pub use services::CheckoutServices;
