//! All fans at once, until they are done or the deadline comes.

use std::{sync::Arc, time::Duration};

use stanchion_command_line::values::millis;
use stanchion_fan_client::clock;
use stanchion_shared::timestamp::UnixMillis;
use tokio::task::JoinSet;

use crate::{
    accounts::FanAccount,
    behaviour::signs_up,
    fan::{self, FanContext},
    options::RunOptions,
    tally::VisitOutcome,
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
pub(crate) async fn run(
    context: &Arc<FanContext>,
    fans: u32,
    accounts: Vec<FanAccount>,
    sign_ups: u32,
    deadline: UnixMillis,
) {
    let mut visits = JoinSet::new();
    let mut accounts = accounts.into_iter();
    for number in 0..fans {
        let minted = accounts.next();
        let account = if signs_up(number, sign_ups) { None } else { minted };
        let context = context.clone();
        visits.spawn(async move {
            let outcome = fan::visit(context.clone(), number, account).await;
            context.tally.ended(outcome);
        });
    }
    let all = async { while visits.join_next().await.is_some() {} };
    let until = Duration::from_millis(deadline.since(clock::now()));
    if tokio::time::timeout(until, all).await.is_err() {
        visits.abort_all();
        while let Some(ended) = visits.join_next().await {
            if ended.is_err_and(|error| error.is_cancelled()) {
                context.tally.ended(VisitOutcome::Unfinished);
            }
        }
    }
}
