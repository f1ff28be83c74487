//! Shards that missed a draw and are back: what the draw left over becomes the first tickets of a
//! later one. [`crate::queue::shard_tickets`] decides, one script writes.

use futures_util::future::join_all;
use stanchion_shared::{
    draw::{digest::parse_log, membership::Windows},
    ids::{Draw, EventId, Shard},
    timestamp::UnixMillis,
};

use super::{
    Store,
    command::{Redis, Script, plain, run, script},
    coordinator::json,
    read_event::ReadEvent,
    reports::SHARDS_AT_ONCE,
    shard::{MAX_TRIES, ShardOf, text},
    tickets::{read_person, write_person, write_tickets},
};
use crate::{
    platform::StoreError,
    queue::{
        event::is_first_line,
        shard_tickets::{CarriedTicket, EnteredDraw, LeftOver, ShardTickets, carry, sum},
    },
};

static LEFT_OVER: Script = script!("redis.lua", "shard/shard.lua", "shard/left_over.lua");
static CARRY: Script = script!("redis.lua", "shard/shard.lua", "shard/carry.lua");

/// What a shard says of draws that it missed.
struct LeftOvers {
    epoch: u32,
    frozen_through: Option<Draw>,
    all: Vec<LeftOver>,
}

impl LeftOvers {
    /// Whether people of the first line are among them.
    fn has_first_line(&self) -> bool {
        let mut entries = self.all.iter().flat_map(|left| &left.log);
        entries.any(|(tier, _)| is_first_line(*tier))
    }
}

impl<R: Redis> Store<'_, R> {
    /// Asks the shards that missed a draw whether they are back. One that is not holds up none of the
    /// others.
    pub(super) async fn settle(&self, event: &EventId, read: &ReadEvent) -> Result<(), StoreError> {
        let unsettled: Vec<(Shard, Vec<EnteredDraw>)> = read.state.unsettled().into_iter().collect();
        let (windows, now) = (read.state.settings.windows(), read.now);
        for some in unsettled.chunks(SHARDS_AT_ONCE) {
            let asked = some.iter().map(|(shard, entered)| async move {
                ShardOf::new(self, event, *shard).settle(entered, windows, now).await
            });
            for ((shard, entered), settled) in some.iter().zip(join_all(asked).await) {
                match settled {
                    Ok(()) => {
                        self.change_event(event, |state, read| state.settled(*shard, entered, read.stamp()))
                            .await?;
                        eprintln!("shard {} of {event} is back", shard.0);
                    }
                    Err(error) => eprintln!("shard {} of {event} is still missing: {error}", shard.0),
                }
            }
        }
        Ok(())
    }
}

impl<R: Redis> ShardOf<'_, R> {
    async fn settle(&self, entered: &[EnteredDraw], windows: Windows, now: UnixMillis) -> Result<(), StoreError> {
        let mut beyond = None;
        for _ in 0..MAX_TRIES {
            let left = self.left_over(entered).await?;
            if left.all.is_empty() {
                return Ok(());
            }
            let ended = || StoreError("there are no draws any more for what is left over".to_owned());
            let draw = windows
                .draw_after(left.frozen_through.max(beyond), now)
                .ok_or_else(ended)?;
            self.declare(left.epoch, draw, left.has_first_line()).await?;
            if self.carry(&left, draw).await? {
                return Ok(());
            }
            // Numbers were given in it already, or it is frozen: the next one.
            beyond = beyond.max(Some(draw));
        }
        Err(self.changes_too_often())
    }

    async fn left_over(&self, entered: &[EnteredDraw]) -> Result<LeftOvers, StoreError> {
        let mut left = LeftOvers {
            epoch: 0,
            frozen_through: None,
            all: Vec::new(),
        };
        for &one in entered {
            let mut keys = self.keys.with(&["frozen", "carried", "entered"]);
            keys.push(self.keys.log(one.draw));
            let arguments = vec![self.store.candidate(), text(one.draw.0), text(sum(one.counts))];
            let mut reply = run(self.store.redis, &LEFT_OVER, &keys, arguments).await?;
            left.epoch = reply.number()?;
            left.frozen_through = reply.optional_number()?.map(Draw);
            if reply.is_empty() {
                continue;
            }
            let carried = reply.optional_json()?.unwrap_or_default();
            let log = parse_log(&reply.bytes()?);
            left.all.push(LeftOver {
                entered: one,
                carried,
                log: log.ok_or_else(|| StoreError("a log is not as agreed".to_owned()))?,
            });
        }
        Ok(left)
    }

    /// Writes what is left over into `draw`; `false`: something has changed.
    async fn carry(&self, left: &LeftOvers, draw: Draw) -> Result<bool, StoreError> {
        let (tickets, carried) = carry(self.shard, Some(left.epoch), &left.all);
        let mut keys = self.keys.with(&["people"]);
        keys.push(self.keys.log(draw));
        keys.extend(["carried", "entered"].map(|name| self.keys.key(name)));
        let mut arguments = vec![self.store.candidate(), text(left.epoch), text(draw.0)];
        arguments.extend(self.written(&tickets, left));
        arguments.push(text(left.all.len()));
        for one in &left.all {
            arguments.extend([text(one.entered.draw.0), json(&one.entered.counts)]);
        }
        arguments.extend(self.carried_people(&carried, draw, left.epoch).await?);
        run(self.store.redis, &CARRY, &keys, arguments).await?.done()
    }

    /// Tickets, what is carried, and the entries of the log.
    fn written(&self, tickets: &ShardTickets, left: &LeftOvers) -> [Vec<u8>; 3] {
        let entries = left.all.iter().flat_map(|one| &one.log);
        let log = entries.flat_map(|&(tier, tag)| stanchion_shared::draw::digest::log_entry(tier, tag));
        [
            write_tickets(tickets, left.epoch),
            json(&tickets.carried),
            log.collect(),
        ]
    }

    /// The people who hold these tickets: tag, as they are stored, and as they are to be.
    async fn carried_people(
        &self,
        carried: &[CarriedTicket],
        draw: Draw,
        epoch: u32,
    ) -> Result<Vec<Vec<u8>>, StoreError> {
        let people = self.keys.key("people").into_bytes();
        let mut arguments: Vec<&[u8]> = vec![&people];
        arguments.extend(carried.iter().map(|ticket| &ticket.tag.0[..]));
        let mut reply = plain(self.store.redis, "HMGET", &arguments).await?;
        let mut changed = Vec::new();
        for ticket in carried {
            let Some(stored) = reply.optional_bytes()? else {
                continue;
            };
            if let Some(person) = read_person(&stored)?.carried(ticket, draw, epoch) {
                changed.extend([ticket.tag.0.to_vec(), stored, write_person(&person)]);
            }
        }
        Ok(changed)
    }
}
