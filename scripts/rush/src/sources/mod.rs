//! Where the checks get their facts, each by its own means: [`database`] (orders and tickets), [`ledger`] (charges),
//! [`public`] (what the edge publishes), [`redis_sections`] (the seats' states as they are stored).

pub(crate) mod database;
pub(crate) mod ledger;
pub(crate) mod public;
pub(crate) mod redis_sections;

/// A source does not say what it should.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SourceError {
    #[error("PostgreSQL: {0}")]
    Database(#[from] sqlx::Error),
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    #[error("{what}: {error}")]
    Http { what: &'static str, error: reqwest::Error },
    #[error("{what}: {found}")]
    Unexpected { what: &'static str, found: String },
}
