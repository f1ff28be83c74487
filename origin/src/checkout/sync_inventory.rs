//! Tells Redis how an order ended.
//!
//! PostgreSQL has decided by then. Everything here may be repeated, and recovery repeats what did
//! not arrive. A section that is not loaded learns how its orders ended from PostgreSQL when it is
//! rebuilt.
//!
//! Round trips: one script per section and one for the cart, one after the other. Nearly all orders
//! have one section.

use super::{CheckoutError, CheckoutServices, failure::OrderFailure, order::Order};
use crate::{
    cart,
    inventory::{Section, unless_unloaded},
};

/// Marks the seats as sold and takes them out of the cart.
///
/// # Errors
/// Redis.
pub async fn sold(services: &CheckoutServices, order: &Order) -> Result<(), CheckoutError> {
    let order_id = order.order_id.to_string();
    for (code, seats) in order.by_section() {
        let sale = unless_unloaded(section(services, order, code).sell(&order_id, &seats).await)?;
        if let Some(sale) = sale
            && !sale.contradictions.is_empty()
        {
            tracing::error!(order = %order.order_id, seats = ?sale.contradictions, "seats sold to another order in Redis");
        }
    }
    cart::store::take_out_sold(services.inventory.redis(), &order.cart_id, &order.seat_ids()).await?;
    Ok(())
}

/// Tells Redis that the order failed. After a failed capture the seats are free again. Seats that
/// are lost, or sold to others, leave the cart. All other seats stay in it until their locks end,
/// so that the fan can try again.
///
/// # Errors
/// Redis, PostgreSQL.
pub async fn not_sold(services: &CheckoutServices, order: &Order, failure: &OrderFailure) -> Result<(), CheckoutError> {
    match failure {
        OrderFailure::CaptureFailed(_) => {
            free(services, order).await?;
            drop_lost(services, order, &order.seat_ids()).await?;
        }
        OrderFailure::LockExpired(lost) => {
            unpin(services, order).await?;
            drop_lost(services, order, lost).await?;
        }
        OrderFailure::SeatsUnavailable => {
            // Redis had locked seats that were sold already: it must learn which order has them.
            free(services, order).await?;
            resell(services, order).await?;
            drop_lost(services, order, &order.seat_ids()).await?;
        }
        _ => unpin(services, order).await?,
    }
    Ok(())
}

/// Takes the seats out of the cart, except those that its fan has locked again.
async fn drop_lost(services: &CheckoutServices, order: &Order, seats: &[String]) -> Result<(), CheckoutError> {
    cart::held_seats::drop_lost(&services.inventory, &order.event_id, &order.cart_id, seats).await?;
    Ok(())
}

/// Unpins the seats: this order does not pay for them any more.
///
/// # Errors
/// Redis.
pub(super) async fn unpin(services: &CheckoutServices, order: &Order) -> Result<(), CheckoutError> {
    for (code, seats) in order.by_section() {
        unless_unloaded(section(services, order, code).unpin(order.paying(), &seats).await)?;
    }
    Ok(())
}

async fn free(services: &CheckoutServices, order: &Order) -> Result<(), CheckoutError> {
    let order_id = order.order_id.to_string();
    for (code, seats) in order.by_section() {
        let section = section(services, order, code);
        unless_unloaded(section.free(&order_id, order.paying(), &seats).await)?;
    }
    Ok(())
}

/// Marks those of the order's seats as sold for which another order has a live ticket.
async fn resell(services: &CheckoutServices, order: &Order) -> Result<(), CheckoutError> {
    let sold: Vec<(String, String, String)> = sqlx::query_as(include_str!("sql/live_tickets_of_seats.sql"))
        .bind(order.event_id.as_str())
        .bind(order.seat_ids())
        .fetch_all(&services.database)
        .await?;
    for (code, seat, owner) in sold {
        unless_unloaded(section(services, order, &code).sell(&owner, &[seat]).await)?;
    }
    Ok(())
}

fn section(services: &CheckoutServices, order: &Order, code: &str) -> Section {
    services.inventory.bare_section(&order.event_id, code)
}
