//! All fans at once, until they are done or the deadline comes.

use std::{sync::Arc, time::Duration};

use stanchion_shared::timestamp::UnixMillis;
use tokio::task::JoinSet;

use crate::{
    accounts::Account,
    clock,
    fan::{self, World},
    options::{RunOptions, millis},
    tally::Outcome,
};

/// Late fans come within this time after the on-sale; see [`crate::behaviour`].
const LATE_FANS_MS: u64 = 40_000;
/// The queue may take this many times as long as the rate alone would: rates bend, locks expire, parts restart.
const SLACK: u64 = 3;
/// On top of everything.
const SPARE_MS: u64 = 60_000;

/// From the on-sale until the rest is given up, unless the options say otherwise.
pub(crate) fn deadline_after(options: &RunOptions) -> Duration {
    options.deadline.unwrap_or_else(|| {
        let admission = u64::from(options.fans) * 1_000 / u64::from(options.rate) * SLACK;
        let shopping = 2 * millis(options.shopping) + millis(options.turn) + millis(options.lock);
        Duration::from_millis(LATE_FANS_MS + admission + shopping + SPARE_MS)
    })
}

/// Lets `fans` fans go and waits for them. The first `sign_ups` of the ordinary ones sign up themselves.
pub(crate) async fn run(world: &Arc<World>, fans: u32, accounts: Vec<Account>, sign_ups: u32, deadline: UnixMillis) {
    let mut visits = JoinSet::new();
    let mut accounts = accounts.into_iter();
    for number in 0..fans {
        let minted = accounts.next();
        let account = if signs_up(number, sign_ups) { None } else { minted };
        let world = world.clone();
        visits.spawn(async move {
            let outcome = fan::visit(world.clone(), number, account).await;
            world.tally.ended(outcome);
        });
    }
    let all = async { while visits.join_next().await.is_some() {} };
    let until = Duration::from_millis(deadline.since(clock::now()));
    if tokio::time::timeout(until, all).await.is_err() {
        visits.abort_all();
        while let Some(ended) = visits.join_next().await {
            if ended.is_err_and(|error| error.is_cancelled()) {
                world.tally.ended(Outcome::Unfinished);
            }
        }
    }
}

/// Whether fan `number` comes without an account.
pub(crate) fn signs_up(number: u32, sign_ups: u32) -> bool {
    number >= SPECIAL_FANS && number - SPECIAL_FANS < sign_ups
}

/// The first fans have a habit each (see [`crate::behaviour::Behaviour::of`]) and come with minted accounts.
const SPECIAL_FANS: u32 = 10;
