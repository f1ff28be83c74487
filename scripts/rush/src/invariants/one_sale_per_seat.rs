//! Invariant 1: No seat is sold twice: PostgreSQL's tickets grouped by seat, what fans were told, and what Redis holds
//! as sold.

use std::collections::{BTreeMap, HashMap};

use super::{Invariant, Verdict};
use crate::{observed::ToldOrder, sources::database::TicketRow};

/// What is judged.
pub(crate) struct Facts<'a> {
    /// All tickets of the event.
    pub(crate) tickets: &'a [TicketRow],
    /// Orders of which fans were told that they are confirmed.
    pub(crate) told: &'a [ToldOrder],
    /// Seat to order, as Redis has it; none if it could not be read.
    pub(crate) sold_in_redis: Option<&'a HashMap<String, String>>,
}

pub(crate) fn judge(facts: &Facts<'_>) -> Invariant {
    let mut verdict = Verdict::default();
    let mut live: BTreeMap<&str, Vec<&TicketRow>> = BTreeMap::new();
    for ticket in facts.tickets.iter().filter(|ticket| ticket.is_live()) {
        live.entry(&ticket.seat_id).or_default().push(ticket);
        verdict.require(ticket.seat_exists, || format!("seat {} does not exist", ticket.seat_id));
    }
    for (seat, tickets) in &live {
        verdict.require(tickets.len() == 1, || {
            format!("seat {seat} has {} live tickets", tickets.len())
        });
    }
    if live.is_empty() {
        verdict.missing("no seat was sold");
    } else {
        verdict.saw(format!("{} seats with one live ticket each in PostgreSQL", live.len()));
    }
    told(&mut verdict, facts.told, &live);
    match facts.sold_in_redis {
        Some(sold) => in_redis(&mut verdict, sold, &live),
        None => verdict.missing("the seats in Redis"),
    }
    verdict.close(1)
}

/// Two fans who were both told that a seat is theirs is the same fault, whatever the tables say.
fn told(verdict: &mut Verdict, orders: &[ToldOrder], live: &BTreeMap<&str, Vec<&TicketRow>>) {
    let mut owners: HashMap<&str, &str> = HashMap::new();
    for order in orders {
        for seat in &order.seats {
            if let Some(other) = owners
                .insert(seat, &order.order_id)
                .filter(|other| *other != order.order_id)
            {
                verdict.fault(format!(
                    "seat {seat} was promised to orders {other} and {}",
                    order.order_id
                ));
            }
            let is_theirs = |ticket: &&TicketRow| ticket.order_id == order.order_id && ticket.state == "active";
            let has_ticket = live
                .get(seat.as_str())
                .is_some_and(|tickets| tickets.iter().any(is_theirs));
            verdict.require(has_ticket, || {
                format!("seat {seat} was promised to {} and is not theirs", order.order_id)
            });
        }
    }
    if !orders.is_empty() {
        verdict.saw(format!("{} seats promised to fans, all theirs", owners.len()));
    }
}

fn in_redis(verdict: &mut Verdict, sold: &HashMap<String, String>, live: &BTreeMap<&str, Vec<&TicketRow>>) {
    for (seat, order) in sold {
        let same = live
            .get(seat.as_str())
            .is_some_and(|tickets| tickets.iter().all(|t| t.order_id == *order));
        verdict.require(same, || {
            format!("Redis has seat {seat} sold to {order}, PostgreSQL has not")
        });
    }
    verdict.saw(format!(
        "{} seats sold in Redis, each to the order of its ticket",
        sold.len()
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use stanchion_shared::money::Minor;

    fn ticket(order: &str, seat: &str, state: &str) -> TicketRow {
        TicketRow {
            order_id: order.to_owned(),
            account_id: "a".to_owned(),
            seat_id: seat.to_owned(),
            state: state.to_owned(),
            amount: 100,
            seat_exists: true,
        }
    }

    fn promise(order: &str, seat: &str) -> ToldOrder {
        ToldOrder {
            subject: "a".to_owned(),
            order_id: order.to_owned(),
            seats: vec![seat.to_owned()],
            total: Minor(100),
        }
    }

    fn held(tickets: &[TicketRow], told: &[ToldOrder], sold: &[(&str, &str)]) -> bool {
        let sold = sold
            .iter()
            .map(|(seat, order)| ((*seat).to_owned(), (*order).to_owned()))
            .collect();
        judge(&Facts {
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
            !judge(&Facts {
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
        let tickets = [TicketRow {
            seat_exists: false,
            ..ticket("o1", "A-1", "active")
        }];
        assert!(!held(&tickets, &[], &[]));
    }
}
