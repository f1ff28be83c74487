//! Where the check gets its facts. [`database`] has orders and seat tickets, [`ledger`] the charges, and [`redis_sections`]
//! the seats' states as they are stored. What the edge publishes is read by [`stanchion_verify::PublicData`].

pub mod database;
pub mod ledger;
pub mod redis_sections;

use stanchion_verify::PublicDataError;

/// A source does not say what it should.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// PostgreSQL.
    #[error("PostgreSQL: {0}")]
    Database(#[from] sqlx::Error),
    /// Redis.
    #[error("Redis: {0}")]
    Redis(#[from] redis::RedisError),
    /// The edge's public data.
    #[error(transparent)]
    Public(#[from] PublicDataError),
    /// The payment gateway's ledger.
    #[error("the gateway's ledger: {0}")]
    Ledger(reqwest::Error),
}
