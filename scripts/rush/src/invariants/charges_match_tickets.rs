//! 2. No charge without its tickets, no active tickets without their charge: the gateway's books against PostgreSQL.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::{Invariant, Verdict};
use crate::{
    observed::ToldOrder,
    sources::{
        database::{OrderRow, TicketRow},
        ledger::Intent,
    },
};

/// What is judged, read after orders had their 60 seconds to settle.
pub(crate) struct Facts<'a> {
    /// The event.
    pub(crate) event_id: &'a str,
    /// All orders of all events.
    pub(crate) orders: &'a [OrderRow],
    /// All tickets of the event.
    pub(crate) tickets: &'a [TicketRow],
    /// The gateway's whole ledger.
    pub(crate) intents: &'a [Intent],
    /// What fans were told.
    pub(crate) told: &'a [ToldOrder],
    /// How long it took until no order was pending or confirming, in seconds.
    pub(crate) settled_after_s: f64,
}

pub(crate) fn judge(facts: &Facts<'_>) -> Invariant {
    let mut verdict = Verdict::default();
    let orders: HashMap<&str, &OrderRow> = facts
        .orders
        .iter()
        .map(|order| (order.order_id.as_str(), order))
        .collect();
    let mut tickets: HashMap<&str, Vec<&TicketRow>> = HashMap::new();
    for ticket in facts.tickets {
        tickets.entry(&ticket.order_id).or_default().push(ticket);
    }
    let mut intents: BTreeMap<&str, Vec<&Intent>> = BTreeMap::new();
    for intent in facts.intents {
        let order = intent.order_id().and_then(|id| orders.get(id));
        match order {
            Some(order) if order.event_id == facts.event_id => intents.entry(&order.order_id).or_default().push(intent),
            // Another event's; its own check judges it.
            Some(_) => {}
            None => verdict.require(intent.net() == 0 && intent.held == 0, || {
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
                confirmed_order(&mut verdict, order, &intents, &tickets);
            }
            "failed" => {
                failed += 1;
                failed_order(&mut verdict, order, &intents, &tickets);
            }
            status => verdict.fault(format!("order {id} is still {status} after 60 s")),
        }
    }
    for (order, _) in tickets {
        verdict.fault(format!("tickets of order {order}, which does not exist"));
    }
    told(&mut verdict, facts.told, &orders);
    if confirmed == 0 {
        verdict.missing("no order was confirmed");
    } else {
        let settled = facts.settled_after_s;
        verdict.saw(format!(
            "{confirmed} confirmed orders with one charge of their total each ({}.{:02} in all), {failed} failed ones with \
             nothing held or taken; all settled {settled:.0} s after the fans were done",
            charged / 100,
            charged % 100
        ));
    }
    verdict.close(2)
}

fn confirmed_order(verdict: &mut Verdict, order: &OrderRow, intents: &[&Intent], tickets: &[&TicketRow]) {
    let id = &order.order_id;
    let taken: Vec<_> = intents.iter().filter(|intent| intent.net() != 0).collect();
    verdict.require(taken.len() == 1, || {
        format!("order {id} is confirmed and was charged {} times", taken.len())
    });
    let net: i64 = intents.iter().map(|intent| intent.net()).sum();
    verdict.require(net == order.total, || {
        format!("order {id} of {} was charged {net}", order.total)
    });
    let same_currency = |intent: &&&Intent| intent.currency.eq_ignore_ascii_case(&order.currency);
    verdict.require(taken.iter().all(|intent| same_currency(intent)), || {
        format!("order {id}: another currency")
    });
    nothing_held(verdict, order, intents);

    let active: i64 = tickets
        .iter()
        .filter(|ticket| ticket.state == "active")
        .map(|ticket| ticket.amount)
        .sum();
    let all_active = !tickets.is_empty() && tickets.iter().all(|ticket| ticket.state == "active");
    verdict.require(all_active, || {
        format!("order {id} is confirmed without all of its tickets active")
    });
    verdict.require(active == order.total, || {
        format!("order {id} of {} has tickets worth {active}", order.total)
    });
    let theirs = tickets.iter().all(|ticket| ticket.account_id == order.account_id);
    verdict.require(theirs, || format!("order {id} has tickets of somebody else"));
}

fn failed_order(verdict: &mut Verdict, order: &OrderRow, intents: &[&Intent], tickets: &[&TicketRow]) {
    let id = &order.order_id;
    let net: i64 = intents.iter().map(|intent| intent.net()).sum();
    verdict.require(net == 0, || format!("order {id} failed and was charged {net}"));
    verdict.require(!tickets.iter().any(|ticket| ticket.is_live()), || {
        format!("order {id} failed with live tickets")
    });
    nothing_held(verdict, order, intents);
}

/// An authorisation that is neither taken nor given back blocks a fan's money.
fn nothing_held(verdict: &mut Verdict, order: &OrderRow, intents: &[&Intent]) {
    let held: i64 = intents.iter().map(|intent| intent.held).sum();
    verdict.require(held == 0, || {
        format!("order {} is {} and {held} are still held", order.order_id, order.status)
    });
}

fn told(verdict: &mut Verdict, told: &[ToldOrder], orders: &HashMap<&str, &OrderRow>) {
    let ids: HashSet<&str> = told.iter().map(|order| order.order_id.as_str()).collect();
    for promise in told {
        let kept = orders.get(promise.order_id.as_str()).is_some_and(|order| {
            order.status == "confirmed" && order.total == promise.total.0 && order.account_id == promise.subject
        });
        verdict.require(kept, || {
            format!("a fan was told that order {} is confirmed", promise.order_id)
        });
    }
    if !ids.is_empty() {
        verdict.saw(format!("{} confirmations told to fans, all true", ids.len()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stanchion_shared::money::Minor;

    fn order(id: &str, status: &str) -> OrderRow {
        OrderRow {
            order_id: id.to_owned(),
            event_id: "e".to_owned(),
            account_id: "fan".to_owned(),
            status: status.to_owned(),
            total: 300,
            currency: "EUR".to_owned(),
        }
    }

    fn ticket(order: &str, state: &str, amount: i64) -> TicketRow {
        TicketRow {
            order_id: order.to_owned(),
            account_id: "fan".to_owned(),
            seat_id: format!("A-{amount}"),
            state: state.to_owned(),
            amount,
            seat_exists: true,
        }
    }

    fn intent(order: Option<&str>, held: i64, captured: i64, refunded: i64) -> Intent {
        Intent {
            id: "pi_1".to_owned(),
            status: "succeeded".to_owned(),
            currency: "eur".to_owned(),
            held,
            captured,
            refunded,
            metadata: order
                .map(|id| ("order_id".to_owned(), id.to_owned()))
                .into_iter()
                .collect(),
        }
    }

    fn held(orders: &[OrderRow], tickets: &[TicketRow], intents: &[Intent], told: &[ToldOrder]) -> bool {
        judge(&Facts {
            event_id: "e",
            orders,
            tickets,
            intents,
            told,
            settled_after_s: 1.0,
        })
        .held
    }

    fn sold() -> (Vec<OrderRow>, Vec<TicketRow>, Vec<Intent>) {
        let orders = vec![order("o1", "confirmed"), order("o2", "failed")];
        let tickets = vec![
            ticket("o1", "active", 100),
            ticket("o1", "active", 200),
            ticket("o2", "void", 300),
        ];
        let intents = vec![
            intent(Some("o1"), 0, 300, 0),
            intent(Some("o2"), 0, 0, 0),
            intent(Some("o2"), 0, 300, 300),
        ];
        (orders, tickets, intents)
    }

    #[test]
    fn matching_books_hold() {
        let (orders, tickets, intents) = sold();
        assert!(held(&orders, &tickets, &intents, &[]));
    }

    #[test]
    fn no_confirmed_order_shows_nothing() {
        assert!(!held(&[], &[], &[], &[]));
        assert!(!held(&[order("o2", "failed")], &[], &[], &[]));
    }

    #[test]
    fn every_doctored_book_is_noticed() {
        let (orders, tickets, intents) = sold();
        let with_intents = |intents: Vec<Intent>| held(&orders, &tickets, &intents, &[]);
        assert!(!with_intents(vec![]), "tickets without charge");
        assert!(
            !with_intents([intents.clone(), vec![intents[0].clone()]].concat()),
            "charged twice"
        );
        assert!(!with_intents(vec![intent(Some("o1"), 0, 299, 0)]), "another amount");
        assert!(!with_intents(vec![intent(Some("o1"), 0, 300, 300)]), "given back");
        assert!(
            !with_intents([intents.clone(), vec![intent(Some("o2"), 0, 300, 0)]].concat()),
            "failed and charged"
        );
        assert!(
            !with_intents([intents.clone(), vec![intent(Some("o2"), 300, 0, 0)]].concat()),
            "failed and held"
        );
        assert!(
            !with_intents([intents.clone(), vec![intent(Some("o9"), 0, 300, 0)]].concat()),
            "charge for no order"
        );
        assert!(
            !with_intents([intents.clone(), vec![intent(None, 300, 0, 0)]].concat()),
            "held for nothing"
        );
        let francs = Intent {
            currency: "chf".to_owned(),
            ..intents[0].clone()
        };
        assert!(!with_intents(vec![francs]), "another currency");

        let with_tickets = |tickets: Vec<TicketRow>| held(&orders, &tickets, &intents, &[]);
        assert!(!with_tickets(vec![]), "charge without tickets");
        assert!(!with_tickets(vec![ticket("o1", "active", 100)]), "a ticket is missing");
        assert!(
            !with_tickets(vec![ticket("o1", "active", 100), ticket("o1", "reserved", 200)]),
            "not active"
        );
        assert!(
            !with_tickets([tickets.clone(), vec![ticket("o2", "active", 5)]].concat()),
            "failed with tickets"
        );
        assert!(
            !with_tickets([tickets.clone(), vec![ticket("o7", "active", 5)]].concat()),
            "no such order"
        );

        for status in ["pending", "confirming"] {
            let unsettled = [orders.clone(), vec![order("o3", status)]].concat();
            assert!(!held(&unsettled, &tickets, &intents, &[]), "{status}");
        }
    }

    #[test]
    fn an_authorisation_that_was_cancelled_or_of_another_event_does_not_matter() {
        let (mut orders, tickets, mut intents) = sold();
        intents.push(intent(None, 0, 0, 0));
        orders.push(OrderRow {
            event_id: "other".to_owned(),
            ..order("o8", "pending")
        });
        intents.push(intent(Some("o8"), 300, 0, 0));
        assert!(held(&orders, &tickets, &intents, &[]));
    }

    #[test]
    fn a_confirmation_that_is_not_true_is_noticed() {
        let (orders, tickets, intents) = sold();
        let promise = |id: &str, total| ToldOrder {
            subject: "fan".to_owned(),
            order_id: id.to_owned(),
            seats: vec![],
            total: Minor(total),
        };
        assert!(held(&orders, &tickets, &intents, &[promise("o1", 300)]));
        assert!(!held(&orders, &tickets, &intents, &[promise("o1", 301)]));
        assert!(!held(&orders, &tickets, &intents, &[promise("o2", 300)]));
        assert!(!held(&orders, &tickets, &intents, &[promise("o5", 300)]));
    }
}
