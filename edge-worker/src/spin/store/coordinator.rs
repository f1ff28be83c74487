//! What there is one of in an event: read whole by one script, decided by [`crate::event`], and written by one script if it
//! is still as it was read.

use serde::Serialize;
use stanchion_shared::{
    draw::{chain::SecretChain, record::SignedRecord},
    identity::{Bytes32, Draw, EventId, Shard},
    schedule::{Schedule, Segment, Stop},
    timestamp::UnixMillis,
};

use super::{
    Store,
    command::{Redis, Script, plain, run, script},
    keys::CoordinatorKeys,
    seen::{OnlyIf, Seen, read},
    shard::MAX_TRIES,
};
use crate::{
    event::{Event, windows},
    platform::StoreError,
};

static READ: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/read.lua");
static CHANGE: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/change.lua");
static ANNOUNCE: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/announce.lua");
static SCHEDULE: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/schedule.lua");

/// What became of an announcement.
pub(super) enum Announced {
    /// It is stored.
    Open {
        /// In this life of the coordinator.
        coordinator: u32,
    },
    /// All draws up to this one are closed or being closed.
    Refused { frozen_through: Draw },
}

pub(super) fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("what is stored serialises")
}

/// How a changed event is written: the four parts, the schedule without what is needed no more, and that.
pub(super) struct Written {
    pub(super) parts: [Vec<u8>; 4],
    pub(super) retired: Vec<Vec<u8>>,
}

impl Written {
    /// The number of segments that are retired stands before them.
    pub(super) fn new(rules: &Event, now: UnixMillis) -> Written {
        let live = rules.schedule.live_part(now, rules.put.longest_shopping_ms);
        let (segments, stops) = (rules.schedule.segments(), rules.schedule.stops().as_slice());
        let segments = &segments[..segments.len() - live.segments().len()];
        let stops = &stops[..stops.len() - live.stops().as_slice().len()];
        let mut retired = vec![segments.len().to_string().into_bytes()];
        retired.extend(segments.iter().map(json));
        retired.extend(stops.iter().map(json));
        Written {
            parts: [json(&rules.put), json(&rules.pulse), json(&rules.progress), json(&live)],
            retired,
        }
    }
}

impl<R: Redis> Store<'_, R> {
    pub(super) async fn read_event(&self, event: &EventId) -> Result<Option<Seen>, StoreError> {
        Ok(self.read_event_or_clock(event).await?.1)
    }

    pub(super) async fn read_event_or_clock(&self, event: &EventId) -> Result<(UnixMillis, Option<Seen>), StoreError> {
        let keys = CoordinatorKeys::new(event).with(&[]);
        read(run(self.redis, &READ, &keys, vec![self.candidate()]).await?)
    }

    /// Changes the event; `None` if there is none.
    pub(super) async fn change_event<T>(
        &self,
        event: &EventId,
        change: impl Fn(&mut Event, &Seen) -> T,
    ) -> Result<Option<T>, StoreError> {
        for _ in 0..MAX_TRIES {
            let Some(seen) = self.read_event(event).await? else {
                return Ok(None);
            };
            let mut rules = seen.rules.clone();
            let changed = change(&mut rules, &seen);
            let only_if = match windows(&rules.put.put) == windows(&seen.rules.put.put) {
                true => OnlyIf::Anything,
                // Somebody may have joined since it was read.
                false => OnlyIf::NothingAnnounced,
            };
            if rules == seen.rules || self.write_event(event, &seen, &rules, only_if).await? {
                return Ok(Some(changed));
            }
        }
        Err(StoreError("the event changes too often".to_owned()))
    }

    /// The first arguments of both scripts that change an event.
    pub(super) fn guard(&self, seen: &Seen) -> Vec<Vec<u8>> {
        vec![
            self.candidate(),
            seen.epoch.to_string().into_bytes(),
            seen.revision.to_string().into_bytes(),
            seen.stamp().0.to_string().into_bytes(),
        ]
    }

    /// Writes a changed event; `false`: decide anew.
    pub(super) async fn write_event(
        &self,
        event: &EventId,
        seen: &Seen,
        rules: &Event,
        only_if: OnlyIf,
    ) -> Result<bool, StoreError> {
        let keys = CoordinatorKeys::new(event).with(&["segments", "stops"]);
        let written = Written::new(rules, seen.stamp());
        let mut arguments = self.guard(seen);
        arguments.extend(written.parts);
        arguments.push(only_if.argument());
        arguments.extend(written.retired);
        run(self.redis, &CHANGE, &keys, arguments).await?.done()
    }

    pub(super) async fn announce(
        &self,
        event: &EventId,
        shard: Shard,
        draw: Draw,
        epoch: u32,
    ) -> Result<Announced, StoreError> {
        let keys = CoordinatorKeys::new(event).with(&[]);
        let mut arguments = vec![self.candidate()];
        let numbers = [shard.0.to_string(), draw.0.to_string(), epoch.to_string()];
        arguments.extend(numbers.map(String::into_bytes));
        let mut answer = run(self.redis, &ANNOUNCE, &keys, arguments).await?;
        match answer.text()?.as_str() {
            "open" => Ok(Announced::Open {
                coordinator: answer.number()?,
            }),
            "refused" => Ok(Announced::Refused {
                frozen_through: Draw(answer.number()?),
            }),
            _ => Err(StoreError(format!("the event has no shard {}", shard.0))),
        }
    }

    pub(super) async fn whole_schedule(&self, event: &EventId) -> Result<Option<Schedule>, StoreError> {
        let keys = CoordinatorKeys::new(event).with(&["segments", "stops"]);
        let mut answer = run(self.redis, &SCHEDULE, &keys, vec![self.candidate()]).await?;
        if answer.is_empty() {
            return Ok(None);
        }
        let live: Schedule = answer.json()?;
        let retired: usize = answer.number()?;
        let mut segments: Vec<Segment> = (0..retired).map(|_| answer.json()).collect::<Result<_, _>>()?;
        segments.extend(live.segments());
        let mut stops: Vec<Stop> = Vec::new();
        while !answer.is_empty() {
            stops.push(answer.json()?);
        }
        stops.extend(live.stops().as_slice());
        Ok(Some(Schedule::from_parts(segments, stops, live.lease_until())))
    }

    pub(super) async fn stored_record(&self, event: &EventId, draw: Draw) -> Result<Option<SignedRecord>, StoreError> {
        let (key, field) = (CoordinatorKeys::new(event).key("records"), draw.0.to_string());
        let mut answer = plain(self.redis, "HGET", &[key.as_bytes(), field.as_bytes()]).await?;
        let Some(json) = answer.optional_bytes()? else {
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
