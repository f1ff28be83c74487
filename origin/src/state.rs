//! Everything that handlers and loops share: one [`App`] per process, behind an `Arc`. Only
//! handlers hold it; a domain function takes the parts that it needs.

use std::{sync::Arc, time::Duration};

use tokio::sync::Semaphore;

use crate::{
    accounts::{Accounts, AttemptLimits},
    checkout::{
        CheckoutServices,
        failpoints::{Failpoints, NoFailpoints},
    },
    config::Config,
    database,
    edge::EdgeClient,
    inventory::Inventory,
    keys::EdgeKeys,
    meter::{Meter, Sessions},
    payments::{PaymentRouter, providers},
    redis_connections::{RedisConnection, reconnecting},
    reputation::Reputation,
};

/// Most requests handled at once. The next one is refused with 503 `overloaded` instead of waiting
/// in memory.
pub const MAX_IN_FLIGHT: usize = 2_000;
/// How long a call to the edge or a payment provider may take, unless the call has a limit of its
/// own.
pub const OUTBOUND_TIMEOUT: Duration = Duration::from_secs(10);

/// Shared by all handlers and loops; everything in it may be used from any task.
pub struct App {
    /// As given by the environment.
    pub config: Config,
    /// PostgreSQL; transactions go through [`database::run_tx`].
    pub database: sqlx::PgPool,
    /// Redis; clone before use.
    pub redis: RedisConnection,
    /// Seats; see [`Inventory`].
    pub inventory: Arc<Inventory>,
    /// The payment providers.
    pub payments: Arc<PaymentRouter>,
    /// Where tests stop a checkout; does nothing in production.
    pub failpoints: Arc<dyn Failpoints>,
    /// The edge's control API.
    pub edge: EdgeClient,
    /// Checks shop tokens.
    pub edge_keys: Arc<EdgeKeys>,
    /// Outbound HTTP. Redirects are not followed: neither the edge nor a payment provider sends
    /// any.
    pub http: reqwest::Client,
    /// The table of addresses for the edge.
    pub reputation: Arc<Reputation>,
    /// Signs fans up and in.
    pub accounts: Accounts,
    /// The shopping sessions in Redis.
    pub sessions: Arc<Sessions>,
    /// One permit for each request that is handled. A request without a permit is refused at once.
    pub in_flight: Semaphore,
}

/// How handlers hold the [`App`]: `State<SharedApp>`.
pub type SharedApp = Arc<App>;

/// Why the process cannot start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// PostgreSQL does not answer, or refuses the connection.
    #[error("PostgreSQL (STANCHION_DATABASE_URL) cannot be used: {0}")]
    Database(#[from] sqlx::Error),
    /// Redis does not answer, or refuses the connection.
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
        let redis = reconnecting::connect(&config.redis_url).await?;
        let inventory = Arc::new(Inventory::new(&config.redis_url)?);
        let http = reqwest::Client::builder()
            .timeout(OUTBOUND_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .build()?;
        let payments = Arc::new(providers::payment_router(&config, &http));
        let edge = EdgeClient::new(http.clone(), config.edge_url.clone(), config.control_key);
        let sessions = Arc::new(Sessions::new(redis.clone()));
        let edge_keys = Arc::new(EdgeKeys::new(&config, http.clone()));
        let in_flight = Semaphore::new(MAX_IN_FLIGHT);
        let accounts = Accounts::new(database.clone(), AttemptLimits::new(redis.clone(), &config));
        Ok(Arc::new(App {
            config,
            database,
            redis,
            inventory,
            payments,
            failpoints: Arc::new(NoFailpoints),
            edge,
            edge_keys,
            http,
            reputation: Arc::default(),
            accounts,
            sessions,
            in_flight,
        }))
    }

    /// What the checkout works with.
    #[must_use]
    pub fn checkout(&self) -> CheckoutServices {
        CheckoutServices {
            database: self.database.clone(),
            inventory: self.inventory.clone(),
            payments: self.payments.clone(),
            sessions: self.sessions.clone(),
            failpoints: self.failpoints.clone(),
        }
    }

    /// What the meter works with.
    #[must_use]
    pub fn meter(&self) -> Meter {
        Meter {
            database: self.database.clone(),
            database_url: self.config.database_url.as_str().into(),
            edge: self.edge.clone(),
            inventory: self.inventory.clone(),
            sessions: self.sessions.clone(),
        }
    }
}
