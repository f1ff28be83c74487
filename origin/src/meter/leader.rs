//! One origin at a time runs the meter: the one that holds an advisory lock on a connection of its
//! own.
//!
//! The lock ends with the connection. So the successor of a crashed origin takes over as soon as
//! PostgreSQL notices the crash: at once if the process ended, within ten seconds if its machine or
//! network failed (keepalives). For a moment two origins may both believe to lead. That does no
//! harm, because the edge accepts growing versions only.

use sqlx::{Connection, PgConnection};

/// The advisory lock's key: a random number, written once.
const LOCK_KEY: i64 = 0x5354_414e_4d45_5445;

/// PostgreSQL probes this connection every two seconds, and gives it up after three probes without
/// an answer. Its default is two hours.
const KEEPALIVES: &str = "set tcp_keepalives_idle = 4; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3";

/// Tries to lead, and holds the lock's connection while it leads.
#[derive(Default)]
pub(super) struct Leader {
    connection: Option<PgConnection>,
}

impl Leader {
    /// Whether this origin leads now. It takes the lead if no other origin has it.
    pub(super) async fn leads(&mut self, database_url: &str) -> Result<bool, sqlx::Error> {
        if let Some(connection) = &mut self.connection {
            if connection.ping().await.is_ok() {
                return Ok(true);
            }
            // The lock ended with the connection.
            self.connection = None;
            tracing::warn!("the meter's lock was lost");
        }
        let mut connection = PgConnection::connect(database_url).await?;
        sqlx::raw_sql(KEEPALIVES).execute(&mut connection).await?;
        let locked = sqlx::query_scalar("select pg_try_advisory_lock($1)")
            .bind(LOCK_KEY)
            .fetch_one(&mut connection)
            .await?;
        if locked {
            self.connection = Some(connection);
            tracing::info!("this origin runs the meter");
        } else {
            // A failure is harmless: the server closes the connection too.
            let _ = connection.close().await;
        }
        Ok(locked)
    }
}
