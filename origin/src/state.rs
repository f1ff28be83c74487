//! What every handler and loop shares: one [`App`] per process, behind an `Arc`.

use std::{sync::Arc, time::Duration};

use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use tokio::sync::Semaphore;

use crate::{
    accounts::Passwords,
    checkout::Till,
    config::Config,
    database, http,
    inventory::Inventory,
    keys::Keys,
    meter::Sessions,
    payments::{
        PaymentRouter,
        stripe::{Patience, Stripe},
    },
    reputation::Reputation,
};

/// The connection to Redis: cheap to clone, multiplexed, reconnects by itself. Clone it per use: commands need `&mut`.
pub type Redis = ConnectionManager;

/// How long a Redis command may take before the request fails with 503.
pub const REDIS_RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);
/// How long connecting to Redis may take.
pub const REDIS_CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);
/// How long a call to edge or payment provider may take unless it says otherwise.
pub const OUTBOUND_TIMEOUT: Duration = Duration::from_secs(10);

/// Shared by all handlers and loops; everything in it may be used from any task.
pub struct App {
    /// As given by the environment.
    pub config: Config,
    /// PostgreSQL; transactions go through [`database::run_tx`].
    pub database: sqlx::PgPool,
    /// Redis; clone before use.
    pub redis: Redis,
    /// Seats; see [`Inventory`].
    pub inventory: Inventory,
    /// Takes the money; see [`Till`].
    pub till: Till,
    /// Who may sign, and what we sign with.
    pub keys: Keys,
    /// Outbound HTTP. Redirects are not followed: none of our counterparts sends any.
    pub http: reqwest::Client,
    /// What the edge is told of addresses.
    pub reputation: Reputation,
    /// Hashes and checks passwords.
    pub passwords: Passwords,
    /// Shopping sessions this process has reported to Redis.
    pub sessions: Sessions,
    /// Requests being handled; without a permit a request is turned away at once.
    pub in_flight: Semaphore,
}

/// How handlers hold the [`App`]: `State<SharedApp>`.
pub type SharedApp = Arc<App>;

/// Why the process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// PostgreSQL does not answer or refuses us.
    #[error("PostgreSQL (STANCHION_DATABASE_URL) cannot be used: {0}")]
    Database(#[from] sqlx::Error),
    /// Redis does not answer or refuses us.
    #[error("Redis (STANCHION_REDIS_URL) cannot be used: {0}")]
    Redis(#[from] redis::RedisError),
    /// The HTTP client cannot be built.
    #[error("the HTTP client cannot be built: {0}")]
    Http(#[from] reqwest::Error),
    /// A migration failed or was changed after it ran.
    #[error("the database's tables cannot be brought up to date: {0}")]
    Migrate(#[from] sqlx::migrate::MigrateError),
}

impl App {
    /// Connects to PostgreSQL and Redis. Does not migrate and starts no loop.
    ///
    /// # Errors
    /// [`StartError`]; the sentence names the variable to look at.
    pub async fn connect(config: Config) -> Result<SharedApp, StartError> {
        let database = database::connect(&config.database_url).await?;
        let redis = connect_redis(&config.redis_url).await?;
        let inventory = Inventory::new(&config.redis_url)?;
        let http = reqwest::Client::builder()
            .timeout(OUTBOUND_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let till = open_till(&config, &http);
        let keys = Keys::new(&config);
        let in_flight = Semaphore::new(http::MAX_IN_FLIGHT);
        Ok(Arc::new(App {
            config,
            database,
            redis,
            inventory,
            till,
            keys,
            http,
            reputation: Reputation::default(),
            passwords: Passwords::default(),
            sessions: Sessions::default(),
            in_flight,
        }))
    }
}

/// One provider is configured; the order in the list is the order in which they are tried.
fn open_till(config: &Config, http: &reqwest::Client) -> Till {
    let stripe = Stripe::new(
        http.clone(),
        config.stripe_url.clone(),
        config.stripe_key.clone(),
        Patience::default(),
    );
    Till::new(PaymentRouter::new(vec![Arc::new(stripe)]))
}

async fn connect_redis(url: &str) -> Result<Redis, redis::RedisError> {
    let config = ConnectionManagerConfig::new()
        .set_response_timeout(Some(REDIS_RESPONSE_TIMEOUT))
        .set_connection_timeout(Some(REDIS_CONNECTION_TIMEOUT));
    ConnectionManager::new_with_config(redis::Client::open(url)?, config).await
}
