//! Shards that missed a draw are asked whether they are back, until they are: on the alarm, beside
//! everything else that it does.
//!
//! Anything may happen while a shard's answer is awaited. What it answers is that it knows how draws
//! were closed which are closed for ever, so it holds whenever it arrives.

use std::{collections::BTreeMap, time::Duration};

use futures_util::stream::{self, StreamExt};
use stanchion_shared::{
    draw::membership::Windows,
    ids::{EventId, Shard},
    timestamp::UnixMillis,
};
use worker::console_error;

use super::{
    super::{messages::Settle, now, objects},
    Coordinator,
};
use crate::queue::{closing::freeze_time::FREEZES_AT_ONCE, shard_tickets::EnteredDraw};

/// A silent shard is asked this often, in ms.
const SETTLE_EVERY_MS: u64 = 1_000;
/// A shard that has not answered after this long is asked again later. It has to tell the coordinator
/// of a draw meanwhile.
const SETTLE_TIME_LIMIT: Duration = Duration::from_secs(2);
/// Shards that are asked in one alarm; the next one goes on with others.
const SETTLES_PER_ALARM: usize = 4 * FREEZES_AT_ONCE;

struct Unsettled {
    event_id: EventId,
    windows: Windows,
    shards: BTreeMap<Shard, Vec<EnteredDraw>>,
}

impl Coordinator {
    /// When silent shards are to be asked; `None` while there are none. Never the beginning of 1970:
    /// an alarm that is set for it does not ring.
    pub(super) fn settle_at(&self, unsettled: bool) -> Option<UnixMillis> {
        unsettled.then(|| self.settle_not_before.get().max(now()))
    }

    /// Asks silent shards, if that is due.
    pub(super) async fn settle(&self) {
        if self.settle_not_before.get() > now() {
            return;
        }
        let read = self.read(|event| {
            Ok(Unsettled {
                event_id: event.state.constants.event_id.clone(),
                windows: event.state.settings.windows(),
                shards: event.state.unsettled(),
            })
        });
        let unsettled = match read {
            Ok(Some(unsettled)) if !unsettled.shards.is_empty() => unsettled,
            Ok(_) => return,
            Err(error) => return console_error!("whether a shard is missing is not known: {error}"),
        };
        self.settle_not_before.set(now().plus(SETTLE_EVERY_MS));
        // Not always the same ones first: they may be silent for long.
        let from = self.settle_from.get() % unsettled.shards.len();
        self.settle_from.set(from + SETTLES_PER_ALARM);
        let all: Vec<_> = unsettled.shards.iter().collect();
        let some = all[from..].iter().chain(&all[..from]).take(SETTLES_PER_ALARM);
        let asked = some.map(|&(&shard, entered)| self.settle_one(&unsettled, shard, entered));
        stream::iter(asked)
            .buffer_unordered(FREEZES_AT_ONCE)
            .collect::<Vec<()>>()
            .await;
    }

    async fn settle_one(&self, unsettled: &Unsettled, shard: Shard, entered: &[EnteredDraw]) {
        let message = Settle {
            entered: entered.to_vec(),
            windows: unsettled.windows,
        };
        let asked = self.objects.shard(&unsettled.event_id, shard, message);
        if objects::within(SETTLE_TIME_LIMIT, asked).await.is_err() {
            return; // it is still silent; the log has it since the draw was closed
        }
        match self.change(|event| self.change_state(event, |state| state.settled(shard, entered, now()))) {
            Ok(_) => console_error!("shard {} of {} is back", shard.0, unsettled.event_id),
            Err(error) => console_error!("that shard {} is back was not noted: {error}", shard.0),
        }
    }
}
