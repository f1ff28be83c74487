//! The coordinator's data: read whole by one script, decided by [`crate::queue::event`], and
//! written by one script if it is still as it was read.

use serde::Serialize;
use stanchion_shared::{
    draw::{chain::SecretChain, record::SignedRecord},
    ids::{Bytes32, Draw, EventId, EventKey},
    schedule::{Archive, SEGMENTS_PER_CHUNK, Schedule, ScheduleChunk, Segment, Stop},
    sessions::NEWEST_ENDED,
    timestamp::UnixMillis,
    wire::WINDOWS_PER_PAGE,
};

use super::{
    Store,
    command::{Redis, Script, plain, run, script},
    keys::CoordinatorKeys,
    read_event::{OnlyIf, ReadEvent, parse_event},
    shard::MAX_TRIES,
};
use crate::{
    platform::StoreError,
    queue::{
        event::{EventConstants, EventState},
        room::WAITS_FOR_SLOT_MS,
    },
};

static READ: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/read.lua");
static CHANGE: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/change.lua");
static SCHEDULE: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/schedule.lua");

static DRAWN: Script = script!("coordinator/drawn.lua");

/// How scripts take a draw, or none.
pub(super) fn or_minus_one(draw: Option<Draw>) -> Vec<u8> {
    draw.map_or(-1, |draw| i64::from(draw.0)).to_string().into_bytes()
}

pub(super) fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("what is stored serialises")
}

/// How a changed event is written.
pub(super) struct Written {
    /// As `change` in `coordinator.lua` takes them: settings, live state, progress, schedule
    /// (without what is needed no more), and the last draws of two kinds, which scripts compare:
    /// closed, and closed to declarations.
    pub(super) parts: [Vec<u8>; 6],
    /// The segments and stops that the schedule drops: the number of segments, the segments, the
    /// stops.
    pub(super) retired: Vec<Vec<u8>>,
}

impl Written {
    pub(super) fn new(state: &EventState, now: UnixMillis) -> Written {
        let live = state.schedule.live_part(now, state.live.longest_shopping_ms);
        let Archive { segments, stops } = state.schedule.archive(&live);
        let mut retired = vec![segments.len().to_string().into_bytes()];
        retired.extend(segments.iter().map(json));
        retired.extend(stops.iter().map(json));
        Written {
            parts: [
                json(&state.settings),
                json(&state.live),
                json(&state.progress),
                json(&live),
                or_minus_one(state.progress.closed_through),
                or_minus_one(state.declarations_ended_through()),
            ],
            retired,
        }
    }
}

