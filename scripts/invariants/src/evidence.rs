//! What only fans can see, kept for the check of the invariants: receipts, places, shop tokens, orders, answers about seats.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard},
};

use serde::{Deserialize, Serialize};
use stanchion_shared::{draw::announcement::Announcement, money::Minor, timestamp::UnixMillis, wire::QueueStatus};

/// Examples of one fault that are kept; the rest is counted only.
const EXAMPLES: usize = 20;

/// A queue ticket that a fan was given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GivenTicket {
    /// The account.
    pub subject: String,
    /// The receipt as it came.
    pub receipt: String,
    /// The place that the edge told for this ticket, once it did.
    pub place: Option<u64>,
}

/// A shop token that a fan was given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GivenShopToken {
    /// The account.
    pub subject: String,
    /// As it came.
    pub token: String,
    /// When it was here.
    pub received_at: UnixMillis,
}

/// An attempt to use a queue ticket after it was replaced.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ReplacedTicketAttempt {
    /// The account.
    pub subject: String,
    /// The status that the edge answered.
    pub status: QueueStatus,
    /// Whether it opened the shop, which it never may.
    pub opened_the_shop: bool,
}

/// A fan who left while shopping: the session is over.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct LeftSession {
    /// The account.
    pub subject: String,
    /// The fan's clock just before the fan asked to leave.
    pub left_at: UnixMillis,
}

/// Two joins of one person at the same time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TwoTabs {
    /// The account.
    pub subject: String,
    /// Both receipts, or only one if the other join was not answered.
    pub receipts: Vec<String>,
}

/// An order of which a fan was told that it is confirmed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct OrderConfirmation {
    /// The account.
    pub subject: String,
    /// The order.
    pub order_id: String,
    /// Seats of the tickets in the answer.
    pub seats: Vec<String>,
    /// What the answer says is charged.
    pub total: Minor,
}

/// How many things were checked, and what was wrong with some.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct CheckCount {
    /// How many were checked.
    pub checked: u64,
    /// How many were wrong.
    pub faults: u64,
    /// Some of the faults.
    pub examples: Vec<String>,
}

impl CheckCount {
    /// Counts one; `fault` says what is wrong with it.
    pub fn count(&mut self, fault: Option<String>) {
        self.checked += 1;
        if let Some(fault) = fault {
            self.faults += 1;
            if self.examples.len() < EXAMPLES {
                self.examples.push(fault);
            }
        }
    }
}

/// One seat changing hands because a lock ran out.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Handover {
    /// The seat.
    pub seat: String,
    /// When the first fan's lock was to end, as told.
    pub lock_expires_at: UnixMillis,
    /// How often the second fan tried.
    pub tries: u32,
    /// When the last try before the successful one was answered; every try was refused until then.
    pub refused_until: Option<UnixMillis>,
    /// When the successful try was sent.
    pub sent_at: Option<UnixMillis>,
    /// When it was answered; none if no try was successful.
    pub locked_at: Option<UnixMillis>,
}

/// A request that must be refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct GateAttempt {
    /// `edge` or `origin`.
    pub at: String,
    /// Method and path.
    pub request: String,
    /// What was wrong with its shop token.
    pub token: String,
    /// The status it must get.
    pub expected: u16,
    /// The status it got.
    pub status: u16,
    /// The machine word it got.
    pub word: String,
}

/// The same requests with a valid token, and what is countable at the origin before and after the refused ones.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct GateEvidence {
    /// All requests that had to be refused.
    pub attempts: Vec<GateAttempt>,
    /// Status of a seats request with a valid token: shows that the refusals are not for another reason.
    pub valid_status: Option<u16>,
    /// What could be counted behind the gate: name, before, after.
    pub behind_the_gate: Vec<(String, u64, u64)>,
}

/// A point of the public curve as it was told during the run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct CurvePoint {
    /// The instant.
    pub at: UnixMillis,
    /// Millionths of a place served then, by the schedule as it was then.
    pub served_micro: u64,
}

/// Everything that fans saw; also the content of the file of `--observed`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct FanEvidence {
    /// What was public as announced before the first join.
    pub announced: Option<Announcement>,
    /// Queue tickets that fans were given.
    pub tickets: Vec<GivenTicket>,
    /// Shop tokens that fans were given.
    pub shop_tokens: Vec<GivenShopToken>,
    /// Accounts that were told they are verified fans.
    pub verified: BTreeSet<String>,
    /// Attempts to use a replaced queue ticket.
    pub old_tickets: Vec<ReplacedTicketAttempt>,
    /// Fans who left while shopping.
    #[serde(default)]
    pub left_sessions: Vec<LeftSession>,
    /// Joins of one person from two tabs.
    pub two_tabs: Vec<TwoTabs>,
    /// Orders that fans were told are confirmed.
    pub orders: Vec<OrderConfirmation>,
    /// Answers about seats.
    pub seats_answers: CheckCount,
    /// Reads of a section in Redis.
    pub inventory_reads: CheckCount,
    /// Seats that changed hands.
    pub handovers: Vec<Handover>,
    /// Attempts to get past the gate.
    pub gate: GateEvidence,
    /// The public curve as it was told during the run.
    pub curve: Vec<CurvePoint>,
    /// Sessions (`jti`) that were seen at the origin.
    pub sessions_at_origin: BTreeSet<String>,
}

/// [`FanEvidence`], shared by all fans. Locked for the time of a push.
#[derive(Default)]
pub struct SharedEvidence(Mutex<FanEvidence>);

impl SharedEvidence {
    /// With something in it.
    pub fn new(observed: FanEvidence) -> SharedEvidence {
        SharedEvidence(Mutex::new(observed))
    }

    /// To write into, or to read.
    pub fn lock(&self) -> MutexGuard<'_, FanEvidence> {
        self.0.lock().expect("no holder panics")
    }
}
