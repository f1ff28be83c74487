//! What a runtime must give the application: a clock, randomness, configuration, the origin over
//! HTTP, a cache, and the queue store.
//!
//! # Layout
//! - this file: [`Platform`], one implementation per runtime;
//! - [`site`]: what passes between a client and a protected site;
//! - [`store`]: [`QueueStore`], the queue's memory;
//! - [`join`], [`claim`], [`identifier_use`]: what a shard is asked about one person, and the
//!   outcomes;
//! - [`counted`]: counts that all instances share.
//!
//! The store's messages are values with named outcomes. A runtime can carry them as it likes
//! (requests to a Durable Object, one Lua script each), and the application cannot overlook a
//! refusal.

mod claim;
mod counted;
mod identifier_use;
mod join;
mod site;
mod store;

use std::{net::IpAddr, time::Duration};

use serde::{Deserialize, Serialize};
use stanchion_shared::timestamp::UnixMillis;

pub use claim::{
    Claim, ClaimOutcome, EndOutcome, EndSession, KeepOutcome, KeepSession, Leave, LeaveOutcome, ShoppingWindow, WalkIn,
    WalkInOutcome,
};
pub use counted::{CountKey, CountOneMore, IntervalCount};
pub use identifier_use::{IDENTIFIERS_KEPT_MS, IdentifierUse, IdentifierUsers};
pub use join::{HeldTicket, Join, JoinOutcome, Replaces};
pub use site::{BodyError, SiteAnswer, SiteTimeLimits};
pub use store::{EVENTS_PER_READ, MOST_EVENTS, PutOutcome, QueueStore, ReadSnapshot, SNAPSHOT_AGE_MS};

use crate::config::EdgeConfig;

/// A request of the application, body whole.
pub type HttpRequest = http::Request<Vec<u8>>;
/// An answer of the application or to it, body whole.
pub type HttpResponse = http::Response<Vec<u8>>;

/// Largest answer that [`Platform::fetch`] and [`Platform::fetch_within`] hold, in bytes. The
/// largest that Stanchion's own origin gives are the 8 MB of a section with 100,000 seats.
pub const MAX_FETCHED_BYTES: usize = 16 * 1024 * 1024;

/// What runs the application.
pub trait Platform {
    /// The body of a request, of which nothing has been read.
    type RequestBody;

    /// The body of a protected site's answer, still on its way.
    type SiteBody;

    /// Whether [`Platform::pass_to_site`] can open a WebSocket (RFC 6455).
    const PASSES_WEBSOCKETS: bool;

    /// The queue's memory as this runtime keeps it.
    fn store(&self) -> impl QueueStore;

    /// The runtime's wall clock.
    fn now(&self) -> UnixMillis;

    /// Fills `bytes` from the runtime's cryptographic generator.
    fn random(&self, bytes: &mut [u8]);

    /// Keys and addresses, parsed once per instance.
    fn config(&self) -> &EdgeConfig;

    /// The address that sent a request, as the runtime's own front saw it; `None` where the front
    /// does not say it.
    fn client_address(&self, request: &HttpRequest) -> Option<IpAddr>;

    /// The autonomous system that a join came from, where the runtime's own front says it.
    fn client_system(&self, request: &HttpRequest) -> Option<u32>;

    /// Whether a content follows a head that states none: some runtimes hide `Transfer-Encoding`.
    /// The content is not read, and a request of which this says so cannot pass to a site any more.
    fn has_hidden_content(&self, body: &mut Self::RequestBody) -> impl Future<Output = bool>;

    /// Reads the body of a request to its end, and never more than `limit` bytes.
    ///
    /// # Errors
    /// The body is larger, or breaks off.
    fn read_body(&self, body: Self::RequestBody, limit: usize) -> impl Future<Output = Result<Vec<u8>, BodyError>>;

    /// Sends a request to the protected site (its URI is absolute) and waits for the head of the
    /// answer. Both bodies stream as fast as the slower side takes them, and are in memory in small
    /// pieces only. If one side breaks off, the other one sees a broken transfer. With `Upgrade:
    /// websocket` among its headers the request asks for a WebSocket.
    ///
    /// # Errors
    /// The site cannot be reached, or `limits.head` has passed.
    fn pass_to_site(
        &self,
        request: http::Request<Self::RequestBody>,
        limits: SiteTimeLimits,
    ) -> impl Future<Output = Result<SiteAnswer<Self::SiteBody>, StoreError>>;

    /// Sends a request to the origin (its URI is absolute) and reads the whole answer.
    ///
    /// # Errors
    /// The origin cannot be reached, takes longer than 30 seconds, or its answer breaks off or is
    /// larger than [`MAX_FETCHED_BYTES`].
    fn fetch(&self, request: HttpRequest) -> impl Future<Output = Result<HttpResponse, StoreError>>;

    /// As [`Platform::fetch`], from the server that the URI names, and gives up after `time_limit`.
    fn fetch_within(
        &self,
        request: HttpRequest,
        time_limit: Duration,
    ) -> impl Future<Output = Result<HttpResponse, StoreError>>;

    /// The bytes of a static file, whole: `path` is below the folder that
    /// `scripts/stack/build-static` writes. `None` if there is none. The caller makes sure that the
    /// path leads to a file of that folder, if anywhere.
    ///
    /// # Errors
    /// The runtime cannot read its files.
    fn static_file(&self, path: &str) -> impl Future<Output = Result<Option<Vec<u8>>, StoreError>>;

    /// Lets other requests run for so long.
    fn sleep(&self, duration: Duration) -> impl Future<Output = ()>;

    /// Writes a warning to the log that the edge's operators read. It must contain nothing about a
    /// person.
    fn warn(&self, sentence: &str);

    /// An answer that [`Platform::cache_put`] stored under this path. A runtime's cache may forget
    /// it at any time, and a runtime without a cache never has it.
    fn cache_get(&self, path: &str) -> impl Future<Output = Option<HttpResponse>>;

    /// A value that [`Platform::keep`] kept, here or in another instance near this one. It may be
    /// forgotten at any time.
    fn recall(&self, key: &str) -> impl Future<Output = Option<Vec<u8>>>;

    /// Keeps a value near this instance, for so many seconds at most. A key is of letters, digits,
    /// `-` and `/`. There are as many keys as there are events and what belongs to them: nobody who
    /// is not the origin can make more.
    fn keep(&self, key: &str, value: Vec<u8>, seconds: u32) -> impl Future<Output = ()>;

    /// Stores an answer near this instance for as long as its `Cache-Control` allows.
    fn cache_put(&self, path: &str, answer: &HttpResponse) -> impl Future<Output = ()>;
}

/// The server or the store behind the edge did not answer, or not as agreed. The request can be
/// repeated: it becomes a 503 with Retry-After.
#[derive(Clone, Debug, thiserror::Error, PartialEq, Eq, Serialize, Deserialize)]
#[error("{0}")]
pub struct StoreError(pub String);
