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
    observed::{Handover, Notebook},
};

/// The shortest lock the origin allows, in ms.
pub(crate) const LOCK_MS: u64 = 2_000;
/// Long enough for some rounds, and for all requests at the gate, in ms.
pub(crate) const SHOPPING_MS: u64 = 25_000;
/// From creating the event to its on-sale, in ms.
pub(crate) const ON_SALE_IN_MS: u64 = 4_000;
/// The second fan tries this often.
const TRY_EVERY: Duration = Duration::from_millis(50);
/// Beyond the end of the lock nobody goes on trying after this time, in ms.
const GIVE_UP_AFTER_MS: u64 = 5_000;
/// Three seats per round; a round that follows another takes others, whose locks are long over.
const ROUNDS: [[u32; 3]; 3] = [[1, 2, 3], [4, 5, 6], [7, 8, 9]];
/// Undisturbed rounds that are wanted.
const ROUNDS_WANTED: usize = 2;
/// Rounds that are begun at the most: a part that restarts disturbs those it falls into.
const ROUNDS_BEGUN: usize = 12;

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
    /// Lets seats change hands. Done before the fans come: what is measured is the lock, not the queue in front of a
    /// busy machine. Takes some ten seconds. Returns a session that ends soon.
    pub(crate) async fn measure(&self) -> Result<Session, Trouble> {
        let [first, second, _] = &self.accounts;
        let mut rounds = Vec::new();
        let mut session = None;
        for number in 0..ROUNDS_BEGUN {
            // Asking again gives the same session while it lives, and a new place in the queue when it is over.
            let (a, b) = tokio::join!(
                fan::admitted(&self.world, first.clone()),
                fan::admitted(&self.world, second.clone())
            );
            let (a, b) = (a?, b?);
            rounds.extend(
                round(
                    &self.world.edge,
                    &self.world.event,
                    &a,
                    &b,
                    ROUNDS[number % ROUNDS.len()],
                )
                .await,
            );
            session = Some(a);
            if rounds.len() == ROUNDS_WANTED {
                break;
            }
        }
        self.notebook.open().handovers.extend(rounds.into_iter().flatten());
        Ok(session.expect("at least one round was begun"))
    }

    /// Tries the gate when the fans are done, among other tokens with that of `ended`, which has expired by then.
    pub(crate) async fn try_the_gate(self, ended: Session) -> Result<(), Trouble> {
        let [_, _, third] = &self.accounts;
        clock::sleep_until(ended.expires_at.plus(1_000)).await;
        let living = fan::admitted(&self.world, third.clone()).await?;
        let gate = intrusion::try_everything(&self.gate, &third.token, Some(&ended), Some(&living)).await?;
        self.notebook.open().gate = gate;
        Ok(())
    }
}

/// One fan locks three seats, another tries to get each of them until it works. `None` if a part did not answer as it
/// should meanwhile: then the measurement is of the part's restart, not of the lock.
async fn round(edge: &Client, event: &EventId, a: &Session, b: &Session, seats: [u32; 3]) -> Option<[Handover; 3]> {
    let seats = seats.map(|number| format!("1-A-{number}"));
    let answer = edge.send(&lock(event, a, &seats)).await.ok()?;
    if !answer.status.is_success() {
        // Still held from an earlier round, or the session has just ended.
        tokio::time::sleep(Duration::from_millis(LOCK_MS)).await;
        return None;
    }
    let cart: CartAnswer = answer.parse().ok()?;
    let expires_at = cart.lock_expires_at?;
    let [one, two, three] = seats;
    let (one, two, three) = tokio::join!(
        take_over(edge, event, b, one, expires_at),
        take_over(edge, event, b, two, expires_at),
        take_over(edge, event, b, three, expires_at)
    );
    Some([one?, two?, three?])
}

fn lock(event: &EventId, session: &Session, seats: &[String]) -> Ask {
    let request = CartSeatsRequest {
        event_id: event.clone(),
        seat_ids: seats.to_vec(),
    };
    let ask = Ask::new(Kind::CartAdd, Method::POST, "/api/v1/cart/seats");
    ask.shop_token(&session.shop_token).json(&request)
}

async fn take_over(
    edge: &Client,
    event: &EventId,
    b: &Session,
    seat: String,
    lock_expires_at: UnixMillis,
) -> Option<Handover> {
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
        let answer = edge.attempt(&ask).await.ok()?;
        match answer.status {
            StatusCode::OK => {
                handover.sent_at = Some(sent_at);
                handover.locked_at = Some(answer.received_at);
                break;
            }
            StatusCode::CONFLICT => handover.refused_until = Some(answer.received_at),
            _ => return None,
        }
        tokio::time::sleep(TRY_EVERY.saturating_sub(began.elapsed())).await;
    }
    Some(handover)
}
