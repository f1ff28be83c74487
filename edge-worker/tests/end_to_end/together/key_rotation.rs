//! Ticket keys are changed while people wait: the new one signs, the old one verifies until nobody holds a ticket by it.

use stanchion_harness::{Edge, Event, variable};
use stanchion_shared::queue_ticket::TicketKeys;

#[tokio::test]
async fn a_ticket_of_the_old_key_is_exchanged_for_one_of_the_new() {
    // The stack's edge has two keys; the second is the old one.
    let text = variable("STANCHION_TICKET_KEYS");
    let (newest, older) = text.split_once(',').unwrap();
    let [newest, older] = [newest, older].map(|key| TicketKeys::parse(key).unwrap());

    let (edge, event) = (Edge::new(), Event::on_sale_in(3_600_000));
    edge.open(&event, 100).await;
    let fan = edge.fan();
    let given = edge.join(&event.id, &fan).await.queue_token;
    let held = older.sign(&newest.verify(&given).unwrap());

    let exchanged = edge.status(&fan, &held).await.queue_token;
    assert_eq!(
        newest.verify(&exchanged),
        newest.verify(&given),
        "the same ticket by the new key"
    );
    assert_eq!(
        edge.status(&fan, &exchanged).await.queue_token,
        exchanged,
        "once is enough"
    );
}
