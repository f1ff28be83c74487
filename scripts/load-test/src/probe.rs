//! The small event beside the large one, where no fan disturbs a measurement. Seats change hands there when a lock expires
//! (invariant 7), and requests are sent that must not get through the gate (invariant 8).

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use reqwest::{Method, StatusCode};
use stanchion_fan_client::{FanClient, FanError, FanRequest, RequestKind, clock};
use stanchion_invariants::{
    evidence::{Handover, SharedEvidence},
    gate_attempts::{self, Gate},
};
use stanchion_shared::{
    ids::EventId,
    timestamp::UnixMillis,
    wire::{CartAnswer, CartSeatsRequest},
};

use crate::{
    accounts::FanAccount,
    fan::{self, FanContext, ShoppingSession},
};

/// The shortest lock the origin allows, in ms.
pub(crate) const LOCK_MS: u64 = 2_000;
/// Long enough for some rounds, and for all requests at the gate, in ms.
pub(crate) const SHOPPING_MS: u64 = 25_000;
/// From creating the event to its on-sale, in ms.
pub(crate) const ON_SALE_IN_MS: u64 = 4_000;
/// Time between two attempts of the second fan.
const TRY_EVERY: Duration = Duration::from_millis(50);
/// The second fan gives up this long after the end of the lock, in ms.
const GIVE_UP_AFTER_MS: u64 = 5_000;
/// Three seats per round. The next round takes other seats, whose locks are long over.
const ROUNDS: [[u32; 3]; 3] = [[1, 2, 3], [4, 5, 6], [7, 8, 9]];
/// Undisturbed rounds that are wanted.
const ROUNDS_WANTED: usize = 2;
/// Most rounds that are begun. A part that restarts disturbs the rounds in which it does so.
const ROUNDS_BEGUN: usize = 12;

/// What the probe needs.
pub(crate) struct Probe {
    /// The probe event has a context of its own, because its requests are not the fans'.
    pub(crate) context: Arc<FanContext>,
    pub(crate) gate: Gate,
    /// Three people.
    pub(crate) accounts: [FanAccount; 3],
    /// Where results go.
    pub(crate) evidence: Arc<SharedEvidence>,
}

impl Probe {
    /// Lets seats change hands, which takes some ten seconds, and returns a session that ends soon. It is done before the
    /// fans come, so that it measures the lock and not a busy machine.
    pub(crate) async fn measure(&self) -> Result<ShoppingSession, FanError> {
        let [first, second, _] = &self.accounts;
        let mut rounds = Vec::new();
        let mut session = None;
        for number in 0..ROUNDS_BEGUN {
            // Asking again gives the same session while it lives, and a new place in the queue when it is over.
            let (a, b) = tokio::join!(
                fan::admitted(&self.context, first.clone()),
                fan::admitted(&self.context, second.clone())
            );
            let (a, b) = (a?, b?);
            rounds.extend(
                round(
                    &self.context.edge,
                    &self.context.event,
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
        self.evidence.lock().handovers.extend(rounds.into_iter().flatten());
        Ok(session.expect("at least one round was begun"))
    }

    /// Tries the gate when the fans are done, among other tokens with that of `ended`, which has expired by then.
    pub(crate) async fn try_the_gate(self, ended: ShoppingSession) -> Result<(), FanError> {
        let [_, _, third] = &self.accounts;
        clock::sleep_until(ended.expires_at.plus(1_000)).await;
        let living = fan::admitted(&self.context, third.clone()).await?;
        let gate = gate_attempts::try_everything(
            &self.gate,
            &third.token,
            Some(&ended.shop_token),
            Some(&living.shop_token),
        )
        .await?;
        self.evidence.lock().gate = gate;
        Ok(())
    }
}

/// One fan locks three seats, and another tries to get each of them until it works. `None` if a part did not answer as it
/// should meanwhile: the measurement would be of the part's restart.
async fn round(
    edge: &FanClient,
    event: &EventId,
    a: &ShoppingSession,
    b: &ShoppingSession,
    seats: [u32; 3],
) -> Option<[Handover; 3]> {
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

fn lock(event: &EventId, session: &ShoppingSession, seats: &[String]) -> FanRequest {
    let request = CartSeatsRequest {
        event_id: event.clone(),
        seat_ids: seats.to_vec(),
    };
    let ask = FanRequest::new(RequestKind::CartAdd, Method::POST, "/api/v1/cart/seats");
    ask.shop_token(&session.shop_token).json(&request)
}

async fn take_over(
    edge: &FanClient,
    event: &EventId,
    b: &ShoppingSession,
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
