//! Shards tell of shopping sessions, and ask for slots.

use stanchion_shared::timestamp::UnixMillis;
use worker::Result;

use super::{
    super::{
        messages::{SlotsGiven, TakeSlots, TellSessions},
        now,
    },
    Coordinator,
    draws::check_shard,
    tables,
};
use crate::queue::{room::SLOT_HELD_MS, sessions::tell_every_ms};

impl Coordinator {
    /// Stores what a shard tells of sessions, as far as it is news.
    pub(super) fn note_sessions(&self, TellSessions(report): TellSessions) -> Result<Option<()>> {
        self.change(|event| {
            let shard = report.shard;
            check_shard(event, shard)?;
            event.slots.get_mut().note_used(&report.slots_used);
            let noted = event.sessions.note(report, now());
            tables::save_sessions(&self.database, shard, &noted)?;
            // The first session may have begun without a turn: until now nobody metered.
            self.arm(event, UnixMillis(0))
        })
    }

    /// Gives slots, as long as there is room. Slots are in memory only; until when they may count is
    /// stored, and a new instance gives none before.
    pub(super) fn take_slots(&self, TakeSlots { shard, requests }: &TakeSlots) -> Result<Option<SlotsGiven>> {
        let now = now();
        self.change(|event| {
            check_shard(event, *shard)?;
            let is_unknown = now < event.slots_unknown_until;
            let (open_tickets, totals) = (event.open_tickets(), event.totals(now));
            let room = event.state.room(open_tickets, &totals, now);
            let slots = event.slots.get_mut();
            let mut take = |request| !is_unknown && slots.take(request, &room, totals.sessions.active(), now);
            let given: Vec<bool> = requests.iter().map(&mut take).collect();
            if given.contains(&true) && event.slots_stored_until < now.plus(SLOT_HELD_MS) {
                let until = now.plus(2 * SLOT_HELD_MS);
                self.database.save("slots_until", &until)?;
                event.slots_stored_until = until;
            }
            self.arm(event, UnixMillis(0))?;
            Ok(SlotsGiven {
                given,
                tell_every_ms: tell_every_ms(event.state.settings.shards),
            })
        })
    }
}
