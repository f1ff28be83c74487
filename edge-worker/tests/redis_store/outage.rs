//! While Redis is away everything is refused, nothing is made up; when it is back everything goes on by itself.

use stanchion_edge::{platform::QueueStore, spin::store::Store};
use stanchion_shared::identity::Draw;

use crate::{
    connection::Native,
    server::{Keeps, Server},
    world::{Event, people, signing_keys},
};

#[tokio::test]
async fn every_operation_is_an_error_while_redis_is_away_and_works_when_it_is_back() {
    let mut server = Server::start(Keeps::EveryWrite).await;
    let (redis, keys) = (Native::new(&server.url()), signing_keys());
    let store = Store::new(&redis, &keys);
    let event = Event::on_sale_in(3_600_000).open(&store).await;
    let person = event.join_all(&store, &people(1)).await.remove(0);
    server.kill();

    let id = &event.id;
    assert!(store.snapshot(id).await.is_err());
    assert!(store.event_key(id).await.is_err());
    assert!(store.record(id, Draw(0)).await.is_err());
    assert!(store.schedule(id).await.is_err());
    assert!(store.shard_log(id, Draw(0), person.shard).await.is_err());
    assert!(store.put_release(id, Event::release(2, 5)).await.is_err());
    assert!(store.join(id, person.shard, event.join_of(person.tag)).await.is_err());
    assert!(store.claim(id, person.shard, event.claim_of(&person)).await.is_err());

    server.run().await;
    assert_eq!(event.join(&store, person.tag).await, person.held);
    assert!(store.put_release(id, Event::release(2, 5)).await.is_ok());
    assert_eq!(event.snapshot(&store).await.version, 2);
}
