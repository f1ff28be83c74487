//! The accounts of a farm and the customers of a carrier in one draw. `shared/src/score/tests/crowds.rs` plays it with five
//! thousand of each.
//! Breaks: nothing, but keeps the machine busy.

use std::time::{Duration, Instant};

use futures_util::{StreamExt, stream};
use reqwest::StatusCode;
use serde_json::{Value, json};
use stanchion_harness::{Edge, Event, Fan, now, read, release, until_effective};
use stanchion_shared::{
    account_token::AccountRecord,
    policy::BotPolicy,
    proof_of_work,
    schedule::EFFECT_DELAY_MS,
    score::{PAGE_TAKES_MS, sharing::KNOWN_AFTER_SECONDS},
    wire::{JoinAnswer, QueueStatus, StatusAnswer},
};

/// Accounts of the farm, and as many people: three times as many as a network may have.
const ACCOUNTS: usize = 600;
/// Requests that are on their way at once.
const AT_ONCE: usize = 8;
/// Joins by which it is measured how long all of them take.
const TRIED: usize = 100;
/// A busy machine answers 503 at times: then a client asks again, so often.
const TRIES: usize = 20;
const TRY_AGAIN: Duration = Duration::from_millis(500);
/// An on-sale so far away that nobody waits for it, in ms.
const NEVER_MS: u64 = 3_600_000;

/// Who joins.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Person,
    Farm,
}

struct Joined {
    kind: Kind,
    fan: Fan,
    ticket: String,
    tier: u64,
}

/// One after the other: a customer of the carrier and an account of the farm.
fn kind(number: usize) -> Kind {
    [Kind::Person, Kind::Farm][number % 2]
}

