//! Spin: a component for `wasm32-wasip2` with the queue in Redis. It needs Spin 4.1 (WASI 0.3).
//!
//! [`entry`] is where a request comes in; [`configuration`] reads the variables, [`redis`] and [`origin`] send what the
//! application asks for, [`body`] and [`target`] translate requests and answers. The [`store`] compiles on every target that can reach
//! Redis, so that its tests drive the very same code natively.

#[cfg(target_os = "wasi")]
mod body;
#[cfg(target_os = "wasi")]
mod configuration;
#[cfg(target_os = "wasi")]
mod entry;
#[cfg(target_os = "wasi")]
mod origin;
#[cfg(target_os = "wasi")]
mod patience;
#[cfg(target_os = "wasi")]
mod redis;
pub mod store;
#[cfg(any(target_os = "wasi", test))]
mod target;
