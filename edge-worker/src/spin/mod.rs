//! Spin: a component for `wasm32-wasip2` with the queue in Redis. It needs Spin 4.1 (WASI 0.3).
//!
//! # Layout
//! - [`entry`]: a request comes in here;
//! - [`configuration`]: reads the component's variables;
//! - [`body`], [`target`]: translate requests and answers;
//! - [`site`]: passes a request to a protected site;
//! - [`nearby`]: what the instances of a machine share;
//! - [`origin`], [`redis`]: send what the application and the store ask for, each [within its time
//!   limit](time_limit);
//! - [`store`]: the queue store in Redis. It compiles on every target that can reach Redis, so that
//!   its tests drive the very same code natively.

#[cfg(target_os = "wasi")]
mod body;
#[cfg(target_os = "wasi")]
mod configuration;
#[cfg(target_os = "wasi")]
mod entry;
#[cfg(target_os = "wasi")]
mod nearby;
#[cfg(target_os = "wasi")]
mod origin;
#[cfg(target_os = "wasi")]
mod redis;
#[cfg(target_os = "wasi")]
mod site;
pub mod store;
#[cfg(any(target_os = "wasi", test))]
mod target;
#[cfg(target_os = "wasi")]
mod time_limit;
