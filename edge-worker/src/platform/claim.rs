//! What a fan does with a queue ticket: claim its turn, or give it up. And what a fan does who needs
//! none, because there is room.

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    ids::{Serial, Tag, Tier},
    schedule::Stops,
    score::{identifier_reuse::Identifier, sharing::NetworkReview},
    timestamp::UnixMillis,
};

/// A shopping window.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShoppingWindow {
    /// One session; the shop token's `jti`.
    pub session: String,
    /// When it was claimed.
    pub claimed_at: UnixMillis,
    /// When it ends by itself; grows by stops only.
    pub ends_at: UnixMillis,
    /// When the session was ended, if it was before its end: its fan left, or the protected site
    /// said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<UnixMillis>,
    /// Where sessions end when they are idle: it is over at this instant, unless it is used before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub idle_at: Option<UnixMillis>,
    /// It began without a turn.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub walked_in: bool,
}

impl ShoppingWindow {
    /// When the session is over.
    #[must_use]
    pub fn over_at(&self) -> UnixMillis {
        let ends = [Some(self.ends_at), self.ended_at, self.idle_at];
        ends.into_iter().flatten().min().unwrap_or(self.ends_at)
    }

    /// Whether the session runs.
    #[must_use]
    pub fn runs(&self, now: UnixMillis) -> bool {
        now < self.over_at()
    }

    /// Whether it is over before its end because nobody used it.
    #[must_use]
    pub fn is_idle(&self, now: UnixMillis) -> bool {
        self.ended_at.is_none() && now < self.ends_at && self.over_at() <= now
    }

    /// Ends the session, if it was not ended and its end has not come. One that is idle can be ended,
    /// too: then its token is dead at every gate.
    pub(crate) fn end(&mut self, now: UnixMillis) {
        if self.ended_at.is_none() && now < self.ends_at {
            self.ended_at = Some(now);
        }
    }

    /// The session is used at `now`, and is idle so long after it. That never comes sooner than was
    /// said: a token may live until then.
    pub(crate) fn use_at(&mut self, now: UnixMillis, idle_ms: Option<u64>) {
        self.idle_at = idle_ms.map(|idle_ms| self.idle_at.unwrap_or_default().max(now.plus(idle_ms)));
    }
}

/// Asks for the shopping window of a ticket whose turn has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Claim {
    /// The person.
    pub tag: Tag,
    /// Epoch of the store that numbered the ticket.
    pub epoch: u32,
    /// Serial of the ticket; only the newest counts.
    pub serial: Serial,
    /// When the turn came: the shopping window never begins before it.
    pub turn_at: UnixMillis,
    /// Length of the shopping window, in ms.
    pub shopping_ms: u64,
    /// The session is over if it is not used for so long, in ms; `None`: that does not end it.
    #[serde(default)]
    pub idle_ms: Option<u64>,
    /// Stops so far, the one that goes on included: they lengthen the shopping window.
    pub stops: Stops,
    /// 16 random bytes in hex: becomes the session if there is none yet.
    pub session: String,
    /// The time to claim is over: find a shopping window, do not make one. A fan who came in time
    /// and found the site full gets one even so.
    pub only_if_claimed: bool,
    /// The event lets nobody in beyond its sessions at once: a new shopping window needs a free
    /// slot.
    #[serde(default)]
    pub needs_slot: bool,
    /// What the networks of the join say now; `None` as long as the shard has not named them.
    #[serde(default)]
    pub review: Option<NetworkReview>,
}

/// What became of a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ClaimOutcome {
    /// The shopping window; it may be over already (compare [`ShoppingWindow::over_at`]).
    Window(ShoppingWindow),
    /// The account was new at the join. Nothing is decided before it is known what the networks of
    /// the join say now: the same claim is to be sent again with it.
    Review {
        /// The networks, the narrowest first.
        networks: Vec<Identifier>,
    },
    /// A newer ticket replaced this one, it was given up or withdrawn, or it was never claimed and now
    /// is too late.
    Dead,
    /// An earlier session of this person still runs: at most one shop token lives at a time.
    Busy {
        /// Until then.
        until: UnixMillis,
    },
    /// The turn has come, and no slot is free. The fan is among the next who get one.
    Full,
}

impl ClaimOutcome {
    /// The shopping window, if there is one.
    #[must_use]
    pub fn window(&self) -> Option<&ShoppingWindow> {
        match self {
            ClaimOutcome::Window(window) => Some(window),
            ClaimOutcome::Dead | ClaimOutcome::Busy { .. } | ClaimOutcome::Full | ClaimOutcome::Review { .. } => None,
        }
    }
}

/// Asks for a shopping window without a turn: there is room, as far as the edge knows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WalkIn {
    /// The person.
    pub tag: Tag,
    /// A ticket of the person whose turn or session is over. Who holds another one, waits with it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub over: Option<Serial>,
    /// What the score or a fan pass gave. Suspects stand behind everybody who waits, so they queue.
    pub tier: Tier,
    /// Find a shopping window that runs, do not make one.
    #[serde(default)]
    pub only_if_in: bool,
    /// Length of the shopping window, in ms.
    pub shopping_ms: u64,
    /// As in [`Claim`].
    #[serde(default)]
    pub idle_ms: Option<u64>,
    /// 16 random bytes in hex: becomes the session if there is none yet.
    pub session: String,
}

/// What became of a walk-in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum WalkInOutcome {
    /// The shopping window: a new one, or the one that the person is in.
    Window(ShoppingWindow),
    /// Somebody waits, or no slot is free: the person has to queue.
    Full,
    /// The person has to queue for a reason of their own: they hold a queue ticket, were refused, or
    /// just left.
    HasToQueue,
}

impl WalkInOutcome {
    /// The shopping window, if there is one.
    #[must_use]
    pub fn window(&self) -> Option<&ShoppingWindow> {
        match self {
            WalkInOutcome::Window(window) => Some(window),
            WalkInOutcome::Full | WalkInOutcome::HasToQueue => None,
        }
    }
}

/// Gives a queue ticket up, and ends the shopping session that it opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Leave {
    /// The person.
    pub tag: Tag,
    /// Epoch of the store that numbered the ticket.
    pub epoch: u32,
    /// Serial of the ticket.
    pub serial: Serial,
}

/// What became of a leave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LeaveOutcome {
    /// Given up, now or before.
    Left,
    /// A newer ticket replaced it, or there never was one.
    Dead,
}

/// Ends a shopping session by its name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndSession {
    /// The person.
    pub tag: Tag,
    /// The session; the shop token's `jti`.
    pub session: String,
}

/// What became of the end of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum EndOutcome {
    /// It is over, now or since before.
    Over,
    /// The person's newest ticket opened another session or none. Then this one is over, too: a new
    /// ticket is given only when the session of the one before is over.
    Unknown,
}

/// Somebody uses a shopping session of an event whose sessions end when they are idle.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeepSession {
    /// The person.
    pub tag: Tag,
    /// The session; the shop token's `jti`.
    pub session: String,
    /// From now on it is over if it is not used for so long, in ms.
    pub idle_ms: u64,
}

/// What became of the use of a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum KeepOutcome {
    /// It goes on.
    Kept {
        /// Until then, if it is not used again.
        until: UnixMillis,
    },
    /// It is over.
    Over,
}
