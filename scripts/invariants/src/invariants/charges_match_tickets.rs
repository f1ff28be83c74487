//! Invariant 2: No charge without its tickets, no active tickets without their charge: the gateway's books against
//! PostgreSQL.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Findings, Invariant};
use crate::{
    evidence::OrderConfirmation,
    sources::{
        database::{OrderRow, SeatTicketRow},
        ledger::LedgerIntent,
    },
};

/// What is judged, read after orders had their 60 seconds to end.
pub(crate) struct ChargeFacts<'a> {
    /// The event.
    pub(crate) event_id: &'a str,
    /// All orders of all events.
    pub(crate) orders: &'a [OrderRow],
    /// All seat tickets of the event.
    pub(crate) tickets: &'a [SeatTicketRow],
    /// The gateway's whole ledger.
    pub(crate) intents: &'a [LedgerIntent],
    /// What fans were told.
    pub(crate) told: &'a [OrderConfirmation],
    /// How long it took until no order was pending or confirming, in seconds.
    pub(crate) orders_ended_after_s: f64,
}

pub(crate) fn judge(facts: &ChargeFacts<'_>) -> Invariant {
    let mut findings = Findings::default();
    let orders: HashMap<&str, &OrderRow> = facts
        .orders
        .iter()
        .map(|order| (order.order_id.as_str(), order))
        .collect();
    let mut tickets: HashMap<&str, Vec<&SeatTicketRow>> = HashMap::new();
    for ticket in facts.tickets {
        tickets.entry(&ticket.order_id).or_default().push(ticket);
    }
    let mut intents: BTreeMap<&str, Vec<&LedgerIntent>> = BTreeMap::new();
    for intent in facts.intents {
        let order = intent.order_id().and_then(|id| orders.get(id));
        match order {
            Some(order) if order.event_id == facts.event_id => intents.entry(&order.order_id).or_default().push(intent),
            // Another event's; its own check judges it.
            Some(_) => {}
            None => findings.require(intent.net() == 0 && intent.held == 0, || {
                format!(
                    "intent {} ({}) holds or took money for no order",
                    intent.id, intent.status
                )
            }),
        }
    }

    let (mut confirmed, mut failed, mut charged) = (0, 0, 0_i64);
    let ours = facts.orders.iter().filter(|order| order.event_id == facts.event_id);
    for order in ours {
        let id = order.order_id.as_str();
        let (intents, tickets) = (
            intents.remove(id).unwrap_or_default(),
            tickets.remove(id).unwrap_or_default(),
        );
        match order.status.as_str() {
            "confirmed" => {
                confirmed += 1;
                charged += order.total;
                confirmed_order(&mut findings, order, &intents, &tickets);
            }
            "failed" => {
                failed += 1;
                failed_order(&mut findings, order, &intents, &tickets);
            }
            status => findings.fault(format!("order {id} is still {status} after 60 s")),
        }
    }
    for (order, _) in tickets {
        findings.fault(format!("tickets of order {order}, which does not exist"));
    }
    told(&mut findings, facts.told, &orders);
    if confirmed == 0 {
        findings.missing("no order was confirmed");
    } else {
        let settled = facts.orders_ended_after_s;
        findings.saw(format!(
            "{confirmed} confirmed orders with one charge of their total each ({}.{:02} in all), {failed} failed ones with \
             nothing held or taken; all settled {settled:.0} s after the fans were done",
            charged / 100,
            charged % 100
        ));
    }
    findings.close(2)
}

fn confirmed_order(findings: &mut Findings, order: &OrderRow, intents: &[&LedgerIntent], tickets: &[&SeatTicketRow]) {
    let id = &order.order_id;
    let taken: Vec<_> = intents.iter().filter(|intent| intent.net() != 0).collect();
    findings.require(taken.len() == 1, || {
        format!("order {id} is confirmed and was charged {} times", taken.len())
    });
    let net: i64 = intents.iter().map(|intent| intent.net()).sum();
    findings.require(net == order.total, || {
        format!("order {id} of {} was charged {net}", order.total)
    });
    let same_currency = |intent: &&&LedgerIntent| intent.currency.eq_ignore_ascii_case(&order.currency);
    findings.require(taken.iter().all(same_currency), || {
        format!("order {id}: another currency")
    });
    nothing_held(findings, order, intents);

    let active: i64 = tickets
        .iter()
        .filter(|ticket| ticket.state == "active")
        .map(|ticket| ticket.amount)
        .sum();
    let all_active = !tickets.is_empty() && tickets.iter().all(|ticket| ticket.state == "active");
    findings.require(all_active, || {
        format!("order {id} is confirmed without all of its tickets active")
    });
    findings.require(active == order.total, || {
        format!("order {id} of {} has tickets worth {active}", order.total)
    });
    let theirs = tickets.iter().all(|ticket| ticket.account_id == order.account_id);
    findings.require(theirs, || format!("order {id} has tickets of somebody else"));
}

fn failed_order(findings: &mut Findings, order: &OrderRow, intents: &[&LedgerIntent], tickets: &[&SeatTicketRow]) {
    let id = &order.order_id;
    let net: i64 = intents.iter().map(|intent| intent.net()).sum();
    findings.require(net == 0, || format!("order {id} failed and was charged {net}"));
    findings.require(!tickets.iter().any(|ticket| ticket.is_live()), || {
        format!("order {id} failed with live tickets")
    });
    nothing_held(findings, order, intents);
}

/// An authorisation that is neither taken nor given back blocks a fan's money.
fn nothing_held(findings: &mut Findings, order: &OrderRow, intents: &[&LedgerIntent]) {
    let held: i64 = intents.iter().map(|intent| intent.held).sum();
    findings.require(held == 0, || {
        format!("order {} is {} and {held} are still held", order.order_id, order.status)
    });
}

fn told(findings: &mut Findings, told: &[OrderConfirmation], orders: &HashMap<&str, &OrderRow>) {
    let ids: HashSet<&str> = told.iter().map(|order| order.order_id.as_str()).collect();
    for promise in told {
        let kept = orders.get(promise.order_id.as_str()).is_some_and(|order| {
            order.status == "confirmed" && order.total == promise.total.0 && order.account_id == promise.subject
        });
        findings.require(kept, || {
            format!("a fan was told that order {} is confirmed", promise.order_id)
        });
    }
    if !ids.is_empty() {
        findings.saw(format!("{} confirmations told to fans, all true", ids.len()));
    }
}

#[cfg(test)]
mod tests;
