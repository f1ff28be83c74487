//! Invariant 1: No seat is sold twice: PostgreSQL's tickets grouped by seat, what fans were told, and what Redis holds
//! as sold.

use std::collections::{BTreeMap, HashMap};

use super::{Findings, Invariant};
use crate::{evidence::OrderConfirmation, sources::database::SeatTicketRow};

/// What is judged.
pub(crate) struct SaleFacts<'a> {
    /// All seat tickets of the event.
    pub(crate) tickets: &'a [SeatTicketRow],
    /// Orders of which fans were told that they are confirmed.
    pub(crate) told: &'a [OrderConfirmation],
    /// Seat to order, as Redis has it; none if it could not be read.
    pub(crate) sold_in_redis: Option<&'a HashMap<String, String>>,
}

pub(crate) fn judge(facts: &SaleFacts<'_>) -> Invariant {
    let mut findings = Findings::default();
    let mut live: BTreeMap<&str, Vec<&SeatTicketRow>> = BTreeMap::new();
    for ticket in facts.tickets.iter().filter(|ticket| ticket.is_live()) {
        live.entry(&ticket.seat_id).or_default().push(ticket);
        findings.require(ticket.seat_exists, || format!("seat {} does not exist", ticket.seat_id));
    }
    for (seat, tickets) in &live {
        findings.require(tickets.len() == 1, || {
            format!("seat {seat} has {} live tickets", tickets.len())
        });
    }
    if live.is_empty() {
        findings.missing("no seat was sold");
    } else {
        findings.saw(format!("{} seats with one live ticket each in PostgreSQL", live.len()));
    }
    told(&mut findings, facts.told, &live);
    match facts.sold_in_redis {
        Some(sold) => in_redis(&mut findings, sold, &live),
        None => findings.missing("the seats in Redis"),
    }
    findings.close(1)
}

/// It is the same fault if two fans were told that a seat is theirs, whatever the tables say.
fn told(findings: &mut Findings, orders: &[OrderConfirmation], live: &BTreeMap<&str, Vec<&SeatTicketRow>>) {
    let mut owners: HashMap<&str, &str> = HashMap::new();
    for order in orders {
        for seat in &order.seats {
            if let Some(other) = owners
                .insert(seat, &order.order_id)
                .filter(|other| *other != order.order_id)
            {
                findings.fault(format!(
                    "seat {seat} was promised to orders {other} and {}",
                    order.order_id
                ));
            }
            let is_theirs = |ticket: &&SeatTicketRow| ticket.order_id == order.order_id && ticket.state == "active";
            let has_ticket = live
                .get(seat.as_str())
                .is_some_and(|tickets| tickets.iter().any(is_theirs));
            findings.require(has_ticket, || {
                format!("seat {seat} was promised to {} and is not theirs", order.order_id)
            });
        }
    }
    if !orders.is_empty() {
        findings.saw(format!("{} seats promised to fans, all theirs", owners.len()));
    }
}

fn in_redis(findings: &mut Findings, sold: &HashMap<String, String>, live: &BTreeMap<&str, Vec<&SeatTicketRow>>) {
    for (seat, order) in sold {
        let same = live
            .get(seat.as_str())
            .is_some_and(|tickets| tickets.iter().all(|t| t.order_id == *order));
        findings.require(same, || {
            format!("Redis has seat {seat} sold to {order}, PostgreSQL has not")
        });
    }
    findings.saw(format!(
        "{} seats sold in Redis, each to the order of its ticket",
        sold.len()
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use stanchion_shared::money::Minor;

    fn ticket(order: &str, seat: &str, state: &str) -> SeatTicketRow {
        SeatTicketRow {
            order_id: order.to_owned(),
            account_id: "a".to_owned(),
            seat_id: seat.to_owned(),
            state: state.to_owned(),
            amount: 100,
            seat_exists: true,
        }
    }

    fn promise(order: &str, seat: &str) -> OrderConfirmation {
        OrderConfirmation {
            subject: "a".to_owned(),
            order_id: order.to_owned(),
            seats: vec![seat.to_owned()],
            total: Minor(100),
        }
    }

    fn held(tickets: &[SeatTicketRow], told: &[OrderConfirmation], sold: &[(&str, &str)]) -> bool {
        let sold = sold
            .iter()
            .map(|(seat, order)| ((*seat).to_owned(), (*order).to_owned()))
            .collect();
        judge(&SaleFacts {
            tickets,
            told,
            sold_in_redis: Some(&sold),
        })
        .held
    }

    #[test]
    fn one_ticket_per_seat_holds_and_void_ones_do_not_count() {
        let tickets = [
            ticket("o1", "A-1", "active"),
            ticket("o0", "A-1", "void"),
            ticket("o2", "A-2", "reserved"),
        ];
        assert!(held(&tickets, &[promise("o1", "A-1")], &[("A-1", "o1")]));
    }

    #[test]
    fn two_live_tickets_for_a_seat_do_not() {
        let tickets = [ticket("o1", "A-1", "active"), ticket("o2", "A-1", "reserved")];
        assert!(!held(&tickets, &[], &[]));
    }

    #[test]
    fn nothing_sold_shows_nothing() {
        assert!(!held(&[], &[], &[]));
        assert!(
            !judge(&SaleFacts {
                tickets: &[ticket("o", "A-1", "active")],
                told: &[],
                sold_in_redis: None
            })
            .held
        );
    }

    #[test]
    fn a_broken_promise_is_noticed() {
        let tickets = [ticket("o1", "A-1", "active")];
        assert!(!held(&tickets, &[promise("o1", "A-1"), promise("o2", "A-1")], &[]));
        assert!(!held(&[ticket("o1", "A-1", "reserved")], &[promise("o1", "A-1")], &[]));
    }

    #[test]
    fn redis_and_postgresql_must_agree() {
        let tickets = [ticket("o1", "A-1", "active")];
        assert!(!held(&tickets, &[], &[("A-1", "o2")]));
        assert!(!held(&tickets, &[], &[("A-2", "o1")]));
    }

    #[test]
    fn a_seat_the_venue_does_not_have_cannot_be_sold() {
        let tickets = [SeatTicketRow {
            seat_exists: false,
            ..ticket("o1", "A-1", "active")
        }];
        assert!(!held(&tickets, &[], &[]));
    }
}
