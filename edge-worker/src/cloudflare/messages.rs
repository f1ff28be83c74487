//! What travels between the worker and its objects: one enum of messages per kind of object, and
//! for each message the type of its answer. All of it is JSON, inside one deployment.

use serde::{Deserialize, Serialize, de::DeserializeOwned};
use stanchion_shared::{
    draw::membership::Windows,
    ids::{Draw, EventId, Shard, Tag},
    meter::SiteAnswers,
    wire::{PutEvent, PutRelease},
};

use crate::platform::{
    Claim, ClaimOutcome, EndOutcome, EndSession, HeldTicket, IdentifierUse, IdentifierUsers, Join, JoinOutcome,
    KeepOutcome, KeepSession, Leave, LeaveOutcome, PutOutcome, WalkIn, WalkInOutcome,
};
use crate::queue::{
    declaration::DeclarationOutcome,
    room::SlotRequest,
    sessions::SessionReport,
    shard_reports::ShardReport,
    shard_tickets::{EnteredDraw, ShardTickets},
};
pub(super) use crate::{queue::Attempt, reading::relayed::Read};

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
    Declare => ToCoordinator -> Declared;
    Report => ToCoordinator -> Heard;
    TellSessions => ToCoordinator -> Heard;
    TakeSlots => ToCoordinator -> SlotsGiven;

    AddEvent => ToDirectory -> Added;

    JoinMessage => ToShard -> JoinOutcome;
    CountIdentifierUsers => ToShard -> Vec<IdentifierUsers>;
    NoteIdentifiers => ToShard -> ();
    Claim => ToShard -> ClaimOutcome;
    WalkInMessage => ToShard -> WalkInOutcome;
    Leave => ToShard -> LeaveOutcome;
    EndSession => ToShard -> EndOutcome;
    KeepSession => ToShard -> KeepOutcome;
    ReadLog => ToShard -> Option<HexLog>;
    Freeze => ToShard -> ShardTickets;
    Settle => ToShard -> ();
    ReadHeldTicket => ToShard -> Option<HeldTicket>;
}

/// Everything a coordinator understands.
#[derive(Serialize, Deserialize)]
pub(super) enum ToCoordinator {
    PutEventMessage(PutEventMessage),
    PutReleaseMessage(PutReleaseMessage),
    Read(Read),
    ReadWithAnswers(Box<ReadWithAnswers>),
    /// Its older name, so that objects of an earlier version understand it.
    #[serde(rename = "Announce")]
    Declare(Declare),
    Report(Report),
    TellSessions(TellSessions),
    TakeSlots(TakeSlots),
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

/// Asks, and tells how gates saw a protected site answer.
#[derive(Serialize, Deserialize)]
pub(super) struct ReadWithAnswers {
    pub(super) read: Read,
    pub(super) answers: SiteAnswers,
}

/// Everything the directory understands.
#[derive(Serialize, Deserialize)]
pub(super) enum ToDirectory {
    AddEvent(AddEvent),
    Read(Read),
}

/// Adds an event to the directory, if it is not in it.
#[derive(Serialize, Deserialize)]
pub(super) struct AddEvent(pub(super) EventId);

/// Whether the directory has the event now; if not, it is full.
pub(super) type Added = bool;

/// A shard is about to give its first number in a draw, or the first one to a person of the first
/// line: from now on the draw is not closed without it.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct Declare {
    pub(super) shard: Shard,
    pub(super) draw: Draw,
    /// People of the first line are among those who get numbers. A shard of an earlier version does
    /// not say.
    #[serde(default = "maybe")]
    pub(super) first_line: bool,
}

fn maybe() -> bool {
    true
}

/// The answer to a declaration.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(super) struct Declared {
    pub(super) outcome: DeclarationOutcome,
    /// How often the shard may report how many have joined, in ms.
    pub(super) report_every_ms: u64,
    /// How often the shard may tell of sessions, in ms.
    pub(super) tell_every_ms: u64,
    /// The event's windows, which do not change any more: when the draw closes.
    pub(super) windows: Windows,
}

/// What a coordinator says to what a shard tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Heard {
    /// It is noted.
    Noted,
    /// There is no such event any more: nobody needs what the shard tells.
    NoEvent,
}

/// What a shard tells of itself.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Report(pub(super) ShardReport);

/// What a shard tells of shopping sessions.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct TellSessions(pub(super) SessionReport);

/// A shard asks for slots of sessions that it is about to begin.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct TakeSlots {
    pub(super) shard: Shard,
    pub(super) requests: Vec<SlotRequest>,
}

/// The answer to [`TakeSlots`].
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct SlotsGiven {
    /// Whether each request was given one, in their order.
    pub(super) given: Vec<bool>,
    /// How often the shard may tell of sessions, in ms.
    pub(super) tell_every_ms: u64,
}

/// Everything a shard understands.
#[derive(Serialize, Deserialize)]
pub(super) enum ToShard {
    JoinMessage(JoinMessage),
    CountIdentifierUsers(CountIdentifierUsers),
    NoteIdentifiers(NoteIdentifiers),
    Claim(Claim),
    WalkInMessage(WalkInMessage),
    Leave(Leave),
    EndSession(EndSession),
    KeepSession(KeepSession),
    ReadLog(ReadLog),
    Freeze(Freeze),
    Settle(Settle),
    ReadHeldTicket(ReadHeldTicket),
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

/// Asks for a shopping window without a turn.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct WalkInMessage {
    /// The shard learns from its first message where it is.
    pub(super) event_id: EventId,
    pub(super) shard: Shard,
    pub(super) walk_in: WalkIn,
}

/// Asks how many people used identifiers.
#[derive(Serialize, Deserialize)]
pub(super) struct CountIdentifierUsers {
    pub(super) used: IdentifierUse,
}

/// Notes that a person used identifiers.
#[derive(Serialize, Deserialize)]
pub(super) struct NoteIdentifiers {
    /// The shard learns from its first message where it is.
    pub(super) event_id: EventId,
    pub(super) shard: Shard,
    pub(super) used: IdentifierUse,
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

/// Tells a shard which draws were closed without its answer, and how it is entered in them. Answered
/// once what they left over is in a later draw.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Settle {
    pub(super) entered: Vec<EnteredDraw>,
    pub(super) windows: Windows,
}

/// Asks for the newest ticket of a person.
#[derive(Clone, Copy, Serialize, Deserialize)]
pub(super) struct ReadHeldTicket {
    pub(super) tag: Tag,
}

/// Asks a relay. It is the one message that a relay understands.
#[derive(Serialize, Deserialize)]
pub(super) struct ReadByRelay {
    pub(super) of: Source,
    pub(super) read: Read,
    /// How gates saw the event's site answer. The relay adds it up, and tells the coordinator with its
    /// own next question.
    #[serde(default, skip_serializing_if = "SiteAnswers::is_empty")]
    pub(super) answers: SiteAnswers,
}

/// What a relay reads for everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Source {
    /// The event at its coordinator.
    Event(EventId),
    /// The directory of events.
    Directory,
}
