//! Counters of what fans do and see.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::Serialize;
use stanchion_fan_client::RequestCounts;

/// How a fan's visit ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum VisitOutcome {
    /// Has tickets.
    Ticket,
    /// Gave the place up and stayed away.
    Left,
    /// Closed the browser, in the queue or in the shop.
    WalkedAway,
    /// Was told that nothing is left.
    SoldOut,
    /// Was let in, looked around, and found no seats to like.
    FoundNothing,
    /// Took too long, as intended: the shopping window ended.
    WindowOver,
    /// Every card was declined, as intended.
    CardsDeclined,
    /// The origin's fraud check said no.
    Refused,
    /// Saw an error.
    Failed,
    /// Was not done when the deadline came.
    Unfinished,
}

/// All counters; shared by all fans.
#[derive(Default)]
pub(crate) struct Tally {
    /// Fans who joined at least once.
    pub(crate) joined: AtomicU64,
    /// Fans in the queue now.
    pub(crate) waiting: AtomicU64,
    /// Fans who were given a shop token.
    pub(crate) admitted: AtomicU64,
    /// Fans in the shop now.
    pub(crate) shopping: AtomicU64,
    /// Seats locked, every time.
    pub(crate) seats_locked: AtomicU64,
    /// Lock requests that came too late for a seat.
    pub(crate) seats_taken: AtomicU64,
    /// Orders confirmed.
    pub(crate) orders: AtomicU64,
    /// Tickets of those orders.
    pub(crate) tickets: AtomicU64,
    /// Requests, of all clients of the fans.
    pub(crate) requests: Arc<RequestCounts>,
    outcomes: Mutex<BTreeMap<VisitOutcome, u64>>,
    errors: Mutex<BTreeMap<String, u64>>,
}

/// Adds one.
pub(crate) fn one_more(counter: &AtomicU64) {
    counter.fetch_add(1, Ordering::Relaxed);
}

/// Takes one off.
pub(crate) fn one_less(counter: &AtomicU64) {
    counter.fetch_sub(1, Ordering::Relaxed);
}

/// A counter's value.
pub(crate) fn read(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}

fn count<K: Ord>(counters: &Mutex<BTreeMap<K, u64>>, name: K) {
    *counters.lock().expect("no holder panics").entry(name).or_default() += 1;
}

impl Tally {
    /// A visit ended.
    pub(crate) fn ended(&self, outcome: VisitOutcome) {
        count(&self.outcomes, outcome);
    }

    /// A fan saw an error.
    pub(crate) fn failed(&self, what: String) {
        count(&self.errors, what);
    }

    /// Visits by how they ended.
    pub(crate) fn outcomes(&self) -> BTreeMap<VisitOutcome, u64> {
        self.outcomes.lock().expect("no holder panics").clone()
    }

    /// Errors by what was seen.
    pub(crate) fn errors(&self) -> BTreeMap<String, u64> {
        self.errors.lock().expect("no holder panics").clone()
    }
}
