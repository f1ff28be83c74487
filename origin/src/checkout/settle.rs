//! Telling Redis how an order ended. PostgreSQL has judged; everything here may be repeated, and what does not arrive is
//! told again by recovery. A section that is not loaded learns it from PostgreSQL when it is rebuilt.
//!
//! Round trips: one script per section and one for the cart, one after the other; nearly always one section.

use redis::RedisResult;

use super::{failure::Failure, order::Order};
use crate::{cart, http::Error, inventory::Section, state::App};

/// The seats are sold; they leave the cart.
///
/// # Errors
/// Redis.
pub async fn sold(app: &App, order: &Order) -> Result<(), Error> {
    let order_id = order.order_id.to_string();
    for (code, seats) in order.by_section() {
        let sale = section(app, order, code).sell(&order_id, &seats).await?;
        if let Ok(sale) = sale
            && !sale.contradictions.is_empty()
        {
            tracing::error!(order = %order.order_id, seats = ?sale.contradictions, "seats sold to another order in Redis");
        }
    }
    cart::store::take_out_sold(app.inventory.links(), &order.cart_id, &order.seat_ids()).await?;
    Ok(())
}

/// The order failed. After a failed capture the seats are free again; lost and sold seats leave the cart; otherwise they
/// stay in it until their locks end, so that the fan can try again.
///
/// # Errors
/// Redis.
pub async fn not_sold(app: &App, order: &Order, failure: &Failure) -> Result<(), Error> {
    match failure {
        Failure::CaptureFailed(_) => {
            free(app, order).await?;
            drop_lost(app, order, &order.seat_ids()).await?;
        }
        Failure::LockExpired(lost) => {
            unpin(app, order).await?;
            drop_lost(app, order, lost).await?;
        }
        Failure::SeatsUnavailable => {
            // Redis believed they were ours to sell: it must learn whose they are.
            free(app, order).await?;
            resell(app, order).await?;
            drop_lost(app, order, &order.seat_ids()).await?;
        }
        _ => unpin(app, order).await?,
    }
    Ok(())
}

/// The seats leave the cart, but for those that its fan has locked again.
async fn drop_lost(app: &App, order: &Order, seats: &[String]) -> RedisResult<()> {
    cart::holdings::drop_lost(&app.inventory, &order.event_id, &order.cart_id, seats).await
}

/// The seats are not being paid for by this order any more.
///
/// # Errors
/// Redis.
pub(super) async fn unpin(app: &App, order: &Order) -> RedisResult<()> {
    for (code, seats) in order.by_section() {
        let _ = section(app, order, code).unpin(order.paying(), &seats).await?;
    }
    Ok(())
}

async fn free(app: &App, order: &Order) -> RedisResult<()> {
    let order_id = order.order_id.to_string();
    for (code, seats) in order.by_section() {
        let _ = section(app, order, code)
            .free(&order_id, order.paying(), &seats)
            .await?;
    }
    Ok(())
}

/// Marks those of the order's seats as sold that have a live ticket of somebody else.
async fn resell(app: &App, order: &Order) -> Result<(), Error> {
    let sold: Vec<(String, String, String)> = sqlx::query_as(include_str!("sql/live_tickets_of_seats.sql"))
        .bind(order.event_id.as_str())
        .bind(order.seat_ids())
        .fetch_all(&app.database)
        .await?;
    for (code, seat, owner) in sold {
        let _ = section(app, order, &code).sell(&owner, &[seat]).await?;
    }
    Ok(())
}

fn section(app: &App, order: &Order, code: &str) -> Section {
    app.inventory.bare_section(&order.event_id, code)
}
