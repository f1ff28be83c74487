//! The baselines of the edge's measures: the least that a Rust worker can do, and the least that a worker can do which
//! stores something per request. Served by the same workerd process as the edge, never deployed.

#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod insert_per_request;
#[cfg(all(target_arch = "wasm32", target_os = "unknown"))]
mod routes;
