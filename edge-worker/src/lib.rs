//! The waiting room at the edge: one application, several runtimes.
//!
//! [`app`] answers requests and knows no runtime; [`platform`] says what a runtime must give it. The target picks the
//! runtime: `wasm32-unknown-unknown` is Cloudflare's.

pub mod app;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod cloudflare;
#[cfg(any(test, all(target_arch = "wasm32", target_os = "unknown")))]
mod person;
pub mod platform;
