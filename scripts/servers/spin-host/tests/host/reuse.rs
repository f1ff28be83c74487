//! Instances are used again as Spin 4 does it, and a trap costs no more than its instance.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use reqwest::{Client, StatusCode};

use crate::harness::{Barrier, Host, KEY, get};

/// The instance's limits; src/instance.rs.
const MOST_REQUESTS_PER_INSTANCE: u64 = 128;
const MOST_REQUESTS_AT_A_TIME: u64 = 16;
/// An instance that has no request ends after so long.
const ENDS_AFTER: Duration = Duration::from_secs(1);

/// A host whose guest may reach this barrier.
fn host_at(barrier: &Barrier) -> Host {
    Host::start(&[KEY, ("SPIN_VARIABLE_WEB_HOST", &barrier.address)])
}

/// The address of a request that waits until the barrier opens.
fn waiting_url(host: &Host, barrier: &Barrier) -> String {
    format!("{}/wait?http://{}/", host.url, barrier.address)
}

#[tokio::test]
async fn statics_are_shared_by_the_requests_of_an_instance_sixteen_at_a_time() {
    let barrier = Barrier::start();
    let host = host_at(&barrier);
    let client = Client::new();
    // One after the other, so that each finds the instances before it waiting and joins one that has room.
    let mut requests = Vec::new();
    for number in 1..=40 {
        requests.push(tokio::spawn(client.get(waiting_url(&host, &barrier)).send()));
        barrier.holds(number).await;
    }
    barrier.open();
    let (mut most, mut overwritten) = (0, 0);
    for request in requests {
        let answer = request.await.expect("no panic").expect("an answer");
        let answer = answer.text().await.expect("text");
        // The instance, the most requests inside, and two values of a static before and after the wait.
        let [_, inside, before, after] = answer.split(' ').collect::<Vec<_>>()[..] else {
            panic!("{answer}: {}", host.log());
        };
        most = most.max(inside.parse().expect("a number"));
        overwritten += usize::from(before != after);
    }
    assert_eq!(most, MOST_REQUESTS_AT_A_TIME);
    assert!(
        overwritten > 0,
        "a request sees what another one left in a static while it waited"
    );
}

#[tokio::test]
async fn an_instance_serves_128_requests_and_is_replaced() {
    let host = Host::start(&[KEY]);
    let client = Client::new();
    let mut most = HashMap::<String, u64>::new();
    // An instance that the machine leaves alone for a second ends before it has served so many; then the next one is looked at.
    let mut asked = 0;
    while most.values().max() < Some(&MOST_REQUESTS_PER_INSTANCE) && asked < 20 * MOST_REQUESTS_PER_INSTANCE {
        let (instance, served) = count(&client, &host).await;
        most.insert(instance, served);
        asked += 1;
    }
    assert_eq!(most.values().max(), Some(&MOST_REQUESTS_PER_INSTANCE));
    let (instance, served) = count(&client, &host).await;
    assert_eq!((most.get(&instance), served), (None, 1), "another instance");
}

#[tokio::test]
async fn an_instance_without_requests_ends_after_a_second() {
    let host = Host::start(&[KEY]);
    let client = Client::new();
    // Two answers within a second are of one instance.
    let mut instance = None;
    for _ in 0..20 {
        let began = Instant::now();
        let (first, _) = count(&client, &host).await;
        let (second, _) = count(&client, &host).await;
        if began.elapsed() < ENDS_AFTER {
            assert_eq!(first, second);
            instance = Some(second);
            break;
        }
    }
    let instance = instance.expect("two answers within a second");
    tokio::time::sleep(ENDS_AFTER * 3 / 2).await;
    assert_ne!(count(&client, &host).await.0, instance);
}

/// What `/count` tells: the instance, and how many requests it has served.
async fn count(client: &Client, host: &Host) -> (String, u64) {
    let answer = client
        .get(format!("{}/count", host.url))
        .send()
        .await
        .expect("an answer");
    let answer = answer.text().await.expect("text");
    let (instance, served) = answer.split_once(' ').expect("two words");
    (instance.to_owned(), served.parse().expect("a number"))
}

#[tokio::test]
async fn a_trap_ends_the_requests_of_its_instance_and_nothing_else() {
    let barrier = Barrier::start();
    let host = host_at(&barrier);
    let client = Client::new();
    let slow = client.get(waiting_url(&host, &barrier)).send();
    let trap = async {
        // The other one waits in the only instance by then, so this one joins it.
        barrier.holds(1).await;
        let answer = client.get(format!("{}/trap?token=hidden", host.url)).send().await;
        barrier.open();
        answer
    };
    let (slow, trap) = tokio::join!(slow, trap);
    for answer in [slow, trap] {
        let answer = answer.expect("an answer");
        assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(answer.text().await.expect("a body"), "");
    }
    assert_eq!(get(&host, "/").await, "hello");
    assert!(
        host.log().contains("asked to trap"),
        "the panic's message is in the log: {}",
        host.log()
    );
    assert!(!host.log().contains("hidden"), "{}", host.log());
}

#[tokio::test]
async fn a_handlers_error_is_a_500_without_a_body() {
    let host = Host::start(&[KEY]);
    let answer = Client::new()
        .get(format!("{}/fail", host.url))
        .send()
        .await
        .expect("an answer");
    assert_eq!(answer.status(), StatusCode::INTERNAL_SERVER_ERROR);
    assert_eq!(answer.text().await.expect("a body"), "");
}

#[tokio::test]
async fn asked_to_end_it_finishes_what_it_has_begun() {
    let barrier = Barrier::start();
    let mut host = host_at(&barrier);
    let url = waiting_url(&host, &barrier);
    let slow = tokio::spawn(async move { Client::new().get(url).send().await.expect("an answer").status() });
    barrier.holds(1).await;
    host.terminate();
    // It has heard of its end before the request's own.
    tokio::time::sleep(Duration::from_millis(200)).await;
    barrier.open();
    assert_eq!(slow.await.expect("an answer"), StatusCode::OK);
    assert!(host.ended().success(), "{}", host.log());
    assert!(!host.log().contains("ERROR"), "{}", host.log());
}
