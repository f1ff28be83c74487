//! Cloudflare Workers and Durable Objects.
//!
//! [`entry`] is where a request comes in, and [`site`] passes it to a protected site. [`store`]
//! sends what the application asks of the queue store to the objects: one [`coordinator`] per
//! event, its [`shard`]s, a few [`relay`]s that alone read the coordinator for everybody, and one
//! [`directory`] of events. A [`counter`] counts for all isolates. [`messages`] is what travels
//! between them, [`objects`] the one place that sends it, [`database`] the one door to an object's
//! SQLite.

mod body;
mod cache;
mod configuration;
mod coordinator;
mod counter;
mod database;
mod directory;
mod entry;
mod messages;
mod objects;
mod origin;
mod relay;
mod shard;
mod site;
mod store;

use stanchion_shared::timestamp::UnixMillis;

/// The runtime's wall clock. It stands still between two awaits on input or output.
fn now() -> UnixMillis {
    UnixMillis(worker::js_sys::Date::now() as u64)
}