/// All customers have one address and three kinds of phones, and three in ten have had their accounts
/// for long. Each account of the farm is new, and has a network of its own in one /48, a fingerprint
/// that nobody else has, and the signals of a person.
async fn join(edge: &Edge, event: &Event, number: usize) -> Joined {
    let second = now().floor_seconds();
    let new = AccountRecord {
        since: second,
        bought: false,
    };
    let month_old = AccountRecord {
        since: second - KNOWN_AFTER_SECONDS,
        ..new
    };
    let (kind, number) = (kind(number), number / 2);
    let (record, address, fingerprint) = match kind {
        Kind::Person if number % 10 < 3 => (month_old, "203.0.113.71".to_owned(), format!("phone {}", number % 3)),
        Kind::Person => (new, "203.0.113.71".to_owned(), format!("phone {}", number % 3)),
        Kind::Farm => (
            new,
            format!("2001:db8:fa:{number:x}::1"),
            format!("random {}", number * 7_919),
        ),
    };
    let fan = edge.fan_with_record(record);
    for _ in 0..TRIES {
        if let Some(answer) = try_join(edge, event, &fan, &address, &fingerprint).await {
            let tier = tier(&answer.receipt);
            return Joined {
                kind,
                fan,
                ticket: answer.queue_token,
                tier,
            };
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
    panic!("{address} could not join");
}

/// `None`: a part did not answer in time. Whether the join was done is not known; it can be asked for again.
async fn try_join(edge: &Edge, event: &Event, fan: &Fan, address: &str, fingerprint: &str) -> Option<JoinAnswer> {
    let challenge = edge.challenge_response(&event.id, fan).await;
    if challenge.status() == StatusCode::SERVICE_UNAVAILABLE {
        return None;
    }
    let captcha = proof_of_work::solve(&read(challenge).await).expect("solvable");
    tokio::time::sleep(Duration::from_millis(PAGE_TAKES_MS)).await;
    let signals = json!({ "pointer": 40, "touch": 0, "key": 30, "assisted": 30, "intervals": 32, "mean_ms": 240,
        "deviation_ms": 190, "webdriver": false, "on_page_ms": 60_000 });
    let body = json!({ "event_id": event.id, "device_fingerprint": fingerprint, "captcha_token": captcha,
        "signals": signals });
    let url = format!("{}/api/v1/queue/join", edge.url);
    let request = edge.http.post(url).bearer_auth(&fan.token).json(&body);
    let answer = request.header("cf-connecting-ip", address).send().await.unwrap();
    match answer.status() {
        StatusCode::SERVICE_UNAVAILABLE => None,
        _ => Some(read(answer).await),
    }
}

/// The first answer to polls that is not before the turn.
async fn at_turn(edge: &Edge, Joined { fan, ticket, .. }: &Joined) -> StatusAnswer {
    let deadline = now().plus(120_000);
    while now() < deadline {
        let answer = edge.status_response(Some(fan), ticket).await;
        if answer.status() != StatusCode::SERVICE_UNAVAILABLE {
            let answer: StatusAnswer = read(answer).await;
            if matches!(answer.status, QueueStatus::YourTurn | QueueStatus::Expired) {
                return answer;
            }
        }
        tokio::time::sleep(TRY_AGAIN).await;
    }
    panic!("{} gets no turn", fan.subject);
}

/// The tier in a receipt.
fn tier(receipt: &str) -> u64 {
    claims(receipt)["tier"].as_u64().unwrap()
}

/// The claims of a token, whose signature other tests check.
fn claims(token: &str) -> Value {
    let claims = token.split('.').nth(1).unwrap();
    let json = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, claims).unwrap();
    serde_json::from_slice(&json).unwrap()
}

async fn all<T>(count: usize, ask: impl AsyncFn(usize) -> T) -> Vec<T> {
    stream::iter(0..count)
        .map(async |number| ask(number).await)
        .buffered(AT_ONCE)
        .collect()
        .await
}

fn event(on_sale_in_ms: u64) -> Event {
    let mut event = Event::on_sale_in(on_sale_in_ms);
    event.put.settings.policy.bots = BotPolicy::default();
    event.put.settings.turn_ms = 600_000;
    event.put.settings.shopping_ms = 600_000;
    event
}

/// How long it takes until all have joined, in ms, with half as much again.
async fn joining_ms(edge: &Edge) -> u64 {
    let event = event(NEVER_MS);
    edge.open(&event, 0).await;
    let began = Instant::now();
    all(TRIED, async |number| join(edge, &event, number).await).await;
    let ms = u64::try_from(began.elapsed().as_millis()).unwrap();
    ms * (2 * ACCOUNTS / TRIED) as u64 * 3 / 2
}

#[tokio::test]
async fn no_account_of_a_farm_is_before_a_person_and_no_person_is_below_a_humans_score() {
    let edge = Edge::new();
    let joining_ms = joining_ms(&edge).await + 5_000;
    let joining = async |event: &Event| all(2 * ACCOUNTS, async |number| join(&edge, event, number).await).await;
    let (event, joined) = edge.before_on_sale(joining_ms, 1_000, event, joining).await;
    // At their turns the edge knows the event's accounts as the snapshot has them.
    let drawn = event.put.settings.on_sale_time.since(now()) + 2 * EFFECT_DELAY_MS;
    tokio::time::sleep(Duration::from_millis(drawn)).await;
    // The lease of a release is a minute, and the draw may have come later.
    read::<Value>(edge.put_release(&event, &release(event.put.version + 3, 1_000)).await).await;
    until_effective().await;

    let told: Vec<StatusAnswer> = all(joined.len(), async |number| at_turn(&edge, &joined[number]).await).await;
    // A suspect's position is a number in the second line; the shop token has the place that was served.
    let place = |answer: &StatusAnswer| {
        let token = answer.shop_token.as_ref().expect("has a turn");
        claims(token)["place"].as_u64().expect("it came with a turn")
    };
    let (mut last_person, mut first_in_shop_of_farm, mut withdrawn) = (0, u64::MAX, Vec::new());
    for (joined, answer) in joined.iter().zip(&told) {
        let shops = answer.shop_token.is_some();
        match joined.kind {
            Kind::Person => {
                assert_eq!((joined.tier, shops), (1, true), "{answer:?}");
                last_person = last_person.max(place(answer));
            }
            Kind::Farm if shops => {
                assert_eq!(joined.tier, 2);
                first_in_shop_of_farm = first_in_shop_of_farm.min(place(answer));
            }
            Kind::Farm => {
                assert_eq!((joined.tier, answer.status), (1, QueueStatus::Expired));
                withdrawn.push(joined);
            }
        }
    }
    assert!(
        last_person < first_in_shop_of_farm,
        "{last_person} {first_in_shop_of_farm}"
    );
    // At their joins the first accounts passed: as many as any network may have.
    let least = usize::from(BotPolicy::default().accounts_per_address);
    assert!(withdrawn.len() >= least, "{}", withdrawn.len());
    eprintln!(
        "{} of {ACCOUNTS} accounts of the farm were noticed at their turns, the others at the join",
        withdrawn.len()
    );

    // Whoever was withdrawn may join again, as a suspect.
    for joined in withdrawn.iter().take(3) {
        let answer = edge.join(&event.id, &joined.fan).await;
        assert_eq!(tier(&answer.receipt), 2);
    }
}
