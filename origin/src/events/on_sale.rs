//! An event's row in `on_sales`: the admin's settings, the version of the last message to the edge,
//! and the release that the meter put last.

use sqlx::PgExecutor;
use stanchion_shared::{
    event_settings::EventSettings,
    ids::{EventId, ShardCount},
    meter::MeterLimits,
    policy::{QueuePolicy, gate::GateMode},
    schedule::{LEASE_MS, Rate},
    timestamp::UnixMillis,
    wire::{PutEvent, PutRelease},
};
use time::OffsetDateTime;

use crate::clock;

/// Settings and state of one on-sale, together with what the edge shows of the event.
#[derive(Clone, Debug, sqlx::FromRow)]
pub struct OnSale {
    /// The event's name.
    pub name: String,
    on_sale_time: OffsetDateTime,
    most_per_second_milli: i64,
    /// Most fans shopping at once.
    most_shoppers: i32,
    /// An admin stopped admission.
    pub paused: bool,
    shards: i32,
    draw_window_ms: i64,
    turn_ms: i64,
    shopping_ms: i64,
    challenge_max_number: i64,
    /// Version of the last message to the edge.
    edge_version: i64,
    rate_milli: i64,
    /// The meter found that all seats are sold.
    pub sold_out: bool,
    policy: sqlx::types::Json<QueuePolicy>,
}

const READ: &str = include_str!("sql/read_on_sale.sql");
const READ_LOCKED: &str = concat!(include_str!("sql/read_on_sale.sql"), "for update of on_sales");
const NEXT_VERSION: &str = include_str!("sql/next_version.sql");
const SET_PAUSED: &str = include_str!("sql/set_paused.sql");
const SET_LIMITS: &str = include_str!("sql/set_limits.sql");
const SET_POLICY: &str = include_str!("sql/set_policy.sql");

fn unsigned(value: i64) -> u64 {
    // The columns are checked to be no less than 0 when they are written.
    u64::try_from(value).unwrap_or_default()
}

impl OnSale {
    /// Reads the row.
    ///
    /// # Errors
    /// PostgreSQL.
    pub async fn read(database: impl PgExecutor<'_>, event: &EventId) -> Result<Option<OnSale>, sqlx::Error> {
        sqlx::query_as(READ).bind(event.as_str()).fetch_optional(database).await
    }

    /// Reads the row and locks it until the transaction ends.
    ///
    /// # Errors
    /// PostgreSQL.
    pub async fn read_locked(database: impl PgExecutor<'_>, event: &EventId) -> Result<Option<OnSale>, sqlx::Error> {
        sqlx::query_as(READ_LOCKED)
            .bind(event.as_str())
            .fetch_optional(database)
            .await
    }

    /// Reads the row and takes a new version of at least `at_least`, in one statement. A later
    /// change of the row gets a larger version, so a message made from this row can never undo that
    /// change.
    ///
    /// # Errors
    /// PostgreSQL.
    pub async fn next_version(
        database: impl PgExecutor<'_>,
        event: &EventId,
        at_least: u64,
    ) -> Result<Option<OnSale>, sqlx::Error> {
        let at_least = i64::try_from(at_least).unwrap_or(i64::MAX);
        sqlx::query_as(NEXT_VERSION)
            .bind(event.as_str())
            .bind(at_least)
            .fetch_optional(database)
            .await
    }

    /// Pauses or resumes, with a new version.
    ///
    /// # Errors
    /// PostgreSQL.
    pub async fn set_paused(
        database: impl PgExecutor<'_>,
        event: &EventId,
        paused: bool,
    ) -> Result<Option<OnSale>, sqlx::Error> {
        sqlx::query_as(SET_PAUSED)
            .bind(event.as_str())
            .bind(paused)
            .fetch_optional(database)
            .await
    }

