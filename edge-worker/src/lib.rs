//! The waiting room at the edge: one application, several runtimes.
//!
//! [`app`] answers requests and knows no runtime; [`platform`] says what a runtime must give it. The target picks the
//! runtime: `wasm32-unknown-unknown` is Cloudflare's, `wasm32-wasip2` is Spin's. What every runtime's store must decide the
//! same is in [`event`] (for an event), [`person`] (for one person), [`beacon`] (a draw's public randomness) and [`health`]
//! (whether a site of somebody else's can take people).

pub mod app;
mod beacon;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod cloudflare;
mod event;
mod health;
mod person;
pub mod platform;
#[cfg(not(all(target_arch = "wasm32", target_os = "unknown")))]
pub mod spin;
