//! Extends the seat locks of an order before its payment.

use super::{CheckoutServices, failure::OrderFailure, order::Order};
use crate::inventory::{ExtendResult, InventoryError, lock_times::CHECKOUT_LOCK_MS};

/// The result of [`extend_locks`].
pub(super) enum LockExtension {
    /// All locks belong to this order. They last long enough for the payment, unless an earlier
    /// order of the cart has used their one extension.
    Done,
    /// The order cannot be paid.
    Failed(OrderFailure),
    /// The order has ended, and a later order pays for its cart.
    Overtaken,
}

/// Pins the seats to the order and extends their locks, one script per section.
pub(super) async fn extend_locks(services: &CheckoutServices, order: &Order) -> LockExtension {
    let unavailable = |error: InventoryError| {
        tracing::warn!(%error, order = %order.order_id, "the locks of an order cannot be extended");
        services.inventory.start_rebuild_if_unloaded(&services.database, &error);
        LockExtension::Failed(OrderFailure::InventoryUnavailable)
    };
    let stock = match services.inventory.event(&services.database, &order.event_id).await {
        Ok(stock) => stock,
        Err(error) => return unavailable(error),
    };
    let mut lost = Vec::new();
    for (code, seats) in order.by_section() {
        let Some((_, section)) = stock.section(code) else {
            return LockExtension::Failed(OrderFailure::LockExpired(seats));
        };
        match section.seats.extend(order.paying(), CHECKOUT_LOCK_MS, &seats).await {
            Ok(ExtendResult::Extended(_)) => {}
            Ok(ExtendResult::Lost(seats)) => lost.extend(seats),
            Ok(ExtendResult::Overtaken) => return LockExtension::Overtaken,
            Err(error) => return unavailable(error),
        }
    }
    if lost.is_empty() {
        LockExtension::Done
    } else {
        LockExtension::Failed(OrderFailure::LockExpired(lost))
    }
}
