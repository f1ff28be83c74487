//! What there is one of in an event: read whole by one script, decided by [`crate::event`], and written by one script if it
//! is still as it was read.

use serde::Serialize;
use stanchion_shared::{
    draw::{chain::SecretChain, record::SignedRecord},
    identity::{Bytes32, Draw, EventId, Shard},
    lives::{EndedLife, Lives},
    schedule::{Schedule, Segment, Stop},
    standing::Snapshot,
    timestamp::UnixMillis,
};

use super::{
    Store,
    answer::Answer,
    command::{Redis, Script, plain, run, script},
    keys::CoordinatorKeys,
    shard::MAX_TRIES,
};
use crate::{
    event::{Event, Reported},
    platform::StoreError,
};

static READ: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/read.lua");
static CHANGE: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/change.lua");
static ANNOUNCE: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/announce.lua");
static SCHEDULE: Script = script!("redis.lua", "coordinator/coordinator.lua", "coordinator/schedule.lua");

/// A change is stamped with the latest instant at which it may be written, this long after it was read, in ms: so it takes
/// effect no sooner than the delay after it was written, and every snapshot without it is too old by then.
pub(super) const WRITE_WITHIN_MS: u64 = 200;

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

/// An event as it was read.
pub(super) struct Seen {
    pub(super) now: UnixMillis,
    pub(super) epoch: u32,
    pub(super) revision: u64,
    /// All shards were asked what they have since this life began.
    pub(super) mustered: bool,
    pub(super) mustered_at: UnixMillis,
    pub(super) lives_revision: u64,
    /// The first draw that is not closed and may have tickets.
    pub(super) announced: Option<Draw>,
    pub(super) rules: Event,
    pub(super) reported: Reported,
    lives: Lives,
}

impl Seen {
    pub(super) fn snapshot(self) -> Snapshot {
        self.rules.snapshot(self.reported, self.lives, self.now)
    }

    /// See [`WRITE_WITHIN_MS`].
    pub(super) fn stamp(&self) -> UnixMillis {
        self.now.plus(WRITE_WITHIN_MS)
    }

    /// The draw that is to be closed now, if one is.
    pub(super) fn due(&self) -> Option<Draw> {
        self.announced.filter(|&draw| self.rules.closed_at(draw) <= self.now)
    }
}

impl Seen {
    /// Whether `draw`, and every later one that has ended, is frozen, and its round is not out yet: nothing can be done.
    pub(super) fn rests(&self, draw: Draw) -> bool {
        let progress = &self.rules.progress;
        let frozen = progress.frozen.is_some_and(|frozen| frozen.draw == draw);
        let all_ended = progress.frozen_through >= Some(self.rules.ended(draw, self.now));
        let awaited = self.rules.awaited(draw);
        frozen && all_ended && awaited.is_some_and(|awaited| self.now < awaited.at)
    }
}

pub(super) fn json<T: Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("what is stored serialises")
}

fn ended_lives(text: &str) -> Option<Vec<EndedLife>> {
    let one = |text: &str| {
        let (epoch, closed_through) = text.split_once(':')?;
        Some(EndedLife {
            epoch: epoch.parse().ok()?,
            closed_through: match closed_through {
                "-1" => None,
                draw => Some(Draw(draw.parse().ok()?)),
            },
        })
    };
    text.split_whitespace().map(one).collect()
}

fn read(mut answer: Answer) -> Result<(UnixMillis, Option<Seen>), StoreError> {
    let now = UnixMillis(answer.number()?);
    if answer.is_empty() {
        return Ok((now, None));
    }
    let epoch = answer.number()?;
    let revision = answer.number()?;
    let ended = ended_lives(&answer.text()?).ok_or_else(|| StoreError("former lives are not as agreed".to_owned()))?;
    let mustered = answer.number::<u32>()? == epoch;
    let mustered_at = UnixMillis(answer.number()?);
    let joined = answer.number()?;
    let scores = answer.optional_json()?.unwrap_or_default();
    let joins_per_second = answer.optional_json()?.unwrap_or_default();
    let lives_revision = answer.number()?;
    let announced = answer.optional_number()?.map(Draw);
    let rules = Event {
        fixed: answer.json()?,
        put: answer.json()?,
        pulse: answer.json()?,
        progress: answer.json()?,
        schedule: answer.json()?,
    };
    let mut lives = Lives {
        coordinator: epoch,
        ended,
        shards: Vec::new(),
    };
    while !answer.is_empty() {
        lives.shards.push(answer.json()?);
    }
    let seen = Seen {
        now,
        epoch,
        revision,
        mustered,
        mustered_at,
        lives_revision,
        announced,
        rules,
        reported: Reported {
            joined,
            scores,
            joins_per_second,
        },
        lives,
    };
    Ok((now, Some(seen)))
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
        change: impl Fn(&mut Event, UnixMillis) -> T,
    ) -> Result<Option<T>, StoreError> {
        for _ in 0..MAX_TRIES {
            let Some(seen) = self.read_event(event).await? else {
                return Ok(None);
            };
            let mut rules = seen.rules.clone();
            let changed = change(&mut rules, seen.stamp());
            if rules == seen.rules || self.write_event(event, &seen, &rules, None).await? {
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

    /// Writes a changed event; `false`: decide anew. `first`: only while this is the first draw that is announced.
    pub(super) async fn write_event(
        &self,
        event: &EventId,
        seen: &Seen,
        rules: &Event,
        first: Option<Draw>,
    ) -> Result<bool, StoreError> {
        let keys = CoordinatorKeys::new(event).with(&["segments", "stops"]);
        let written = Written::new(rules, seen.stamp());
        let mut arguments = self.guard(seen);
        arguments.extend(written.parts);
        arguments.push(first.map_or_else(Vec::new, |draw| draw.0.to_string().into_bytes()));
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
