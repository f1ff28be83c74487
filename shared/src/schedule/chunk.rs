//! The whole schedule in numbered chunks, for everybody who checks it. Only the last ones change.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::{Schedule, Segment, Stop};
use crate::timestamp::UnixMillis;

/// Segments of a chunk: some 60 KiB of JSON.
pub const SEGMENTS_PER_CHUNK: usize = 512;

/// Consecutive segments of a schedule, and the stops that begin with one of them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScheduleChunk {
    /// Its number: it begins with segment `chunk` times [`SEGMENTS_PER_CHUNK`].
    pub chunk: u32,
    /// Whether there is no later chunk.
    pub is_last: bool,
    /// Whether it is full and will never change.
    pub is_final: bool,
    /// Oldest first.
    pub segments: Vec<Segment>,
    /// Oldest first.
    pub stops: Vec<Stop>,
    /// The curve is flat from here on unless the lease is renewed. Only with the last chunk.
    pub lease_until: Option<UnixMillis>,
}

impl ScheduleChunk {
    /// Where a chunk of a schedule with `count` segments lies: its number and its segments. `None`
    /// stands for the last one.
    ///
    /// Returns `None` if there is no such chunk.
    #[must_use]
    pub fn place(chunk: Option<u32>, count: usize) -> Option<(u32, Range<usize>)> {
        let last = count.saturating_sub(1) / SEGMENTS_PER_CHUNK;
        let last = u32::try_from(last).expect("a schedule has far fewer segments");
        let chunk = chunk.unwrap_or(last);
        let first = chunk as usize * SEGMENTS_PER_CHUNK;
        (chunk <= last).then(|| (chunk, first..count.min(first + SEGMENTS_PER_CHUNK)))
    }

    /// A chunk by its segments. `count` is that of the whole schedule at `now`; `stops` has at least
    /// those that begin with one of the segments.
    #[must_use]
    pub fn new(
        chunk: u32,
        segments: Vec<Segment>,
        count: usize,
        stops: &[Stop],
        lease_until: Option<UnixMillis>,
        now: UnixMillis,
    ) -> ScheduleChunk {
        let end = chunk as usize * SEGMENTS_PER_CHUNK + segments.len();
        let is_last = end == count;
        // A segment that began before now and before the end of the lease is never taken back.
        let settled_before = lease_until.map_or(now, |until| until.min(now));
        let settled = segments.last().is_some_and(|last| last.from_ms < settled_before.0);
        let begins = |stop: &Stop| {
            segments
                .binary_search_by_key(&stop.from_ms, |segment| segment.from_ms)
                .is_ok()
        };
        ScheduleChunk {
            chunk,
            is_last,
            is_final: !is_last && settled,
            stops: stops.iter().filter(|stop| begins(stop)).copied().collect(),
            segments,
            lease_until: lease_until.filter(|_| is_last),
        }
    }
}

impl Schedule {
    /// A chunk of this schedule, which must be whole. `None` stands for the last chunk.
    ///
    /// Returns `None` if there is no such chunk.
    #[must_use]
    pub fn chunk(&self, chunk: Option<u32>, now: UnixMillis) -> Option<ScheduleChunk> {
        let count = self.segments.len();
        let (chunk, range) = ScheduleChunk::place(chunk, count)?;
        let (segments, stops) = (self.segments[range].to_vec(), self.stops.as_slice());
        Some(ScheduleChunk::new(
            chunk,
            segments,
            count,
            stops,
            self.lease_until(),
            now,
        ))
    }
}
