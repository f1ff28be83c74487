//! What the operations of [`super::section`] take and return.

use std::fmt;

use stanchion_shared::{ids::EventId, timestamp::UnixMillis};

/// One section of one event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SectionId {
    /// The event.
    pub event_id: EventId,
    /// The section's code.
    pub code: String,
}

impl fmt::Display for SectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.event_id, self.code)
    }
}

/// A seat and the instant its lock is over.
pub type LockEnd = (String, UnixMillis);

/// The result of a lock request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LockResult {
    /// All seats are the owner's.
    Locked {
        /// When the seats locked by this request are free again.
        ends: UnixMillis,
        /// Seats that the owner held before; their locks keep their ends.
        held_before: Vec<LockEnd>,
    },
    /// These seats are held or sold; nothing was locked.
    Taken(Vec<String>),
    /// The session is over by Redis's clock; nothing was locked.
    SessionOver,
}

/// The result of an unlock.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum UnlockResult {
    /// This many seats were the owner's and are available now.
    Unlocked(u64),
    /// These seats are being paid for; nothing was unlocked.
    BeingPaid(Vec<String>),
}

/// An order as the locks know it, while its seats are being paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PayingOrder<'a> {
    /// The owner of the locks.
    pub cart: &'a str,
    /// Number of the order among the cart's orders, from 1. A higher one begins only after all
    /// lower ones have ended.
    pub attempt: u32,
}

impl PayingOrder<'static> {
    /// An order that pins nothing. It is for undoing a sale that cannot have left a lock.
    pub const NOTHING: PayingOrder<'static> = PayingOrder { cart: "", attempt: 0 };
}

/// The result of an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ExtendResult {
    /// All seats are still the owner's; the earliest end of their locks.
    Extended(UnixMillis),
    /// These seats are not the owner's any more; nothing was changed.
    Lost(Vec<String>),
    /// A later order of the cart is being paid for, so this one has ended. Nothing was changed.
    Overtaken,
}

/// The result of a sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SaleResult {
    /// How many seats this sale has sold.
    pub newly_sold: u64,
    /// Seats that Redis has as sold to another order, in contradiction to PostgreSQL.
    pub contradictions: Vec<String>,
}

/// How many seats are in which state. `available = capacity - locked - sold`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SeatCounts {
    /// All seats.
    pub capacity: u64,
    /// Seats with a lock.
    pub locked: u64,
    /// Seats that are sold.
    pub sold: u64,
}

impl SeatCounts {
    /// Seats that can be locked.
    #[must_use]
    pub fn available(&self) -> u64 {
        self.capacity.saturating_sub(self.locked + self.sold)
    }
}

/// A section at one instant.
#[derive(Clone, Debug)]
pub struct SectionState {
    /// Redis's clock at that instant.
    pub as_of: UnixMillis,
    /// Its counters.
    pub counts: SeatCounts,
    /// Seats that are not available, with the first letter of their holder: `S` is sold, all others
    /// are locked.
    pub held: Vec<(String, char)>,
}

/// A request to lock seats.
pub struct LockRequest<'a> {
    /// The owner of the lock: the cart's id.
    pub owner: &'a str,
    /// How long the lock lives unless the session ends before.
    pub lock_ms: u64,
    /// The latest end of the lock: the shop token's `exp`.
    pub not_after: UnixMillis,
    /// Seats of this section, each once, at least one.
    pub seats: &'a [String],
}
