//! Sets how fast and how many fans are admitted. The meter follows within a second.

use serde_json::{Value, json};
use sqlx::PgPool;
use stanchion_shared::{ids::EventId, meter::MeterLimits, schedule::Rate};

use super::AdminError;
use crate::{
    audit::AuditEntry,
    database::run_tx,
    error::InvalidField,
    events::{EventNotFound, OnSale, new_event::check_most_shoppers},
};

/// The limits to set; `None` keeps one.
#[derive(Clone, Copy)]
pub(super) struct ChangedLimits {
    pub(super) most_per_second: Option<Rate>,
    pub(super) most_shoppers: Option<u32>,
}

/// Sets the limits. Returns them as they are now.
///
/// # Errors
/// [`AdminError::InvalidField`], [`AdminError::EventNotFound`], or the database.
pub(super) async fn set_limits(
    database: &PgPool,
    admin: &str,
    event: &EventId,
    changed: ChangedLimits,
) -> Result<MeterLimits, AdminError> {
    if changed.most_per_second.is_none() && changed.most_shoppers.is_none() {
        return Err(InvalidField::new("most_per_second or most_shoppers must be given.").into());
    }
    changed.most_shoppers.map_or(Ok(()), check_most_shoppers)?;
    run_tx(database, "admin.set_limits", |mut tx| {
        Box::pin(async move {
            let before = OnSale::read_locked(&mut *tx, event)
                .await?
                .ok_or(EventNotFound)?
                .limits();
            let row = OnSale::set_limits(&mut *tx, event, changed.most_per_second, changed.most_shoppers).await?;
            let limits = row.ok_or(EventNotFound)?.limits();
            let entry = AuditEntry {
                admin,
                action: "event.limits",
                event,
                before: shown(&before),
                after: shown(&limits),
            };
            entry.write(&mut tx).await?;
            Ok::<_, AdminError>(limits)
        })
    })
    .await
}

fn shown(limits: &MeterLimits) -> Value {
    json!({"most_per_second": limits.most_per_second, "most_shoppers": limits.most_shoppers})
}
