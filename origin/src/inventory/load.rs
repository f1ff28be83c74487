//! Builds sections in Redis from PostgreSQL, at launch and whenever the `loaded` mark is void.
//!
//! Between reading the tickets and setting the mark, a checkout that was under way may reserve or
//! void tickets, and its own message to Redis has no effect because the section is not loaded. So
//! the tickets are read a second time after the mark is set, and what changed is told again: from
//! then on every message of a checkout arrives.

use std::collections::HashMap;

use sqlx::PgPool;

use super::{
    error::{InventoryError, unless_unloaded},
    section::Section,
    types::PayingOrder,
};

/// Builds one section of `capacity` seats, unless it is loaded. The caller sees to it that this
/// process builds it once at a time.
///
/// # Errors
/// PostgreSQL, Redis.
pub(super) async fn load_section(database: &PgPool, section: &Section, capacity: u64) -> Result<(), InventoryError> {
    let before = live_tickets(database, section).await?;
    let sold: Vec<(String, String)> = before
        .iter()
        .map(|(seat, order)| (seat.clone(), order.clone()))
        .collect();
    if !section.load(capacity, &sold).await? {
        return Ok(());
    }
    let after = live_tickets(database, section).await?;
    for (seat, order) in before.iter().filter(|(seat, order)| after.get(*seat) != Some(*order)) {
        // No lock can be pinned to this order: the load has just forgotten all of them. Unloaded
        // again means another restart: the next rebuild reads the tickets anew.
        unless_unloaded(
            section
                .free(order, PayingOrder::NOTHING, std::slice::from_ref(seat))
                .await,
        )?;
    }
    let fresh: Vec<_> = after
        .iter()
        .filter(|(seat, order)| before.get(*seat) != Some(*order))
        .collect();
    for (seat, order) in &fresh {
        unless_unloaded(section.sell(order, std::slice::from_ref(*seat)).await)?;
    }
    if !fresh.is_empty() {
        // A reserved ticket may have become void before we sold its seat: then its own message came
        // too early to free it.
        let now = live_tickets(database, section).await?;
        for (seat, order) in fresh.iter().filter(|(seat, order)| now.get(*seat) != Some(*order)) {
            let seats = std::slice::from_ref(*seat);
            unless_unloaded(section.free(order, PayingOrder::NOTHING, seats).await)?;
        }
    }
    tracing::info!(section = %section.id(), sold = after.len(), "section loaded");
    Ok(())
}

async fn live_tickets(database: &PgPool, section: &Section) -> Result<HashMap<String, String>, InventoryError> {
    let rows: Vec<(String, String)> = sqlx::query_as(include_str!("sql/live_tickets.sql"))
        .bind(section.id().event_id.as_str())
        .bind(&section.id().code)
        .fetch_all(database)
        .await?;
    Ok(rows.into_iter().collect())
}
