//! Writes a new event with its venue, sections, seats and on-sale.

use sqlx::PgConnection;

use super::{
    EventsError,
    new_event::{NewEvent, NewSection},
};
use crate::{clock, error::InternalError};

/// Seats of one insert.
const SEATS_PER_INSERT: usize = 10_000;

/// Inserts a draft that no fan sees yet.
///
/// # Errors
/// [`EventsError::EventExists`], or the database.
pub(crate) async fn insert_event(connection: &mut PgConnection, event: &NewEvent) -> Result<(), EventsError> {
    let venue_id: i64 = sqlx::query_scalar(
        "insert into venues (name, city, latitude, longitude) values ($1, $2, $3, $4) returning venue_id",
    )
    .bind(&event.venue.name)
    .bind(&event.venue.city)
    .bind(event.venue.latitude)
    .bind(event.venue.longitude)
    .fetch_one(&mut *connection)
    .await?;
    let inserted = sqlx::query(include_str!("sql/insert_event.sql"))
        .bind(event.event_id.as_str())
        .bind(venue_id)
        .bind(&event.name)
        .bind(clock::to_sql(event.starts_at))
        .bind(clock::to_sql(event.on_sale_time))
        .bind(&event.currency)
        .bind(signed(event.limits.per_person))
        .bind(signed_long(event.limits.lock_ms))
        .bind(format!("{} {} {}", event.name, event.venue.name, event.venue.city))
        .execute(&mut *connection)
        .await?;
    if inserted.rows_affected() == 0 {
        return Err(EventsError::EventExists);
    }
    for (ordinal, section) in event.sections.iter().enumerate() {
        insert_section(connection, event, venue_id, ordinal, section).await?;
    }
    insert_on_sale(connection, event).await
}

async fn insert_section(
    connection: &mut PgConnection,
    event: &NewEvent,
    venue_id: i64,
    ordinal: usize,
    section: &NewSection,
) -> Result<(), EventsError> {
    sqlx::query("insert into sections (venue_id, code, name, capacity, ordinal) values ($1, $2, $3, $4, $5)")
        .bind(venue_id)
        .bind(&section.code)
        .bind(&section.name)
        .bind(i32::try_from(section.capacity()).map_err(InternalError::new)?)
        .bind(i32::try_from(ordinal).map_err(InternalError::new)?)
        .execute(&mut *connection)
        .await?;
    sqlx::query("insert into prices (event_id, section_code, price, fee) values ($1, $2, $3, $4)")
        .bind(event.event_id.as_str())
        .bind(&section.code)
        .bind(section.price.0)
        .bind(section.fee.0)
        .execute(&mut *connection)
        .await?;
    let seats: Vec<_> = section.seats().collect();
    for (batch, seats) in seats.chunks(SEATS_PER_INSERT).enumerate() {
        let rows: Vec<&str> = seats.iter().map(|(row, _, _)| *row).collect();
        let numbers: Vec<i32> = seats.iter().map(|(_, number, _)| *number).collect();
        let ids: Vec<&str> = seats.iter().map(|(_, _, id)| id.as_str()).collect();
        sqlx::query(include_str!("sql/insert_seats.sql"))
            .bind(venue_id)
            .bind(&section.code)
            .bind(i32::try_from(batch * SEATS_PER_INSERT).map_err(InternalError::new)?)
            .bind(ids)
            .bind(rows)
            .bind(numbers)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn insert_on_sale(connection: &mut PgConnection, event: &NewEvent) -> Result<(), EventsError> {
    let limits = &event.limits;
    sqlx::query(include_str!("sql/insert_on_sale.sql"))
        .bind(event.event_id.as_str())
        .bind(signed_long(limits.most_per_second.milli()))
        .bind(signed(limits.most_shoppers))
        .bind(i32::from(limits.shards.get()))
        .bind(signed_long(limits.draw_window_ms))
        .bind(signed_long(limits.turn_ms))
        .bind(signed_long(limits.shopping_ms))
        .bind(signed_long(limits.challenge_max_number))
        .bind(sqlx::types::Json(&event.queue))
        .execute(connection)
        .await?;
    Ok(())
}

/// PostgreSQL has no unsigned numbers. Every limit lies far below the largest signed one.
fn signed(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

fn signed_long(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
