//! The small event beside the large one, where nobody disturbs a measurement: seats that change hands when a lock
//! expires (invariant 7), and requests that must not get through the gate (invariant 8).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode};
use stanchion_shared::{
    identity::EventId,
    timestamp::UnixMillis,
    wire::{CartAnswer, CartSeatsRequest},
};

use crate::{
    accounts::Account,
    client::{Ask, Client, Trouble},
    clock,
    fan::{self, Session, World},
    intrusion::{self, Gate},
    latency::Kind,
    observed::{GateObserved, Handover, Notebook},
};

/// The shortest lock the origin allows, in ms.
pub(crate) const LOCK_MS: u64 = 2_000;
/// Long enough for all rounds, short enough that its end can be waited for, in ms.
pub(crate) const SHOPPING_MS: u64 = 25_000;
/// From creating the event to its on-sale, in ms.
pub(crate) const ON_SALE_IN_MS: u64 = 4_000;
/// The second fan tries this often.
const TRY_EVERY: Duration = Duration::from_millis(50);
/// Beyond the end of the lock nobody goes on trying after this time, in ms.
const GIVE_UP_AFTER_MS: u64 = 5_000;
/// The seats of each round.
const ROUNDS: [[u32; 3]; 2] = [[1, 2, 3], [4, 5, 6]];

/// What the probe needs.
pub(crate) struct Probe {
    /// The probe event as a world of its own: its requests are not the fans'.
    pub(crate) world: Arc<World>,
    pub(crate) gate: Gate,
    /// Three people.
    pub(crate) accounts: [Account; 3],
    /// Where results go.
    pub(crate) notebook: Arc<Notebook>,
}

impl Probe {
    /// Measures, then tries the gate. Takes some forty seconds.
    pub(crate) async fn run(self) -> Result<(), Trouble> {
        let [first, second, third] = self.accounts;
        let (a, b) = tokio::join!(
            fan::admitted(&self.world, first.clone()),
            fan::admitted(&self.world, second.clone())
        );
        let (a, b) = (a?, b?);
        for seats in ROUNDS {
            let handovers = round(&self.world.edge, &self.world.event, &a, &b, seats).await?;
            self.notebook.open().handovers.extend(handovers);
        }
        // The third comes when the first one's window is over: then there is one token that has expired and one that
        // lives.
        clock::sleep_until(a.expires_at.plus(1_000)).await;
        let c = fan::admitted(&self.world, third.clone()).await?;
        let gate: GateObserved = intrusion::try_everything(&self.gate, &third.token, Some(&a), Some(&c)).await?;
        self.notebook.open().gate = gate;
        Ok(())
    }
}

/// One fan locks three seats, another tries to get each of them until it works.
async fn round(
    edge: &Client,
    event: &EventId,
    a: &Session,
    b: &Session,
    seats: [u32; 3],
) -> Result<Vec<Handover>, Trouble> {
    let seats = seats.map(|number| format!("1-A-{number}"));
    let answer = edge.send(&lock(event, a, &seats)).await?;
    let cart: CartAnswer = answer.success()?;
    let expires_at = cart
        .lock_expires_at
        .ok_or_else(|| Trouble("cart add: no end of the locks".to_owned()))?;
    let [one, two, three] = seats;
    let (one, two, three) = tokio::join!(
        take_over(edge, event, b, one, expires_at),
        take_over(edge, event, b, two, expires_at),
        take_over(edge, event, b, three, expires_at)
    );
    Ok(vec![one, two, three])
}

fn lock(event: &EventId, session: &Session, seats: &[String]) -> Ask {
    let request = CartSeatsRequest {
        event_id: event.clone(),
        seat_ids: seats.to_vec(),
    };
    let ask = Ask::new(Kind::CartAdd, Method::POST, "/api/v1/cart/seats");
    ask.shop_token(&session.shop_token).json(&request)
}

async fn take_over(edge: &Client, event: &EventId, b: &Session, seat: String, lock_expires_at: UnixMillis) -> Handover {
    let ask = lock(event, b, std::slice::from_ref(&seat));
    let mut handover = Handover {
        seat,
        lock_expires_at,
        tries: 0,
        refused_until: None,
        sent_at: None,
        locked_at: None,
    };
    while clock::now() < lock_expires_at.plus(GIVE_UP_AFTER_MS) {
        let (began, sent_at) = (Instant::now(), clock::now());
        handover.tries += 1;
        if let Ok(answer) = edge.attempt(&ask).await {
            match answer.status {
                StatusCode::OK => {
                    handover.sent_at = Some(sent_at);
                    handover.locked_at = Some(answer.received_at);
                    break;
                }
                StatusCode::CONFLICT => handover.refused_until = Some(answer.received_at),
                _ => {}
            }
        }
        tokio::time::sleep(TRY_EVERY.saturating_sub(began.elapsed())).await;
    }
    handover
}
