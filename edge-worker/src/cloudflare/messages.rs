//! What travels between the worker and its objects: one enum of messages per kind of object, and for each message the type
//! of its answer. All of it is JSON, inside one deployment.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use stanchion_shared::{
    draw::{digest::FrozenShard, record::SignedRecord},
    identity::{Draw, EventId, EventKey, Shard},
    schedule::Schedule,
    score::counts::ScoreCounts,
    standing::Snapshot,
    wire::{PutEvent, PutRelease},
};

pub(super) use crate::event::Attempt;
use crate::platform::{Claim, ClaimOutcome, Join, JoinOutcome, Leave, LeaveOutcome, PutOutcome, Sight, SightedBy};

/// A message that an object understands.
pub(super) trait Message: Into<Self::Object> {
    /// Everything that kind of object understands.
    type Object: Serialize + DeserializeOwned;
    /// What it answers.
    type Answer: Serialize + DeserializeOwned;
}

/// Says of each message to which object it goes, as which variant, and what comes back.
macro_rules! messages {
    ($($message:ident => $object:ident -> $answer:ty;)*) => {$(
        impl From<$message> for $object {
            fn from(message: $message) -> $object {
                $object::$message(message)
            }
        }
        impl Message for $message {
            type Object = $object;
            type Answer = $answer;
        }
    )*};
}

messages! {
    PutEventMessage => ToCoordinator -> PutOutcome;
    PutReleaseMessage => ToCoordinator -> PutOutcome;
    ReadSnapshot => ToCoordinator -> Option<Snapshot>;
    ReadEventKey => ToCoordinator -> Option<EventKey>;
    ReadRecord => ToCoordinator -> Option<SignedRecord>;
    ReadSchedule => ToCoordinator -> Option<Schedule>;
    Announce => ToCoordinator -> Announced;
    Report => ToCoordinator -> ();

    JoinMessage => ToShard -> JoinOutcome;
    CountSighted => ToShard -> SightedBy;
    NoteMessage => ToShard -> ();
    Claim => ToShard -> ClaimOutcome;
    Leave => ToShard -> LeaveOutcome;
    ReadLog => ToShard -> Option<HexLog>;
    Freeze => ToShard -> FrozenShard;

    CurrentSnapshot => ToRelay -> Option<Snapshot>;
    ClosedRecord => ToRelay -> Option<SignedRecord>;
    WholeSchedule => ToRelay -> Option<Schedule>;
}

/// Everything a coordinator understands.
#[derive(Serialize, Deserialize)]
pub(super) enum ToCoordinator {
    PutEventMessage(PutEventMessage),
    PutReleaseMessage(PutReleaseMessage),
    ReadSnapshot(ReadSnapshot),
    ReadEventKey(ReadEventKey),
    ReadRecord(ReadRecord),
    ReadSchedule(ReadSchedule),
    Announce(Announce),
    Report(Report),
}

/// Creates or changes the event.
#[derive(Serialize, Deserialize)]
pub(super) struct PutEventMessage {
    pub(super) event_id: EventId,
    /// Large beside every other message.
    pub(super) put: Box<PutEvent>,
    pub(super) attempt: Attempt,
}

/// Renews the lease and sets the rate.
#[derive(Serialize, Deserialize)]
pub(super) struct PutReleaseMessage {
    pub(super) put: PutRelease,
    pub(super) attempt: Attempt,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ReadSnapshot;

#[derive(Serialize, Deserialize)]
pub(super) struct ReadEventKey;

#[derive(Serialize, Deserialize)]
pub(super) struct ReadRecord {
    pub(super) draw: Draw,
}

#[derive(Serialize, Deserialize)]
pub(super) struct ReadSchedule;

/// A shard is about to give its first number in a draw: from now on the draw is not closed without it.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Announce {
    pub(super) shard: Shard,
    pub(super) draw: Draw,
}

/// What became of an announcement.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) enum Announced {
    /// It is stored.
    Open {
        /// How often the shard may report how many have joined, in ms.
        report_every_ms: u64,
    },
    /// All draws up to this one are closed or being closed, and this shard has no tickets in any of them that it had not
    /// announced before.
    Refused { frozen_through: Draw },
}

/// Tickets a shard has given, over all draws.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Report {
    pub(super) shard: Shard,
    pub(super) joined: u64,
    /// How joins were scored, the whole count.
    pub(super) scores: ScoreCounts,
}

/// Everything a shard understands.
#[derive(Serialize, Deserialize)]
pub(super) enum ToShard {
    JoinMessage(JoinMessage),
    CountSighted(CountSighted),
    NoteMessage(NoteMessage),
    Claim(Claim),
    Leave(Leave),
    ReadLog(ReadLog),
    Freeze(Freeze),
}

/// Asks for a number.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct JoinMessage {
    /// The shard learns from its first join where it is.
    pub(super) event_id: EventId,
    pub(super) shard: Shard,
    pub(super) join: Join,
    pub(super) attempt: Attempt,
}

/// Asks how many people used something.
#[derive(Serialize, Deserialize)]
pub(super) struct CountSighted {
    pub(super) sight: Sight,
}

/// Notes who used something.
#[derive(Serialize, Deserialize)]
pub(super) struct NoteMessage {
    /// The shard learns from its first message where it is.
    pub(super) event_id: EventId,
    pub(super) shard: Shard,
    pub(super) sight: Sight,
}

/// Asks for the public log of a frozen draw.
#[derive(Serialize, Deserialize)]
pub(super) struct ReadLog {
    pub(super) draw: Draw,
}

/// The entries of a log, one after the other, in hex.
pub(super) type HexLog = String;

/// Ends a draw in a shard: no number is given in it or in one before it any more.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Freeze {
    pub(super) shard: Shard,
    pub(super) draw: Draw,
}

/// Everything a relay understands.
#[derive(Serialize, Deserialize)]
pub(super) enum ToRelay {
    CurrentSnapshot(CurrentSnapshot),
    ClosedRecord(ClosedRecord),
    WholeSchedule(WholeSchedule),
}

/// As [`ReadSchedule`].
#[derive(Serialize, Deserialize)]
pub(super) struct WholeSchedule {
    pub(super) event_id: EventId,
}

/// As [`ReadSnapshot`].
#[derive(Serialize, Deserialize)]
pub(super) struct CurrentSnapshot {
    pub(super) event_id: EventId,
}

/// As [`ReadRecord`].
#[derive(Serialize, Deserialize)]
pub(super) struct ClosedRecord {
    pub(super) event_id: EventId,
    pub(super) draw: Draw,
}
