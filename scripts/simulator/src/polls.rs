//! Every fan's polls: who asks in this second, what the answer is, and when the fan asks next. A fan is in the shop when a poll
//! says so, and not before.

use std::collections::HashMap;

use serde::Serialize;
use stanchion_shared::{
    draw::record::Line,
    ids::{Draw, Place, Tier},
    queue_status::Standing,
    snapshot::Snapshot,
    timestamp::UnixMillis,
};

use crate::{
    law::PollLaw,
    options::{ON_SALE_TIME, OPENS_BEFORE_MS},
    paces::RememberedPaces,
    people::{Manner, People},
    waits::Watchers,
};

/// Seconds of the calendar: longer than any interval that a law gives.
const CALENDAR_SECONDS: u64 = 4_096;
/// A fan who stays, as the end of their patience in ms.
const STAYS: u32 = u32::MAX;

/// What goes on while polls are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum PollPhase {
    PreQueue,
    /// From the on-sale to the first turn.
    Drawing,
    OnSale,
    Paused,
    Stopped,
    SoldOut,
}

/// How many polls there were in a phase.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct PhasePolls {
    pub(crate) phase: PollPhase,
    pub(crate) seconds: u64,
    pub(crate) polls: u64,
    /// In one second.
    pub(crate) most: u64,
}

/// A fan whom a poll let in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Arrival {
    pub(crate) fan: u32,
    pub(crate) place: Place,
    pub(crate) at: UnixMillis,
}

/// What a second of polls led to.
#[derive(Default)]
pub(crate) struct PolledSecond {
    pub(crate) arrivals: Vec<Arrival>,
    /// Fans who asked when their turn was over.
    pub(crate) too_late: u64,
}

/// See the module.
pub(crate) struct Polls<'a> {
    people: &'a People,
    law: PollLaw,
    calendar: Vec<Vec<u32>>,
    /// By fan, in ms since the queue opened.
    asks_ms: Vec<u32>,
    /// By fan; 0 is none yet. Suspects have numbers of the second line.
    places: Vec<u32>,
    /// By fan, in ms since the queue opened: has walked away then.
    gone_ms: Vec<u32>,
    /// Of fans without a place who joined after the on-sale.
    late_draws: HashMap<u32, Draw>,
    /// Fans who ask every second and whose turn has come. Before that nothing they ask matters.
    hasty: Vec<u32>,
    pub(crate) paces: RememberedPaces,
    pub(crate) phases: Vec<PhasePolls>,
}