impl<R: Redis> Store<'_, R> {
    pub(super) async fn read_event(&self, event: &EventId) -> Result<Option<ReadEvent>, StoreError> {
        Ok(self.read_event_or_clock(event).await?.1)
    }

    pub(super) async fn read_event_or_clock(
        &self,
        event: &EventId,
    ) -> Result<(UnixMillis, Option<ReadEvent>), StoreError> {
        let keys = CoordinatorKeys::new(event).with(&["ended_sessions", "slots", "waiting"]);
        let arguments = vec![
            self.candidate(),
            NEWEST_ENDED.to_string().into_bytes(),
            WAITS_FOR_SLOT_MS.to_string().into_bytes(),
        ];
        parse_event(run(self.redis, &READ, &keys, arguments).await?)
    }

    /// Changes the event; `None` if there is none.
    pub(super) async fn change_event<T>(
        &self,
        event: &EventId,
        change: impl Fn(&mut EventState, &ReadEvent) -> T,
    ) -> Result<Option<T>, StoreError> {
        for _ in 0..MAX_TRIES {
            let Some(read) = self.read_event(event).await? else {
                return Ok(None);
            };
            let mut state = read.state.clone();
            let changed = change(&mut state, &read);
            let only_if = match state.settings.windows() == read.state.settings.windows() {
                true => OnlyIf::Anything,
                // Somebody may have joined since it was read.
                false => OnlyIf::NothingDeclared,
            };
            if state == read.state || self.write_event(event, &read, &state, only_if).await? {
                return Ok(Some(changed));
            }
        }
        Err(StoreError("the event changes too often".to_owned()))
    }

    /// The first arguments of both scripts that change an event.
    pub(super) fn guard(&self, read: &ReadEvent) -> Vec<Vec<u8>> {
        vec![
            self.candidate(),
            read.epoch.to_string().into_bytes(),
            read.revision.to_string().into_bytes(),
            read.stamp().0.to_string().into_bytes(),
        ]
    }

    /// Writes a changed event; `false`: decide anew.
    pub(super) async fn write_event(
        &self,
        event: &EventId,
        read: &ReadEvent,
        state: &EventState,
        only_if: OnlyIf,
    ) -> Result<bool, StoreError> {
        let keys = CoordinatorKeys::new(event).with(&["segments", "stops"]);
        let written = Written::new(state, read.stamp());
        let mut arguments = self.guard(read);
        arguments.extend(written.parts);
        arguments.push(only_if.argument());
        arguments.extend(written.retired);
        run(self.redis, &CHANGE, &keys, arguments).await?.done()
    }

    /// A chunk of the schedule, or the last one.
    pub(super) async fn chunk(&self, event: &EventId, chunk: Option<u32>) -> Result<Option<ScheduleChunk>, StoreError> {
        // The last chunk may begin after all that is archived: the live part is longer than a chunk.
        let asked = self.archived(event, chunk).await?;
        let Some((now, live, archived, segments, stops)) = asked else {
            return Ok(None);
        };
        let Archive {
            segments: rest,
            stops: later,
        } = live.not_archived();
        let count = archived + rest.len();
        let Some((number, range)) = ScheduleChunk::place(chunk, count) else {
            return Ok(None);
        };
        let mut of_chunk = if range.start < archived { segments } else { Vec::new() };
        of_chunk.truncate(range.len());
        let in_rest = range.start.max(archived) - archived..range.end.max(archived) - archived;
        of_chunk.extend_from_slice(&rest[in_rest]);
        let stops = [stops, later].concat();
        let lease_until = live.lease_until();
        Ok(Some(ScheduleChunk::new(
            number,
            of_chunk,
            count,
            &stops,
            lease_until,
            now,
        )))
    }

    /// The clock, the live part, how many segments are archived, those of them that are in the chunk,
    /// and all stops that are archived.
    async fn archived(
        &self,
        event: &EventId,
        chunk: Option<u32>,
    ) -> Result<Option<(UnixMillis, Schedule, usize, Vec<Segment>, Vec<Stop>)>, StoreError> {
        let keys = CoordinatorKeys::new(event).with(&["segments", "stops"]);
        let number = chunk.map_or_else(|| "-1".to_owned(), |chunk| chunk.to_string());
        let arguments = vec![
            self.candidate(),
            SEGMENTS_PER_CHUNK.to_string().into_bytes(),
            number.into_bytes(),
        ];
        let mut reply = run(self.redis, &SCHEDULE, &keys, arguments).await?;
        if reply.is_empty() {
            return Ok(None);
        }
        let now = UnixMillis(reply.number()?);
        let live: Schedule = reply.json()?;
        let archived: usize = reply.number()?;
        let in_chunk: usize = reply.number()?;
        let segments: Vec<Segment> = (0..in_chunk).map(|_| reply.json()).collect::<Result<_, _>>()?;
        let mut stops: Vec<Stop> = Vec::new();
        while !reply.is_empty() {
            stops.push(reply.json()?);
        }
        Ok(Some((now, live, archived, segments, stops)))
    }

    /// The drawn windows of a page.
    pub(super) async fn drawn_windows(&self, event: &EventId, page: u32) -> Result<Vec<Draw>, StoreError> {
        let keys = [CoordinatorKeys::new(event).key("records")];
        let numbers = [page.saturating_mul(WINDOWS_PER_PAGE), WINDOWS_PER_PAGE];
        let arguments = numbers.map(|number| number.to_string().into_bytes()).to_vec();
        let mut reply = run(self.redis, &DRAWN, &keys, arguments).await?;
        let mut draws = Vec::new();
        while !reply.is_empty() {
            draws.push(Draw(reply.number()?));
        }
        Ok(draws)
    }

    /// The key that makes tags. It never changes, so it does not matter in which epoch it is read.
    pub(super) async fn stored_key(&self, event: &EventId) -> Result<Option<EventKey>, StoreError> {
        let key = CoordinatorKeys::new(event).key("event");
        let mut reply = plain(self.redis, "HGET", &[key.as_bytes(), b"constants"]).await?;
        let constants: Option<EventConstants> = reply.optional_json()?;
        Ok(constants.map(|constants| constants.key))
    }

    pub(super) async fn stored_record(&self, event: &EventId, draw: Draw) -> Result<Option<SignedRecord>, StoreError> {
        let (key, field) = (CoordinatorKeys::new(event).key("records"), draw.0.to_string());
        let mut reply = plain(self.redis, "HGET", &[key.as_bytes(), field.as_bytes()]).await?;
        let Some(json) = reply.optional_bytes()? else {
            return Ok(None);
        };
        let unreadable = |error| StoreError(format!("the record of draw {}: {error}", draw.0));
        serde_json::from_slice(&json).map(Some).map_err(unreadable)
    }

    pub(super) async fn secret(&self, event: &EventId, draw: Draw) -> Result<Bytes32, StoreError> {
        let key = CoordinatorKeys::new(event).key("chain");
        let checkpoints = plain(self.redis, "GET", &[key.as_bytes()]).await?.bytes()?;
        let chain =
            SecretChain::from_bytes(&checkpoints).ok_or_else(|| StoreError("the secrets are damaged".to_owned()))?;
        chain
            .secret(draw)
            .ok_or_else(|| StoreError("the chain of secrets has ended".to_owned()))
    }
}
