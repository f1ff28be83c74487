//! Sets an event's queue policy, as one whole.

use sqlx::PgPool;
use stanchion_shared::{ids::EventId, policy::QueuePolicy, timestamp::UnixMillis};

use super::AdminError;
use crate::{
    audit::AuditEntry,
    database::run_tx,
    error::InternalError,
    events::{self, EventNotFound, OnSale, check_policy},
    meter::Meter,
};

/// Sets the policy of `event`. Returns when every edge follows it; `None` while the event is a
/// draft.
///
/// # Errors
/// [`AdminError::InvalidField`], [`AdminError::EventNotFound`], [`AdminError::PolicyFixed`], the
/// edge, or the database.
pub(super) async fn set_policy(
    database: &PgPool,
    meter: &Meter,
    admin: &str,
    event: &EventId,
    policy: &QueuePolicy,
) -> Result<Option<UnixMillis>, AdminError> {
    check_policy(policy)?;
    let launched = run_tx(database, "admin.set_queue", |mut tx| {
        Box::pin(async move {
            let before = OnSale::read_locked(&mut *tx, event)
                .await?
                .ok_or(EventNotFound)?
                .put_event()
                .settings
                .policy;
            let launched = events::is_launched(&mut *tx, event).await?.ok_or(EventNotFound)?;
            if let Some(sentence) = policy.fixed_by(&before).filter(|_| launched) {
                return Err(AdminError::PolicyFixed(sentence));
            }
            OnSale::set_policy(&mut *tx, event, policy).await?;
            let entry = AuditEntry {
                admin,
                action: "event.queue",
                event,
                before: serde_json::to_value(&before).map_err(InternalError::new)?,
                after: serde_json::to_value(policy).map_err(InternalError::new)?,
            };
            entry.write(&mut tx).await?;
            Ok::<_, AdminError>(launched)
        })
    })
    .await?;
    match launched {
        true => Ok(Some(meter.put_event(event).await?.effective_at)),
        false => Ok(None),
    }
}
