//! Instances are used again as Spin 4 does it, and a trap costs no more than its instance.

use std::collections::HashMap;
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::{Client, StatusCode};

use crate::harness::{Host, KEY, get};

/// The instance's limits; src/instance.rs.
const MOST_REQUESTS_PER_INSTANCE: u64 = 128;
const MOST_REQUESTS_AT_A_TIME: u64 = 16;

/// What `/wait` tells: instance, most requests inside, and two values of a static before and after the wait.
async fn wait(host: &Host, milliseconds: u64) -> (String, u64, String, String) {
    let answer = get(host, &format!("/wait?{milliseconds}")).await;
    let mut words = answer.split(' ').map(str::to_owned);
    let mut word = || words.next().expect("four words");
    (word(), word().parse().expect("a number"), word(), word())
}

#[tokio::test]
async fn statics_are_shared_by_the_requests_of_an_instance_sixteen_at_a_time() {
    let host = Host::start(&[KEY]);
    // One after the other, so that each finds the instances before it waiting and joins one that has room. They wait for long:
    // other tests of this program compile their components meanwhile.
    let waits = (0..40).map(|number| {
        let host = &host;
        async move {
            tokio::time::sleep(Duration::from_millis(20 * number)).await;
            wait(host, 6_000).await
        }
    });
    let told = join_all(waits).await;
    let most = told.iter().map(|(_, most, ..)| *most).max();
    assert_eq!(most, Some(MOST_REQUESTS_AT_A_TIME));
    let overwritten = told.iter().filter(|(.., before, after)| before != after).count();
    assert!(
        overwritten > 0,
        "a request sees what another one left in a static while it waited"
    );
}

#[tokio::test]
async fn an_instance_serves_128_requests_and_is_replaced() {
    let host = Host::start(&[KEY]);
    let mut most = HashMap::<String, u64>::new();
    for _ in 0..2 * MOST_REQUESTS_PER_INSTANCE {
        let answer = get(&host, "/count").await;
        let (instance, served) = answer.split_once(' ').expect("two words");
        most.insert(instance.to_owned(), served.parse().expect("a number"));
    }
    assert_eq!(most.values().max(), Some(&MOST_REQUESTS_PER_INSTANCE));
}

#[tokio::test]
async fn an_instance_without_requests_ends_after_a_second() {
    let host = Host::start(&[KEY]);
    let instance = |answer: String| answer.split(' ').next().map(str::to_owned);
    let first = instance(get(&host, "/count").await);
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(instance(get(&host, "/count").await), first);
    tokio::time::sleep(Duration::from_millis(1500)).await;
    assert_ne!(instance(get(&host, "/count").await), first);
}

#[tokio::test]
async fn a_trap_ends_the_requests_of_its_instance_and_nothing_else() {
    let host = Host::start(&[KEY]);
    let client = Client::new();
    let slow = client.get(format!("{}/wait?2000", host.url)).send();
    let trap = async {
        // The other one waits in the only instance by then, so this one joins it.
        tokio::time::sleep(Duration::from_millis(300)).await;
        client.get(format!("{}/trap?token=hidden", host.url)).send().await
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
    let mut host = Host::start(&[KEY]);
    let url = format!("{}/wait?700", host.url);
    let slow = tokio::spawn(async move { Client::new().get(url).send().await.expect("an answer").status() });
    tokio::time::sleep(Duration::from_millis(200)).await;
    host.terminate();
    assert_eq!(slow.await.expect("an answer"), StatusCode::OK);
    assert!(host.ended().success(), "{}", host.log());
    assert!(!host.log().contains("ERROR"), "{}", host.log());
}
