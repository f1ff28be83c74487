//! How the servers of `scripts/` log.

use std::io::{IsTerminal, stderr};

use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt,
    util::SubscriberInitExt,
};

/// Begins to log to standard error, because standard output says where a server listens. `RUST_LOG` says what: a level, or
/// `target=level` with commas; `info` unless given.
///
/// # Panics
/// Something logs already.
pub fn start() {
    let told = std::env::var("RUST_LOG").ok().and_then(|text| text.parse().ok());
    tracing_subscriber::fmt()
        .with_max_level(LevelFilter::TRACE) // the filter decides
        .with_writer(stderr)
        .with_ansi(stderr().is_terminal())
        .finish()
        .with(told.unwrap_or_else(|| Targets::new().with_default(LevelFilter::INFO)))
        .init();
}