impl<'a> Polls<'a> {
    pub(crate) fn new(people: &'a People, law: PollLaw) -> Polls<'a> {
        let fans = people.tags.len();
        Polls {
            people,
            law,
            calendar: vec![Vec::new(); CALENDAR_SECONDS as usize],
            asks_ms: vec![0; fans],
            places: vec![0; fans],
            gone_ms: people.gone_ms.clone(),
            late_draws: HashMap::new(),
            hasty: Vec::new(),
            paces: RememberedPaces::new(),
            phases: Vec::new(),
        }
    }

    /// A fan joins, and is told when to ask first.
    pub(crate) fn join(&mut self, fan: u32, at: UnixMillis, snapshot: &Snapshot) {
        let draw = snapshot
            .windows()
            .draw_at(at)
            .expect("nobody comes after the end of the chain");
        if draw != Draw::PRE_QUEUE {
            self.late_draws.insert(fan, draw);
        }
        if self.people.manners[fan as usize] != Manner::EverySecond {
            let standing = self.standing(snapshot, fan, at);
            self.tell(fan, at, standing, snapshot);
        }
    }

    /// The draw of a fan has closed.
    pub(crate) fn drawn(&mut self, fan: u32, place: Place) {
        self.places[fan as usize] = u32::try_from(place.0).expect("fewer places than fans");
        self.late_draws.remove(&fan);
    }

    /// The turn of a fan has come who has not walked away: this fan stays.
    pub(crate) fn turn_came(&mut self, fan: u32) {
        self.gone_ms[fan as usize] = STAYS;
        let is_hasty = self.people.manners[fan as usize] == Manner::EverySecond;
        if is_hasty && !self.people.distracted[fan as usize] {
            self.hasty.push(fan);
        }
    }

    /// Everybody who is due asks. `shoppers` have their pages open, too.
    pub(crate) fn second(
        &mut self,
        snapshot: &Snapshot,
        now: UnixMillis,
        (phase, shoppers): (PollPhase, u32),
        watchers: &mut Watchers,
    ) -> PolledSecond {
        let mut polled = PolledSecond::default();
        let mut polls = u64::from(shoppers) * 1000 / self.law.shopping_interval_ms(snapshot.joined);
        // Who asks may be told to ask once more in the same second.
        loop {
            let due = std::mem::take(&mut self.calendar[calendar_second(now)]);
            if due.is_empty() {
                break;
            }
            for fan in due {
                polls += u64::from(self.ask(fan, snapshot, watchers, &mut polled));
            }
        }
        self.hasty_ask(snapshot, now, &mut polled);
        self.count(phase, polls);
        polled
    }

    /// A fan who is due asks, unless the page is closed.
    fn ask(&mut self, fan: u32, snapshot: &Snapshot, watchers: &mut Watchers, polled: &mut PolledSecond) -> bool {
        let asks_ms = self.asks_ms[fan as usize];
        if self.gone_ms[fan as usize] <= asks_ms {
            return false;
        }
        if snapshot.sold_out && !self.law.asks_after_the_end() {
            return true;
        }
        let at = opened().plus(u64::from(asks_ms));
        let standing = self.standing(snapshot, fan, at);
        match standing {
            Standing::Turn { .. } => self.lets_in(fan, at, snapshot, polled),
            Standing::TurnEnded { .. } | Standing::Expired => {
                polled.too_late += u64::from(!self.people.distracted[fan as usize]);
            }
            Standing::Waiting { wait_seconds, .. } => {
                watchers.told(fan, at, wait_seconds);
                self.tell(fan, at, standing, snapshot);
            }
            Standing::PreQueue | Standing::Drawing { .. } => self.tell(fan, at, standing, snapshot),
        }
        true
    }

    /// Fans who ask each second, of whom only those whose turn has come matter. Their polls are not counted: what they ask for
    /// more than they were told is refused at the edge.
    fn hasty_ask(&mut self, snapshot: &Snapshot, now: UnixMillis, polled: &mut PolledSecond) {
        for fan in std::mem::take(&mut self.hasty) {
            let at = now.plus(u64::from(fan).wrapping_mul(7_919) % 1_000);
            match self.standing(snapshot, fan, at) {
                Standing::Turn { .. } => self.lets_in(fan, at, snapshot, polled),
                Standing::TurnEnded { .. } | Standing::Expired => polled.too_late += 1,
                _ => self.hasty.push(fan),
            }
        }
    }

    fn lets_in(&self, fan: u32, at: UnixMillis, snapshot: &Snapshot, polled: &mut PolledSecond) {
        // Nobody sits before the page of a distracted fan.
        if !self.people.distracted[fan as usize] {
            let place = self.place_in_line(snapshot, fan).expect("a turn has a place");
            polled.arrivals.push(Arrival { fan, place, at });
        }
    }

    fn line_of(&self, fan: u32) -> Line {
        match self.people.tiers[fan as usize] {
            Tier::Suspect => Line::Second,
            Tier::Verified | Tier::Human => Line::First,
        }
    }

    /// The place by which the curve goes; `None` before the draw, and once it is long past.
    fn place_in_line(&self, snapshot: &Snapshot, fan: u32) -> Option<Place> {
        match (self.places[fan as usize], self.line_of(fan)) {
            (0, _) => None,
            (place, Line::First) => Some(Place(u64::from(place))),
            (number, Line::Second) => snapshot.schedule.place_in_line(u64::from(number)),
        }
    }

    fn standing(&self, snapshot: &Snapshot, fan: u32, at: UnixMillis) -> Standing {
        let place = self.places[fan as usize];
        let draw = match place {
            0 => self.late_draws.get(&fan).copied().unwrap_or(Draw::PRE_QUEUE),
            // With a place the draw does not matter any more.
            _ => Draw::PRE_QUEUE,
        };
        let in_line = self.place_in_line(snapshot, fan);
        if place > 0 && in_line.is_none() {
            return Standing::Expired;
        }
        let who = (draw, in_line, self.people.tags[fan as usize]);
        let pace = |instant| self.paces.at(&snapshot.schedule, instant);
        self.law.standing(snapshot, who, at, &pace)
    }

    fn tell(&mut self, fan: u32, at: UnixMillis, standing: Standing, snapshot: &Snapshot) {
        let tag = self.people.tags[fan as usize];
        let late_ms = match self.people.manners[fan as usize] {
            Manner::LaterThanTold => u64::from(fan).wrapping_mul(104_729) % Manner::MOST_LATE_MS,
            Manner::AsTold | Manner::EverySecond => 0,
        };
        let asks_at = at.plus(self.law.poll_after_ms(snapshot, standing, tag, at) + late_ms);
        self.asks_ms[fan as usize] = u32::try_from(asks_at.since(opened())).unwrap_or(STAYS);
        self.calendar[calendar_second(asks_at)].push(fan);
    }

    fn count(&mut self, phase: PollPhase, polls: u64) {
        let index = self
            .phases
            .iter()
            .position(|one| one.phase == phase)
            .unwrap_or_else(|| {
                self.phases.push(PhasePolls {
                    phase,
                    seconds: 0,
                    polls: 0,
                    most: 0,
                });
                self.phases.len() - 1
            });
        let counted = &mut self.phases[index];
        counted.seconds += 1;
        counted.polls += polls;
        counted.most = counted.most.max(polls);
    }
}

fn opened() -> UnixMillis {
    ON_SALE_TIME.minus(OPENS_BEFORE_MS)
}

fn calendar_second(instant: UnixMillis) -> usize {
    (instant.0 / 1000 % CALENDAR_SECONDS) as usize
}
