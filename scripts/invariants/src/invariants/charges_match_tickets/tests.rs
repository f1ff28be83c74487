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

fn ticket(order: &str, state: &str, amount: i64) -> SeatTicketRow {
    SeatTicketRow {
        order_id: order.to_owned(),
        account_id: "fan".to_owned(),
        seat_id: format!("A-{amount}"),
        state: state.to_owned(),
        amount,
        seat_exists: true,
    }
}

fn intent(order: Option<&str>, held: i64, captured: i64, refunded: i64) -> LedgerIntent {
    LedgerIntent {
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

fn held(orders: &[OrderRow], tickets: &[SeatTicketRow], intents: &[LedgerIntent], told: &[OrderConfirmation]) -> bool {
    judge(&ChargeFacts {
        event_id: "e",
        orders,
        tickets,
        intents,
        told,
        orders_ended_after_s: 1.0,
    })
    .held
}

fn sold() -> (Vec<OrderRow>, Vec<SeatTicketRow>, Vec<LedgerIntent>) {
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
    let with_intents = |intents: Vec<LedgerIntent>| held(&orders, &tickets, &intents, &[]);
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
    let francs = LedgerIntent {
        currency: "chf".to_owned(),
        ..intents[0].clone()
    };
    assert!(!with_intents(vec![francs]), "another currency");

    let with_tickets = |tickets: Vec<SeatTicketRow>| held(&orders, &tickets, &intents, &[]);
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
    let promise = |id: &str, total| OrderConfirmation {
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
