//! One origin at a time runs the meter: the one that holds an advisory lock on a connection of its own.
//!
//! The lock ends with the connection, so a crashed origin's successor takes over as soon as PostgreSQL notices: at once if
//! the process ended, within ten seconds if its machine or network did (keepalives). Two origins that both believe to lead
//! for a moment do no harm: the edge accepts growing versions only.

use sqlx::{Connection, PgConnection};

use crate::config::Config;

/// The advisory lock's key: "stanchion meter" has no number of its own, so one was drawn.
const LOCK_KEY: i64 = 0x5354_414e_4d45_5445;

/// PostgreSQL asks this connection every two seconds whether it is alive, and gives up after three silences; its default
/// is two hours.
const KEEPALIVES: &str = "set tcp_keepalives_idle = 4; set tcp_keepalives_interval = 2; set tcp_keepalives_count = 3";

/// Tries to lead; holds the lock's connection while leading.
#[derive(Default)]
pub(super) struct Leader {
    connection: Option<PgConnection>,
}

impl Leader {
    /// Whether this origin leads now; takes the lead if nobody has it.
    pub(super) async fn leads(&mut self, config: &Config) -> Result<bool, sqlx::Error> {
        if let Some(connection) = &mut self.connection {
            if connection.ping().await.is_ok() {
                return Ok(true);
            }
            // The lock went with the connection.
            self.connection = None;
            tracing::warn!("the meter's lock was lost");
        }
        let mut connection = PgConnection::connect(&config.database_url).await?;
        sqlx::raw_sql(KEEPALIVES).execute(&mut connection).await?;
        let locked = sqlx::query_scalar("select pg_try_advisory_lock($1)")
            .bind(LOCK_KEY)
            .fetch_one(&mut connection)
            .await?;
        if locked {
            self.connection = Some(connection);
            tracing::info!("this origin runs the meter");
        } else {
            // Best effort: the server closes it otherwise.
            let _ = connection.close().await;
        }
        Ok(locked)
    }
}
