//! The one door to PostgreSQL. Every transaction has a name, is repeated if PostgreSQL asks for it,
//! and is measured.

use std::{
    future::Future,
    marker::PhantomData,
    ops::{Deref, DerefMut},
    pin::Pin,
    time::{Duration, Instant},
};

use sqlx::{PgConnection, PgPool, migrate::MigrateError, postgres::PgPoolOptions};

/// Connections per process.
pub const MAX_CONNECTIONS: u32 = 20;
/// How long a request waits for a connection before it fails with 503.
pub const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(3);
/// How often a transaction is tried before its conflict is reported.
pub const MAX_ATTEMPTS: u32 = 5;
/// Wait before the second attempt; doubles with every further one.
pub const FIRST_RETRY_DELAY: Duration = Duration::from_millis(5);

/// An open transaction: use it as the executor, `&mut *tx`. It commits when the closure of
/// [`run_tx`] returns `Ok`.
///
/// `'tx` is the transaction. `'env` is what the closure borrows from its surroundings, and lives
/// longer.
pub struct Tx<'tx, 'env: 'tx> {
    connection: &'tx mut PgConnection,
    environment: PhantomData<&'tx &'env ()>,
}

impl Deref for Tx<'_, '_> {
    type Target = PgConnection;
    fn deref(&self) -> &PgConnection {
        self.connection
    }
}

impl DerefMut for Tx<'_, '_> {
    fn deref_mut(&mut self) -> &mut PgConnection {
        self.connection
    }
}

/// What the closure of [`run_tx`] returns: `Box::pin(async move { … })`.
pub type TxFuture<'tx, T, E> = Pin<Box<dyn Future<Output = Result<T, E>> + Send + 'tx>>;

/// An error that knows whether the same transaction may succeed when it is run again.
pub trait Retryable {
    /// True for serialization failures and deadlocks: PostgreSQL asks the client to repeat the
    /// transaction.
    fn is_retryable(&self) -> bool;
}

impl Retryable for sqlx::Error {
    fn is_retryable(&self) -> bool {
        // 40001 serialization_failure, 40P01 deadlock_detected (PostgreSQL, appendix A).
        matches!(self, sqlx::Error::Database(error) if matches!(error.code().as_deref(), Some("40001" | "40P01")))
    }
}

/// Runs `work` in one transaction (READ COMMITTED unless it sets another level first). `Err` rolls
/// back.
///
/// `work` may run several times, so everything that it does outside of the transaction must be
/// repeatable:
///
/// ```ignore
/// run_tx(&app.database, "orders.create", |mut tx| Box::pin(async move {
///     sqlx::query("insert …").bind(order_id).execute(&mut *tx).await?;
///     Ok(())
/// })).await
/// ```
///
/// # Errors
/// What `work` returned, or the failure to begin or commit; retryable ones only after
/// [`MAX_ATTEMPTS`].
pub async fn run_tx<'env, T, E, F>(pool: &PgPool, name: &'static str, mut work: F) -> Result<T, E>
where
    E: From<sqlx::Error> + Retryable,
    F: for<'tx> FnMut(Tx<'tx, 'env>) -> TxFuture<'tx, T, E>,
{
    let started = Instant::now();
    let mut delay = FIRST_RETRY_DELAY;
    for attempt in 1.. {
        let result = attempt_tx(pool, &mut work).await;
        match &result {
            Err(error) if error.is_retryable() && attempt < MAX_ATTEMPTS => {
                tracing::debug!(transaction = name, attempt, "conflict, trying again");
                tokio::time::sleep(delay).await;
                delay *= 2;
                continue;
            }
            _ => {}
        }
        let (millis, committed) = (started.elapsed().as_millis(), result.is_ok());
        tracing::debug!(transaction = name, attempt, millis, committed, "transaction");
        return result;
    }
    unreachable!("the last attempt returns")
}

async fn attempt_tx<'env, T, E, F>(pool: &PgPool, work: &mut F) -> Result<T, E>
where
    E: From<sqlx::Error>,
    F: for<'tx> FnMut(Tx<'tx, 'env>) -> TxFuture<'tx, T, E>,
{
    let mut transaction = pool.begin().await?;
    let value = work(Tx {
        connection: &mut transaction,
        environment: PhantomData,
    })
    .await?;
    transaction.commit().await?;
    Ok(value)
}

/// Opens the pool; waits [`ACQUIRE_TIMEOUT`] for the first connection.
///
/// # Errors
/// The URL cannot be read, or the server refuses the connection.
pub async fn connect(url: &str) -> Result<PgPool, sqlx::Error> {
    PgPoolOptions::new()
        .max_connections(MAX_CONNECTIONS)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .connect(url)
        .await
}

/// Brings the tables up to date. Several origins may do so at once: PostgreSQL's advisory lock lets
/// one at a time.
///
/// # Errors
/// A migration fails, or one that ran before has been changed since.
pub async fn migrate(pool: &PgPool) -> Result<(), MigrateError> {
    sqlx::migrate!().run(pool).await
}
