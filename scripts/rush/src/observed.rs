//! What only fans can see, kept for the checks: receipts, places, shop tokens, orders, answers about seats.

use std::{
    collections::BTreeSet,
    sync::{Mutex, MutexGuard},
};

use serde::{Deserialize, Serialize};
use stanchion_shared::{draw::announcement::Announcement, money::Minor, timestamp::UnixMillis, wire::QueueStatus};

/// Examples of one fault that are kept; the rest is counted only.
const EXAMPLES: usize = 20;

/// A ticket a fan was given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct HeldTicket {
    /// The account.
    pub(crate) subject: String,
    /// The receipt as it came.
    pub(crate) receipt: String,
    /// The place the edge told for this ticket, once it did.
    pub(crate) place: Option<u64>,
}

/// A shop token a fan was given.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct SeenShopToken {
    /// The account.
    pub(crate) subject: String,
    /// As it came.
    pub(crate) token: String,
    /// When it was here.
    pub(crate) received_at: UnixMillis,
}

/// A try to use a ticket after it was replaced.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct OldTicketTried {
    /// The account.
    pub(crate) subject: String,
    /// What the edge said of it.
    pub(crate) status: QueueStatus,
    /// Whether it opened the shop: it never may.
    pub(crate) opened_the_shop: bool,
}

/// Two joins of one person at the same time.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct TwoTabs {
    /// The account.
    pub(crate) subject: String,
    /// Both receipts, or only one if the other join was not answered.
    pub(crate) receipts: Vec<String>,
}

/// An order of which a fan was told that it is confirmed.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct ToldOrder {
    /// The account.
    pub(crate) subject: String,
    /// The order.
    pub(crate) order_id: String,
    /// Seats of the tickets in the answer.
    pub(crate) seats: Vec<String>,
    /// What the answer says is charged.
    pub(crate) total: Minor,
}

/// A number of things looked at, and what was wrong with some.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct Looked {
    /// How many were looked at.
    pub(crate) at: u64,
    /// How many were wrong.
    pub(crate) faults: u64,
    /// Some of the faults.
    pub(crate) examples: Vec<String>,
}

impl Looked {
    /// Counts one; `fault` says what is wrong with it.
    pub(crate) fn count(&mut self, fault: Option<String>) {
        self.at += 1;
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
pub(crate) struct Handover {
    /// The seat.
    pub(crate) seat: String,
    /// When the first fan's lock was to end, as told.
    pub(crate) lock_expires_at: UnixMillis,
    /// How often the second fan tried.
    pub(crate) tries: u32,
    /// When the last try before the successful one was answered; every try was refused until then.
    pub(crate) refused_until: Option<UnixMillis>,
    /// When the successful try was sent.
    pub(crate) sent_at: Option<UnixMillis>,
    /// When it was answered; none if no try was successful.
    pub(crate) locked_at: Option<UnixMillis>,
}

/// A request that must be refused.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Intrusion {
    /// `edge` or `origin`.
    pub(crate) at: String,
    /// Method and path.
    pub(crate) request: String,
    /// What was wrong with its shop token.
    pub(crate) token: String,
    /// The status it must get.
    pub(crate) expected: u16,
    /// The status it got.
    pub(crate) status: u16,
    /// The machine word it got.
    pub(crate) word: String,
}

/// The same requests with a valid token, and what is countable at the origin before and after the refused ones.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub(crate) struct GateObserved {
    /// All requests that had to be refused.
    pub(crate) intrusions: Vec<Intrusion>,
    /// Status of a seats request with a valid token: shows that the refusals are not for another reason.
    pub(crate) valid_status: Option<u16>,
    /// What could be counted behind the gate: name, before, after.
    pub(crate) behind_the_gate: Vec<(String, u64, u64)>,
}

/// A point of the public curve as it was told during the run.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) struct CurvePoint {
    /// The instant.
    pub(crate) at: UnixMillis,
    /// Millionths of a place served then, by the schedule as it was then.
    pub(crate) served_micro: u64,
}

/// Everything; also the file of `--observed`.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Observed {
    /// What was public as announced before the first join.
    pub(crate) announced: Option<Announcement>,
    pub(crate) tickets: Vec<HeldTicket>,
    pub(crate) shop_tokens: Vec<SeenShopToken>,
    /// Accounts that were told they are verified fans.
    pub(crate) verified: BTreeSet<String>,
    pub(crate) old_tickets: Vec<OldTicketTried>,
    pub(crate) two_tabs: Vec<TwoTabs>,
    pub(crate) orders: Vec<ToldOrder>,
    pub(crate) seats_answers: Looked,
    pub(crate) inventory_reads: Looked,
    pub(crate) handovers: Vec<Handover>,
    pub(crate) gate: GateObserved,
    pub(crate) curve: Vec<CurvePoint>,
    /// Sessions (`jti`) that were seen at the origin.
    pub(crate) sessions_at_origin: BTreeSet<String>,
}

/// [`Observed`], shared by all fans. Locked for the time of a push.
#[derive(Default)]
pub(crate) struct Notebook(Mutex<Observed>);

impl Notebook {
    /// With something in it.
    pub(crate) fn of(observed: Observed) -> Notebook {
        Notebook(Mutex::new(observed))
    }

    /// To write into, or to read.
    pub(crate) fn open(&self) -> MutexGuard<'_, Observed> {
        self.0.lock().expect("no holder panics")
    }
}