    /// Sets the meter's limits; `None` keeps one.
    ///
    /// # Errors
    /// PostgreSQL.
    pub async fn set_limits(
        database: impl PgExecutor<'_>,
        event: &EventId,
        most_per_second: Option<Rate>,
        most_shoppers: Option<u32>,
    ) -> Result<Option<OnSale>, sqlx::Error> {
        let milli = most_per_second.map(|rate| i64::try_from(rate.milli()).unwrap_or(i64::MAX));
        let shoppers = most_shoppers.map(|most| i32::try_from(most).unwrap_or(i32::MAX));
        sqlx::query_as(SET_LIMITS)
            .bind(event.as_str())
            .bind(milli)
            .bind(shoppers)
            .fetch_optional(database)
            .await
    }

    /// Sets the queue's policy, with a new version.
    ///
    /// # Errors
    /// PostgreSQL.
    pub async fn set_policy(
        database: impl PgExecutor<'_>,
        event: &EventId,
        policy: &QueuePolicy,
    ) -> Result<Option<OnSale>, sqlx::Error> {
        sqlx::query_as(SET_POLICY)
            .bind(event.as_str())
            .bind(sqlx::types::Json(policy))
            .fetch_optional(database)
            .await
    }

    /// Stores the release in force. The next tick needs it for its hysteresis, also if another
    /// origin runs the meter then.
    ///
    /// # Errors
    /// PostgreSQL.
    pub async fn record_release(
        database: impl PgExecutor<'_>,
        event: &EventId,
        rate: Rate,
        sold_out: bool,
    ) -> Result<(), sqlx::Error> {
        // In most seconds nothing changes, and nothing is written.
        sqlx::query(
            "update on_sales set rate_milli = $2, sold_out = $3
             where event_id = $1 and (rate_milli, sold_out) is distinct from ($2, $3)",
        )
        .bind(event.as_str())
        .bind(i64::try_from(rate.milli()).unwrap_or(i64::MAX))
        .bind(sold_out)
        .execute(database)
        .await?;
        Ok(())
    }

    /// Version of the last message to the edge.
    #[must_use]
    pub fn version(&self) -> u64 {
        unsigned(self.edge_version)
    }

    /// The rate in force.
    #[must_use]
    pub fn rate(&self) -> Rate {
        Rate::from_milli(unsigned(self.rate_milli))
    }

    /// The limits that an admin has set.
    #[must_use]
    pub fn limits(&self) -> MeterLimits {
        MeterLimits {
            most_per_second: Rate::from_milli(unsigned(self.most_per_second_milli)),
            most_shoppers: u32::try_from(self.most_shoppers).unwrap_or_default(),
        }
    }

    /// When the pre-queue ends.
    #[must_use]
    pub fn on_sale_time(&self) -> UnixMillis {
        clock::from_sql(self.on_sale_time)
    }

    /// The message that makes the edge know the event.
    #[must_use]
    pub fn put_event(&self) -> PutEvent {
        let shards = u16::try_from(self.shards)
            .ok()
            .and_then(|count| ShardCount::new(count).ok());
        PutEvent {
            version: self.version(),
            settings: EventSettings {
                name: self.name.clone(),
                on_sale_time: self.on_sale_time(),
                shards: shards.unwrap_or(ShardCount::DEFAULT),
                draw_window_ms: unsigned(self.draw_window_ms),
                turn_ms: unsigned(self.turn_ms),
                shopping_ms: unsigned(self.shopping_ms),
                challenge_max_number: unsigned(self.challenge_max_number),
                policy: self.policy.0.clone(),
            },
        }
    }

    /// The message that sets the rate. The rate of a paused event is 0, whatever is asked for.
    #[must_use]
    pub fn put_release(&self, rate: Rate, sold_out: bool) -> PutRelease {
        PutRelease {
            version: self.version(),
            rate_per_second: if self.paused { Rate::ZERO } else { rate },
            lease_ms: LEASE_MS.default,
            paused: self.paused,
            sold_out,
            at_once: (self.policy.0.gate.mode == GateMode::WhenBusy).then(|| self.limits().most_shoppers),
        }
    }
}
