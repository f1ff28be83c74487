//! The queue store in Redis, driven natively against real Redis servers: the very code that runs in the Spin component,
//! over another connection.

mod beacon;
mod closing;
mod connection;
mod edge;
mod edge_restored;
mod edge_scoring;
mod joining;
mod lives;
mod outage;
mod puts;
mod scoring;
mod server;
mod sha256;
mod world;
