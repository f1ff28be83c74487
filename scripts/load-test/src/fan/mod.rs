//! One fan, from arriving to going home. [`queue`] is the wait, [`shop`] and [`seats`] the choice of seats, [`pay`] the
//! checkout.

mod pay;
mod queue;
mod seats;
mod shop;
mod verified;

pub(crate) use queue::ShoppingSession;

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use stanchion_dice::Dice;
use stanchion_fan_client::{FanClient, FanError, clock};
use stanchion_invariants::evidence::SharedEvidence;
use stanchion_shared::{ids::EventId, timestamp::UnixMillis};

use crate::{
    accounts::{self, FanAccount},
    behaviour::{Arrival, Behaviour, Leaving, WalkingAway},
    invitations::InvitationCodes,
    proof_of_work::ProofSolver,
    tally::{Tally, VisitOutcome, one_less, one_more},
};

/// What all fans of an event share.
pub(crate) struct FanContext {
    /// The edge; fans know no other address.
    pub(crate) edge: FanClient,
    pub(crate) solver: ProofSolver,
    pub(crate) evidence: Arc<SharedEvidence>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) event: EventId,
    pub(crate) seed: u64,
    /// Fans come from here on …
    pub(crate) doors: UnixMillis,
    /// … most of them before this.
    pub(crate) on_sale_time: UnixMillis,
    /// Of verified fans.
    pub(crate) codes: InvitationCodes,
    /// Percent of a person's time to think.
    pub(crate) pace: u32,
}

/// One fan.
struct Fan {
    context: Arc<FanContext>,
    dice: Dice,
    behaviour: Behaviour,
    account: FanAccount,
    /// Tickets that a newer one has replaced; none of them may open the shop.
    old_tickets: Vec<String>,
    joined: bool,
}

/// Where a visit ends before its natural end.
enum VisitEnd {
    /// As it may.
    With(VisitOutcome),
    /// With something the fan sees as an error.
    InTrouble(FanError),
}

impl From<FanError> for VisitEnd {
    fn from(trouble: FanError) -> VisitEnd {
        VisitEnd::InTrouble(trouble)
    }
}

type VisitResult<T> = Result<T, VisitEnd>;

/// Fans who must sign up come within this share of the time before the on-sale.
const NEWCOMERS_WITHIN: f64 = 0.2;

/// Counts as one while it lives, also when the fan is given up at the deadline.
struct CountGuard<'a>(&'a AtomicU64);

impl<'a> CountGuard<'a> {
    fn in_(counter: &'a AtomicU64) -> CountGuard<'a> {
        one_more(counter);
        CountGuard(counter)
    }
}

impl Drop for CountGuard<'_> {
    fn drop(&mut self) {
        one_less(self.0);
    }
}

/// A whole visit of fan `number`. Without `account` the fan signs up first. The outcome is not counted yet.
pub(crate) async fn visit(context: Arc<FanContext>, number: u32, account: Option<FanAccount>) -> VisitOutcome {
    let mut dice = Dice::of(context.seed, number);
    let behaviour = Behaviour::of(number, &mut dice);
    let arrives = match account {
        Some(_) => behaviour.arrival,
        // A fan without an account comes early.
        None => Arrival::Before(dice.below(1_000) as f64 / 1_000.0 * NEWCOMERS_WITHIN),
    };
    clock::sleep_until(arrival(&context, arrives)).await;
    let tally = context.tally.clone();
    let account = match account {
        Some(account) => Ok(account),
        None => accounts::sign_up_and_in(&context.edge, &format!("{}-{}", context.event, dice.name())).await,
    };
    let ended = match account {
        Ok(account) => {
            let mut fan = Fan {
                context,
                dice,
                behaviour,
                account,
                old_tickets: Vec::new(),
                joined: false,
            };
            fan.go().await
        }
        Err(trouble) => Err(VisitEnd::InTrouble(trouble)),
    };
    match ended {
        Ok(outcome) | Err(VisitEnd::With(outcome)) => outcome,
        Err(VisitEnd::InTrouble(FanError(what))) => {
            tally.failed(what);
            VisitOutcome::Failed
        }
    }
}

/// A fan without habits queues up and is admitted.
pub(crate) async fn admitted(context: &Arc<FanContext>, account: FanAccount) -> Result<ShoppingSession, FanError> {
    let mut fan = Fan {
        context: context.clone(),
        dice: Dice::of(context.seed, 0),
        behaviour: Behaviour::plain(),
        account,
        old_tickets: Vec::new(),
        joined: false,
    };
    let admitted = async {
        let mut held = fan.join().await?;
        fan.wait_for_the_turn(&mut held).await
    };
    admitted.await.map_err(|end| match end {
        VisitEnd::InTrouble(trouble) => trouble,
        VisitEnd::With(outcome) => FanError(format!("nobody was let in: {outcome:?}")),
    })
}

fn arrival(context: &FanContext, arrival: Arrival) -> UnixMillis {
    match arrival {
        Arrival::Before(share) => {
            let span = context.on_sale_time.since(context.doors) as f64;
            context.doors.plus((span * share) as u64)
        }
        Arrival::After(late) => context
            .on_sale_time
            .plus(u64::try_from(late.as_millis()).unwrap_or(u64::MAX)),
    }
}

impl Fan {
    async fn go(&mut self) -> VisitResult<VisitOutcome> {
        self.redeem_invitation().await?;
        let mut held = self.join().await?;
        if self.behaviour.two_tabs {
            held = self.join_from_two_tabs().await?;
        }
        if self.behaviour.walking_away == WalkingAway::FromTheQueue {
            return Ok(VisitOutcome::WalkedAway);
        }
        match self.behaviour.leaving {
            Leaving::ForGood => {
                self.think(2_000, 6_000).await;
                self.leave(&held).await?;
                return Ok(VisitOutcome::Left);
            }
            Leaving::AndBack => {
                self.think(1_000, 3_000).await;
                self.leave(&held).await?;
                self.think(500, 2_000).await;
                held = self.join().await?;
            }
            _ => {}
        }
        let session = self.wait_for_the_turn(&mut held).await?;
        self.try_old_tickets().await?;
        if self.behaviour.leaving != Leaving::AndBackWhileShopping {
            return self.shop(&session).await;
        }
        self.leave_while_shopping(&held).await?;
        self.old_tickets.push(held.ticket.clone());
        let mut second = self.join().await?;
        let session = self.wait_for_the_turn(&mut second).await?;
        self.try_old_tickets().await?;
        self.shop(&session).await
    }

    /// Waits as long as a person takes between two clicks.
    async fn think(&mut self, least_ms: u64, most_ms: u64) {
        let factor = f64::from(self.context.pace) / 100.0 * f64::from(self.behaviour.slowness);
        let time = self
            .dice
            .between(Duration::from_millis(least_ms), Duration::from_millis(most_ms));
        tokio::time::sleep(time.mul_f64(factor)).await;
    }

    fn trouble<T>(&self, what: impl Into<String>) -> VisitResult<T> {
        Err(VisitEnd::InTrouble(FanError(what.into())))
    }

    fn count_joined(&mut self) {
        if !std::mem::replace(&mut self.joined, true) {
            one_more(&self.context.tally.joined);
        }
    }
}
