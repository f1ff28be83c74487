//! Creates an event with its venue, sections and seats, as a draft that no fan sees yet.

use serde_json::{Value, json};
use sqlx::PgPool;

use super::AdminError;
use crate::{
    audit::AuditEntry,
    database::run_tx,
    events::{insert_event, new_event::NewEvent},
};

/// Creates it.
///
/// # Errors
/// [`AdminError::InvalidField`], [`AdminError::Events`] if the id is taken, or the database.
pub(super) async fn create(database: &PgPool, admin: &str, event: &NewEvent) -> Result<(), AdminError> {
    event.check()?;
    run_tx(database, "admin.create_event", |mut tx| {
        Box::pin(async move {
            insert_event(&mut tx, event).await?;
            let entry = AuditEntry {
                admin,
                action: "event.create",
                event: &event.event_id,
                before: Value::Null,
                after: summary(event),
            };
            entry.write(&mut tx).await?;
            Ok::<_, AdminError>(())
        })
    })
    .await
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
