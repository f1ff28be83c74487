//! Builds sections in Redis from PostgreSQL: at launch, and again whenever the `loaded` mark is void.
//!
//! Between reading the tickets and setting the mark, a checkout that was under way may reserve or void tickets, and its
//! own word to Redis comes to nothing because the section is not loaded. So the tickets are read a second time after the
//! mark is set, and what changed is told again: from then on every word of a checkout arrives.

use std::{collections::HashMap, sync::Arc};

use sqlx::PgPool;
use stanchion_shared::identity::EventId;
use tokio::task::JoinSet;

use super::{
    plan::PlannedSection,
    stock::SectionStock,
    words::{Counts, Paying, Unloaded},
};
use crate::{http::Error, state::SharedApp};

/// Loads all sections of an event that are not loaded yet. Safe to repeat, also on several origins at once.
///
/// # Errors
/// 404 `event_not_found`, PostgreSQL, Redis.
pub async fn load_event(app: &SharedApp, event_id: &EventId) -> Result<(), Error> {
    let stock = app.inventory.event(&app.database, event_id).await?;
    for (plan, section) in stock.plan.sections.iter().zip(&stock.sections) {
        if section.seats.counts().await?.is_err() {
            let _rebuilding = section.rebuilding.lock().await;
            load_section(&app.database, plan, section).await?;
        }
    }
    Ok(())
}

/// The counters of all sections together, from Redis.
///
/// # Errors
/// 503 `inventory_loading` (a rebuild has been started), 404 `event_not_found`, PostgreSQL, Redis.
pub async fn counts(app: &SharedApp, event_id: &EventId) -> Result<Counts, Error> {
    let stock = app.inventory.event(&app.database, event_id).await?;
    let mut reads = JoinSet::new();
    for section in &stock.sections {
        let section = section.clone();
        reads.spawn(async move { (section.seats.counts().await, section) });
    }
    let mut total = Counts::default();
    while let Some(read) = reads.join_next().await {
        let (counts, section) = read.map_err(Error::internal)?;
        let counts = counts?.map_err(|Unloaded| loading(app, &section))?;
        total.capacity += counts.capacity;
        total.locked += counts.locked;
        total.sold += counts.sold;
    }
    Ok(total)
}

/// 503 `inventory_loading`, and a rebuild in the background unless this process is at it already.
pub fn loading(app: &SharedApp, section: &Arc<SectionStock>) -> Error {
    let (app, section) = (app.clone(), section.clone());
    tokio::spawn(async move {
        if let Err(error) = rebuild(&app, &section).await {
            tracing::error!(%error, event = %section.event_id, section = section.code, "a section cannot be rebuilt");
        }
    });
    Error::unavailable(
        "inventory_loading",
        "The seats of this section are being loaded: try again in a moment.",
    )
}

async fn rebuild(app: &SharedApp, section: &Arc<SectionStock>) -> Result<(), Error> {
    let Ok(_rebuilding) = section.rebuilding.try_lock() else {
        return Ok(());
    };
    let stock = app.inventory.event(&app.database, &section.event_id).await?;
    match stock.section(&section.code) {
        Some((plan, _)) => load_section(&app.database, plan, section).await,
        None => Ok(()),
    }
}

async fn load_section(database: &PgPool, plan: &PlannedSection, section: &SectionStock) -> Result<(), Error> {
    let before = live_tickets(database, section).await?;
    let sold: Vec<(String, String)> = before
        .iter()
        .map(|(seat, order)| (seat.clone(), order.clone()))
        .collect();
    if !section.seats.load(plan.seats.len() as u64, &sold).await? {
        return Ok(());
    }
    let after = live_tickets(database, section).await?;
    for (seat, order) in before.iter().filter(|(seat, order)| after.get(*seat) != Some(*order)) {
        // No lock can be pinned to this order: the load has just forgotten all of them. Unloaded again means another
        // restart: the next rebuild reads the tickets anew.
        let _ = section
            .seats
            .free(order, Paying::NOTHING, std::slice::from_ref(seat))
            .await?;
    }
    let fresh: Vec<_> = after
        .iter()
        .filter(|(seat, order)| before.get(*seat) != Some(*order))
        .collect();
    for (seat, order) in &fresh {
        let _ = section.seats.sell(order, std::slice::from_ref(*seat)).await?;
    }
    if !fresh.is_empty() {
        // A reserved ticket may have become void before we sold its seat: then its own word came too early to free it.
        let now = live_tickets(database, section).await?;
        for (seat, order) in fresh.iter().filter(|(seat, order)| now.get(*seat) != Some(*order)) {
            let seats = std::slice::from_ref(*seat);
            let _ = section.seats.free(order, Paying::NOTHING, seats).await?;
        }
    }
    tracing::info!(event = %section.event_id, section = section.code, sold = after.len(), "section loaded");
    Ok(())
}

async fn live_tickets(database: &PgPool, section: &SectionStock) -> Result<HashMap<String, String>, Error> {
    let rows: Vec<(String, String)> = sqlx::query_as(include_str!("sql/live_tickets.sql"))
        .bind(section.event_id.as_str())
        .bind(&section.code)
        .fetch_all(database)
        .await?;
    Ok(rows.into_iter().collect())
}
