//! The waiting room at the edge: one application, several runtimes.
//!
//! # Layout
//! - [`app`]: answers requests, and knows no runtime;
//! - [`config`]: what the edge is told by variables, as typed values;
//! - [`platform`]: what a runtime must give the application;
//! - [`reading`]: how many instances read the one coordinator, and how long a silent source is left
//!   alone;
//! - [`queue`]: what every runtime's store must decide the same;
//! - `cloudflare`: the runtime for `wasm32-unknown-unknown`: Workers and Durable Objects;
//! - [`spin`]: the runtime for `wasm32-wasip2`: Spin, with the queue in Redis. Its store compiles
//!   natively, too.
//!
//! Dependencies go one way. Each of these uses only what is to its right: runtimes, `app`, `queue`,
//! `reading`, `platform`, `config`. `app` and `queue` do not use each other.

pub mod app;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod cloudflare;
pub mod config;
pub mod platform;
// Where shards are objects, more is decided here than where they are scripts. What no runtime uses,
// Cloudflare's target finds.
#[cfg_attr(not(all(target_arch = "wasm32", target_os = "unknown")), allow(dead_code))]
mod queue;
pub mod reading;
#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
pub mod spin;
