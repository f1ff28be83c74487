//! The queue store in Redis, driven natively against real Redis servers: the very code that runs in the Spin component,
//! over another connection.

mod beacon;
mod closing;
mod connection;
mod counting;
mod edge;
mod edge_other_events;
mod edge_over_tls;
mod edge_restored;
mod edge_review;
mod edge_scoring;
mod edge_silent;
mod epochs;
mod harness;
mod joining;
mod outage;
mod puts;
mod reads;
mod scoring;
mod second_line;
mod server;
mod sessions;
mod sha256;
mod silent;
mod site_meter;
mod slots;
