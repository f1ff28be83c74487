//! What is asked of a section and what it answers, as types; [`super::section`] speaks them with Redis.

use redis::RedisResult;
use stanchion_shared::timestamp::UnixMillis;

/// The section's `loaded` mark is missing or belongs to another Redis process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unloaded;

/// What an operation answers: Redis may fail, the section may not be loaded, and only then it answers.
pub type SectionResult<T> = RedisResult<Result<T, Unloaded>>;

/// A seat and the instant its lock is over.
pub type LockEnd = (String, UnixMillis);

/// Answer to a lock request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lock {
    /// All are the owner's.
    Locked {
        /// When the seats locked by this request are free again.
        ends: UnixMillis,
        /// The ones the owner held before, which keep their ends.
        held_before: Vec<LockEnd>,
    },
    /// These are held or sold; nothing was locked.
    Taken(Vec<String>),
    /// The session is over by Redis's clock; nothing was locked.
    SessionOver,
}

/// Answer to a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    /// So many were the owner's and are available now.
    Released(u64),
    /// These are being paid for; nothing was released.
    BeingPaid(Vec<String>),
}

/// An order as the locks know it, while its seats are being paid for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Paying<'a> {
    /// The owner of the locks.
    pub cart: &'a str,
    /// Which of the cart's orders it is, from 1. A higher one begins only when the lower ones have ended.
    pub attempt: u32,
}

impl Paying<'static> {
    /// An order that pins nothing: for undoing a sale after which no lock can be left.
    pub const NOTHING: Paying<'static> = Paying { cart: "", attempt: 0 };
}

/// Answer to an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extend {
    /// All are still the owner's; the first of their ends.
    Extended(UnixMillis),
    /// These are not the owner's any more; nothing was changed.
    Lost(Vec<String>),
    /// A later order of the cart is being paid for: the one that asks has ended. Nothing was changed.
    Overtaken,
}

/// Answer to a sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// How many became sold by this.
    pub newly_sold: u64,
    /// Seats that another order has: PostgreSQL and Redis contradict each other.
    pub contradictions: Vec<String>,
}

/// How many seats are in which state. `available = capacity - locked - sold`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All seats.
    pub capacity: u64,
    /// In carts.
    pub locked: u64,
    /// Gone.
    pub sold: u64,
}

impl Counts {
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
    pub counts: Counts,
    /// Seats that are not available, with the first letter of their holder: `S` is sold, all others are locked.
    pub held: Vec<(String, char)>,
}

/// What to lock, for whom, for how long.
pub struct LockRequest<'a> {
    /// Whose lock it is: the cart's id.
    pub owner: &'a str,
    /// How long the lock lives unless the session ends before.
    pub lock_ms: u64,
    /// The lock ends at the latest here (the shop token's `exp`).
    pub not_after: UnixMillis,
    /// Seats of this section, each once, at least one.
    pub seats: &'a [String],
}
