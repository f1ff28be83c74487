//! A cart of two seats is paid over HTTP, beside pgbench with the statements that this takes.

use std::{cell::RefCell, sync::Arc};

use sqlx::PgPool;
use stanchion_harness::variable;
use stanchion_shared::ids::EventId;

use super::shop::{ORDER_TOTAL, RunningOrigin};
use crate::{
    measured::Measured,
    once_each::{self, Prepared},
    options::Effort,
    pgbench::{self, statement},
    report::BenchRow,
    rounds::alternate,
};

/// Fewer than the origin has connections to PostgreSQL: both sides have as many at work.
const CLIENTS: usize = 16;
const WARM_UP_SECONDS: u32 = 1;
/// Orders of different runs of pgbench are so far apart, those of different clients within one so far.
const ORDERS_OF_RUN: u64 = 1_000_000_000;
const ORDERS_OF_CLIENT: u64 = 1_000_000;

pub(crate) async fn measure(effort: Effort) -> Measured<BenchRow> {
    let origin = RunningOrigin::new()?;
    let address = origin.address()?;
    let carts = effort.warm_up.checkouts + effort.rounds * effort.checkouts;
    let sold = origin.create("bench-sold", 2 * carts).await?;
    origin.launch(&sold).await?;
    let mut checkouts = origin.fill_carts(&sold, carts, CLIENTS)?;
    let ours = |checkouts: Vec<Prepared>| -> Measured<f64> {
        let checkouts = Arc::new(checkouts);
        let took = once_each::send(address, CLIENTS, &checkouts)?;
        Ok(checkouts.len() as f64 / took.as_secs_f64())
    };

    // Its orders are in the same tables, and of an event that is never launched, so that no other part reads them.
    let listed = origin.create("bench-listed", 2).await?;
    let script = script(&listed)?;
    let database_url = variable("STANCHION_DATABASE_URL");
    let runs = RefCell::new(Vec::new());
    let baseline = |seconds: u32| -> Measured<f64> {
        let base = (runs.borrow().len() as u64 + 1) * ORDERS_OF_RUN;
        let done = pgbench::run(&database_url, &script, &[("base", base), ("i", 0)], CLIENTS, seconds)?;
        runs.borrow_mut().push(done.transactions);
        Ok(done.per_second)
    };

    ours(checkouts.split_off(carts - effort.warm_up.checkouts))?;
    baseline(WARM_UP_SECONDS)?;
    let rounds = alternate(
        effort.rounds,
        async |_| ours(checkouts.split_off(checkouts.len() - effort.checkouts)),
        async |_| baseline(effort.seconds),
    )
    .await?;

    let database = PgPool::connect(&database_url).await?;
    all_confirmed(&database, &sold, carts as u64).await?;
    let sold = runs.borrow().iter().sum();
    all_confirmed(&database, &listed, sold).await?;
    Ok(BenchRow {
        measure: "checkout",
        ours_is: format!("POST /api/v1/checkout of 2 seats with the local payment gateway, {CLIENTS} connections"),
        baseline_is: format!("pgbench runs the SQL of one checkout, prepared, {CLIENTS} clients; nothing else is done"),
        aim: 0.6,
        rounds,
    })
}

/// The statements of one checkout as the saga runs them, in the same transactions, made from the origin's own files.
fn script(event: &EventId) -> Measured<String> {
    macro_rules! sql {
        ($name:literal) => {
            include_str!(concat!("../../../../origin/src/checkout/sql/", $name))
        };
    }
    // pgbench knows integers only; what is not one is made of `n` by the server, which costs it next to nothing.
    // Ids rise, as the origin's do.
    let order = "lpad(to_hex(:n::bigint), 32, '0')::uuid";
    let text = |prefix: &str| format!("('{prefix}' || :n::text)");
    let (fan, key, session, intent) = (text("fan-"), text("key-"), text("session-"), text("pi_"));
    let event = format!("'{event}'");
    let seat = |side: char| {
        format!(
            "jsonb_build_object('seat_id', 'A-1-' || :n::text || '{side}', 'section', 'A', 'price', 4950, 'fee', 495)"
        )
    };
    let seats = format!("jsonb_build_array({}, {})", seat('a'), seat('b'));
    let hash = "decode(repeat('ab', 32), 'hex')";
    let (total, lease_seconds) = (ORDER_TOTAL.to_string(), "25.0");
    let begun = [
        order,
        &fan,
        &event,
        "md5(:n::text)",
        &session,
        &key,
        hash,
        "'EUR'",
        &total,
        &seats,
        "'pm_card_visa'",
        "null::bytea",
        order,
        lease_seconds,
        "8",
    ];
    Ok([
        format!("\\set i :i + 1\n\\set n :base + :client_id * {ORDERS_OF_CLIENT} + :i\n"),
        statement(sql!("order_of_key.sql"), &[&fan, &key])?,
        "begin;\n".to_owned(),
        statement(sql!("lock_buyer.sql"), &[&fan, &event])?,
        statement(sql!("begin.sql"), &begun)?,
        "commit;\n".to_owned(),
        statement(sql!("mark_authorising.sql"), &[order, order, lease_seconds])?,
        statement(sql!("reserve.sql"), &[order, order, "'stripe'", &intent, lease_seconds])?,
        statement(sql!("confirm.sql"), &[order, order])?,
        statement(sql!("mark_synced.sql"), &[order])?,
    ]
    .concat())
}

/// Every order of the event has gone all the way: with two active tickets each.
async fn all_confirmed(database: &PgPool, event: &EventId, orders: u64) -> Measured<()> {
    let tickets: i64 = sqlx::query_scalar(include_str!("sql/confirmed_tickets.sql"))
        .bind(event.as_str())
        .fetch_one(database)
        .await?;
    if tickets as u64 == 2 * orders {
        Ok(())
    } else {
        Err(format!("{event}: {orders} checkouts made {tickets} tickets").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_script_follows_the_origins_statements() {
        let script = script(&EventId::parse("e").unwrap()).unwrap();
        assert!(!script.contains('$'), "{script}");
        assert_eq!(script.matches("begin;\n").count(), 1);
        assert!(script.contains("insert into tickets"), "{script}");
    }
}
