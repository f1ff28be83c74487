//! One fan, from arriving to going home. [`queue`] is the wait, [`shop`] and [`seats`] the choice of seats, [`pay`] the
//! checkout.

mod pay;
mod queue;
mod seats;
mod shop;
mod verified;

pub(crate) use queue::Session;

use std::{
    sync::{Arc, atomic::AtomicU64},
    time::Duration,
};

use stanchion_shared::{identity::EventId, timestamp::UnixMillis};

use crate::{
    accounts::{self, Account},
    behaviour::{Arrival, Behaviour, Dice, Leaving, WalkingAway},
    client::{Client, Trouble},
    clock,
    observed::Notebook,
    puzzle::Solver,
    tally::{Outcome, Tally, one_less, one_more},
    verified::Codes,
};

/// What all fans share.
pub(crate) struct World {
    /// The edge; fans know no other address.
    pub(crate) edge: Client,
    pub(crate) solver: Solver,
    pub(crate) notebook: Arc<Notebook>,
    pub(crate) tally: Arc<Tally>,
    pub(crate) event: EventId,
    pub(crate) seed: u64,
    /// Fans come from here on …
    pub(crate) doors: UnixMillis,
    /// … most of them before this.
    pub(crate) on_sale_time: UnixMillis,
    /// Of verified fans.
    pub(crate) codes: Codes,
    /// Percent of a person's time to think.
    pub(crate) pace: u32,
}

/// One fan.
struct Fan {
    world: Arc<World>,
    dice: Dice,
    behaviour: Behaviour,
    account: Account,
    /// Tickets that a newer one has replaced; none of them may open the shop.
    old_tickets: Vec<String>,
    joined: bool,
}

/// Where a visit ends before its natural end.
enum End {
    /// As it may.
    With(Outcome),
    /// With something the fan sees as an error.
    InTrouble(Trouble),
}

impl From<Trouble> for End {
    fn from(trouble: Trouble) -> End {
        End::InTrouble(trouble)
    }
}

type Step<T> = Result<T, End>;

/// Fans who must sign up come within this share of the time before the on-sale.
const NEWCOMERS_WITHIN: f64 = 0.2;

/// Counts as one while it lives, also when the fan is given up at the deadline.
struct Counted<'a>(&'a AtomicU64);

impl<'a> Counted<'a> {
    fn in_(counter: &'a AtomicU64) -> Counted<'a> {
        one_more(counter);
        Counted(counter)
    }
}

impl Drop for Counted<'_> {
    fn drop(&mut self) {
        one_less(self.0);
    }
}

/// A whole visit of fan `number`; `account` is none for those who sign up themselves. The outcome is not counted yet.
pub(crate) async fn visit(world: Arc<World>, number: u32, account: Option<Account>) -> Outcome {
    let mut dice = Dice::of(world.seed, number);
    let behaviour = Behaviour::of(number, &mut dice);
    let arrives = match account {
        Some(_) => behaviour.arrival,
        // Whoever has no account yet comes early.
        None => Arrival::Before(dice.below(1_000) as f64 / 1_000.0 * NEWCOMERS_WITHIN),
    };
    clock::sleep_until(arrival(&world, arrives)).await;
    let tally = world.tally.clone();
    let account = match account {
        Some(account) => Ok(account),
        None => accounts::sign_up_and_in(&world.edge, &format!("{}-{}", world.event, dice.name())).await,
    };
    let ended = match account {
        Ok(account) => {
            let mut fan = Fan {
                world,
                dice,
                behaviour,
                account,
                old_tickets: Vec::new(),
                joined: false,
            };
            fan.go().await
        }
        Err(trouble) => Err(End::InTrouble(trouble)),
    };
    match ended {
        Ok(outcome) | Err(End::With(outcome)) => outcome,
        Err(End::InTrouble(Trouble(what))) => {
            tally.failed(what);
            Outcome::Failed
        }
    }
}

/// Somebody without habits queues up and is let in.
pub(crate) async fn admitted(world: &Arc<World>, account: Account) -> Result<Session, Trouble> {
    let mut fan = Fan {
        world: world.clone(),
        dice: Dice::of(world.seed, 0),
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
        End::InTrouble(trouble) => trouble,
        End::With(outcome) => Trouble(format!("nobody was let in: {outcome:?}")),
    })
}

fn arrival(world: &World, arrival: Arrival) -> UnixMillis {
    match arrival {
        Arrival::Before(share) => {
            let span = world.on_sale_time.since(world.doors) as f64;
            world.doors.plus((span * share) as u64)
        }
        Arrival::After(late) => world
            .on_sale_time
            .plus(u64::try_from(late.as_millis()).unwrap_or(u64::MAX)),
    }
}

impl Fan {
    async fn go(&mut self) -> Step<Outcome> {
        self.redeem_invitation().await?;
        let mut held = self.join().await?;
        if self.behaviour.two_tabs {
            held = self.join_from_two_tabs().await?;
        }
        if self.behaviour.walking_away == WalkingAway::FromTheQueue {
            return Ok(Outcome::WalkedAway);
        }
        match self.behaviour.leaving {
            Leaving::ForGood => {
                self.think(2_000, 6_000).await;
                self.leave(&held).await?;
                return Ok(Outcome::Left);
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
        self.leave(&held).await?;
        self.old_tickets.push(held.ticket.clone());
        let mut second = match self.join().await {
            Ok(second) => second,
            // Nothing is left to queue for: the first session goes on.
            Err(End::With(Outcome::SoldOut)) => return self.shop(&session).await,
            Err(end) => return Err(end),
        };
        let outcome = self.shop(&session).await?;
        self.hope_for_a_second_session(&mut second).await?;
        self.try_old_tickets().await?;
        Ok(outcome)
    }

    /// Waits as long as a person takes between two clicks.
    async fn think(&mut self, least_ms: u64, most_ms: u64) {
        let factor = f64::from(self.world.pace) / 100.0 * f64::from(self.behaviour.slowness);
        let time = self
            .dice
            .between(Duration::from_millis(least_ms), Duration::from_millis(most_ms));
        tokio::time::sleep(time.mul_f64(factor)).await;
    }

    fn trouble<T>(&self, what: impl Into<String>) -> Step<T> {
        Err(End::InTrouble(Trouble(what.into())))
    }

    fn count_joined(&mut self) {
        if !std::mem::replace(&mut self.joined, true) {
            one_more(&self.world.tally.joined);
        }
    }
}
