//! `POST /api/v1/admin/events`: an event with its venue, sections and seats, as a draft nobody sees yet.

use axum::{extract::State, http::StatusCode, response::IntoResponse};
use serde_json::{Value, json};
use sqlx::PgConnection;

use super::{
    audit::Change,
    event_view,
    new_event::{NewEvent, NewSection},
};
use crate::{
    clock,
    database::run_tx,
    http::{Admin, Error, Json},
    state::SharedApp,
};

/// Largest description of an event, in bytes: [`super::MAX_SECTIONS`] sections of many rows fit.
pub const MAX_EVENT_BODY_BYTES: usize = 2 * 1024 * 1024;
/// Seats of one insert.
const SEATS_PER_INSERT: usize = 10_000;

pub(super) async fn create(
    admin: Admin,
    State(app): State<SharedApp>,
    Json(event): Json<NewEvent, MAX_EVENT_BODY_BYTES>,
) -> Result<impl IntoResponse, Error> {
    event.check()?;
    let (event, admin) = (&event, &admin);
    run_tx(&app.database, "admin.create_event", |mut tx| {
        Box::pin(async move {
            insert_event(&mut tx, event).await?;
            let (before, after) = (Value::Null, summary(event));
            Change {
                who: admin,
                what: "event.create",
                event: &event.event_id,
                before,
                after,
            }
            .write(&mut tx)
            .await?;
            Ok::<_, Error>(())
        })
    })
    .await?;
    Ok((
        StatusCode::CREATED,
        Json(event_view::read(&app.database, &event.event_id).await?),
    ))
}

/// For the audit log: everything but the rows of seats, which would be most of it.
fn summary(event: &NewEvent) -> Value {
    let sections: Vec<Value> = event
        .sections
        .iter()
        .map(|section| {
            json!({"code": section.code, "price": section.price, "fee": section.fee, "capacity": section.capacity()})
        })
        .collect();
    json!({
        "name": event.name, "starts_at": event.starts_at, "on_sale_time": event.on_sale_time,
        "currency": event.currency, "venue": event.venue, "sections": sections, "limits": event.limits, "queue": event.queue,
    })
}

async fn insert_event(connection: &mut PgConnection, event: &NewEvent) -> Result<(), Error> {
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
        return Err(Error::conflict("event_exists", "There is an event with this id."));
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
) -> Result<(), Error> {
    sqlx::query("insert into sections (venue_id, code, name, capacity, ordinal) values ($1, $2, $3, $4, $5)")
        .bind(venue_id)
        .bind(&section.code)
        .bind(&section.name)
        .bind(i32::try_from(section.capacity()).map_err(Error::internal)?)
        .bind(i32::try_from(ordinal).map_err(Error::internal)?)
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
            .bind(i32::try_from(batch * SEATS_PER_INSERT).map_err(Error::internal)?)
            .bind(ids)
            .bind(rows)
            .bind(numbers)
            .execute(&mut *connection)
            .await?;
    }
    Ok(())
}

async fn insert_on_sale(connection: &mut PgConnection, event: &NewEvent) -> Result<(), Error> {
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

/// PostgreSQL has no unsigned numbers; every limit lies far below.
fn signed(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}

fn signed_long(value: u64) -> i64 {
    i64::try_from(value).unwrap_or(i64::MAX)
}
