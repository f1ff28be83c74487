//! An event as it was read from Redis, and what may be written of it.

use stanchion_shared::{
    epochs::{EndedEpoch, Epochs},
    ids::Draw,
    sessions::{NewestEnded, SessionTotals},
    snapshot::Snapshot,
    timestamp::UnixMillis,
};

use super::{reply::Reply, sessions::read_ended};
use crate::{
    platform::StoreError,
    queue::{
        event::{EventState, OpenTickets},
        shard_reports::ReportTotals,
    },
};

/// A change is stamped with the latest instant at which it may be written, this long after it was
/// read, in ms: so it takes effect no sooner than the delay after it was written, and every
/// snapshot without it is too old by then.
pub(super) const WRITE_WITHIN_MS: u64 = 200;

/// After a new epoch of the coordinator began, shards have this long to report before draws are
/// closed without them, in ms.
const UNREPORTED_MS: u64 = 10_000;

/// An event as it was read.
pub(super) struct ReadEvent {
    pub(super) now: UnixMillis,
    pub(super) epoch: u32,
    pub(super) revision: u64,
    /// When this epoch began.
    epoch_at: UnixMillis,
    /// All shards have reported since this epoch began. Before that the coordinator may have
    /// forgotten what was declared.
    pub(super) all_reported: bool,
    /// When shards were last asked; the beginning of 1970 if they were not in this epoch.
    pub(super) reported_at: UnixMillis,
    /// Counts the new epochs of shards.
    pub(super) epochs_revision: u64,
    /// The first draw that is not closed and may have tickets.
    pub(super) first_declared: Option<Draw>,
    /// How many sessions may begin without a turn, as it is stored; empty before the first.
    pub(super) walk_ins: Vec<u8>,
    pub(super) state: EventState,
    pub(super) reported: ReportTotals,
    epochs: Epochs,
}

/// What must still be true of the declared draws, for a change to be written.
#[derive(Clone, Copy, Debug)]
pub(super) enum OnlyIf {
    /// They do not matter.
    Anything,
    /// None is.
    NothingDeclared,
    /// This is the first one.
    First(Draw),
}

impl OnlyIf {
    pub(super) fn argument(self) -> Vec<u8> {
        match self {
            OnlyIf::Anything => Vec::new(),
            OnlyIf::NothingDeclared => b"-1".to_vec(),
            OnlyIf::First(draw) => draw.0.to_string().into_bytes(),
        }
    }
}

impl ReadEvent {
    /// Whether draws may be closed. A coordinator that may have forgotten what was declared waits
    /// for all shards, but not for ever: one that does not report is entered with nothing.
    pub(super) fn may_close(&self) -> bool {
        self.all_reported || self.now.since(self.epoch_at) >= UNREPORTED_MS
    }

    /// What was declared in a former epoch may be forgotten until all shards have reported.
    pub(super) fn open_tickets(&self) -> OpenTickets {
        match self.first_declared {
            None if self.all_reported => OpenTickets::None,
            _ => OpenTickets::Possible,
        }
    }

    pub(super) fn snapshot(self) -> Snapshot {
        self.state.snapshot(self.reported, self.epochs, self.now)
    }

    /// See [`WRITE_WITHIN_MS`].
    pub(super) fn stamp(&self) -> UnixMillis {
        self.now.plus(WRITE_WITHIN_MS)
    }
}

fn ended_epochs(text: &str) -> Option<Vec<EndedEpoch>> {
    let one = |text: &str| {
        let (epoch, closed_through) = text.split_once(':')?;
        Some(EndedEpoch {
            epoch: epoch.parse().ok()?,
            closed_through: match closed_through {
                "-1" => None,
                draw => Some(Draw(draw.parse().ok()?)),
            },
        })
    };
    text.split_whitespace().map(one).collect()
}

/// Reads the reply of `read.lua`.
pub(super) fn parse_event(mut reply: Reply) -> Result<(UnixMillis, Option<ReadEvent>), StoreError> {
    let now = UnixMillis(reply.number()?);
    if reply.is_empty() {
        return Ok((now, None));
    }
    let epoch = reply.number()?;
    let epoch_at = UnixMillis(reply.optional_json()?.unwrap_or_default());
    let revision = reply.number()?;
    let ended = ended_epochs(&reply.text()?).ok_or_else(|| StoreError("former epochs are not as agreed".to_owned()))?;
    let all_reported = reply.number::<u32>()? == epoch;
    let reported_at = UnixMillis(reply.number()?);
    let joined = reply.number()?;
    let scores = reply.optional_json()?.unwrap_or_default();
    let joins_per_second = reply.optional_json()?.unwrap_or_default();
    let epochs_revision = reply.number()?;
    let sessions = SessionTotals {
        begun: reply.optional_json()?.unwrap_or_default(),
        over: reply.optional_json()?.unwrap_or_default(),
        revived: reply.optional_json()?.unwrap_or_default(),
        walked_in: reply.optional_json()?.unwrap_or_default(),
    };
    let end: u64 = reply.optional_json()?.unwrap_or_default();
    let walk_ins = reply.optional_bytes()?.unwrap_or_default();
    let (slots_given, wait_for_slot) = (reply.number()?, reply.number()?);
    let begin = end.saturating_sub(reply.number()?);
    let mut newest = Vec::new();
    for _ in 0..reply.number::<u32>()? {
        newest.push(read_ended(&reply.text()?)?);
    }
    let first_declared = reply.optional_number()?.map(Draw);
    let state = EventState {
        constants: reply.json()?,
        settings: reply.json()?,
        live: reply.json()?,
        progress: reply.json()?,
        schedule: reply.json()?,
    };
    let mut epochs = Epochs {
        coordinator: epoch,
        ended,
        shards: Vec::new(),
    };
    while !reply.is_empty() {
        epochs.shards.push(reply.json()?);
    }
    let read = ReadEvent {
        now,
        epoch,
        revision,
        epoch_at,
        all_reported,
        reported_at,
        epochs_revision,
        first_declared,
        walk_ins,
        state,
        reported: ReportTotals {
            joined,
            scores,
            joins_per_second,
            sessions,
            ended: NewestEnded { begin, end, newest },
            slots_given,
            wait_for_slot,
        },
        epochs,
    };
    Ok((now, Some(read)))
}
