//! The on-sale, second by second: draws close, the meter puts a release, turns come, fans ask, claim them, shop, or are gone.

mod phases;

use serde::Serialize;
use stanchion_shared::{
    draw::record::Line,
    ids::Place,
    meter::{LineReading, MeterHistory, MeterReading, ON_THEIR_WAY_MS, Stock, decide},
    schedule::{LEASE_MS, Rate, Schedule, ScheduleChange},
    timestamp::UnixMillis,
};

use crate::{
    draws::{Draws, SimulatedDraw},
    first_in_shop::FirstInShop,
    latecomers::LatecomerWaits,
    options::{ON_SALE_TIME, OPENS_BEFORE_MS, SimulationSetting},
    people::{People, SimulatedFan},
    polls::Polls,
    shop::Shop,
    waits::Watchers,
};

/// The meter's period, in ms.
const PERIOD_MS: u64 = 1_000;
/// The meter is at work so long before the on-sale, in ms; what it puts then changes nothing.
const METERED_BEFORE_MS: u64 = 10_000;
/// After the end polls are counted for so long, in ms.
const COUNTED_AFTER_END_MS: u64 = 5 * 60_000;
/// An on-sale that has not ended by then, in ms, never will: something is wrong.
const GIVEN_UP_AFTER_MS: u64 = 7 * 24 * 3_600_000;
/// The shop is judged for how full it is from so long after the on-sale, in ms: it must fill up first.
const FULL_FROM_MS: u64 = 5 * 60_000;

/// How turns went.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct TurnCounts {
    /// Turns that came.
    pub(crate) came: u64,
    /// The fan had walked away.
    pub(crate) walked_away: u64,
    /// They came back, too late.
    pub(crate) too_late: u64,
}

/// How full the shop was while fans waited and seats were free, stops and the first minutes aside.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct Utilisation {
    /// Seconds looked at.
    pub(crate) seconds: u64,
    /// Shoppers at once against the limit, on average, 0 to 1.
    pub(crate) mean: f64,
    /// Most shoppers at once ever.
    pub(crate) most_shoppers: u32,
}

/// The whole of it while it runs.
pub(crate) struct SimulatedOnSale<'a> {
    setting: &'a SimulationSetting,
    people: &'a People,
    pub(crate) draws: Draws<'a>,
    pub(crate) schedule: Schedule,
    history: MeterHistory,
    /// As the meter last put it.
    rate: Rate,
    pub(crate) sold_out: bool,
    pub(crate) shop: Shop,
    pub(crate) watchers: Watchers,
    pub(crate) polls: Polls<'a>,
    pub(crate) first_in_shop: FirstInShop,
    /// Fans whose turn has come and who have not asked since.
    expected: u64,
    /// Places that are served and not called, summed over the seconds.
    uncalled_seconds: u64,
    pub(crate) late: LatecomerWaits,
    pub(crate) turns: TurnCounts,
    pub(crate) utilisation: Utilisation,
    /// Joined by now.
    joined: usize,
    pub(crate) ended_at: UnixMillis,
}

impl<'a> SimulatedOnSale<'a> {
    pub(crate) fn new(setting: &'a SimulationSetting, people: &'a People) -> SimulatedOnSale<'a> {
        SimulatedOnSale {
            setting,
            people,
            draws: Draws::new(setting, people),
            schedule: Schedule::default(),
            history: MeterHistory::new(Rate::ZERO),
            rate: Rate::ZERO,
            sold_out: false,
            shop: Shop::new(setting.seats, setting.event.shopping_ms, setting.lock_ms),
            watchers: Watchers::of(setting.fans),
            polls: Polls::new(people, setting.poll_law),
            first_in_shop: FirstInShop::default(),
            expected: 0,
            uncalled_seconds: 0,
            late: LatecomerWaits::default(),
            turns: TurnCounts::default(),
            utilisation: Utilisation::default(),
            joined: 0,
            ended_at: ON_SALE_TIME,
        }
    }

    /// Runs until everything is sold, or until no fan waits or shops. `drawn` is called with every draw.
    ///
    /// # Errors
    /// It does not end.
    pub(crate) fn run(&mut self, mut drawn: impl FnMut(&SimulatedDraw, &Draws<'_>)) -> Result<(), String> {
        let mut now = ON_SALE_TIME.minus(OPENS_BEFORE_MS);
        while now < ON_SALE_TIME.minus(METERED_BEFORE_MS) {
            self.ask(now);
            now = now.plus(PERIOD_MS);
        }
        while !self.is_over(now) {
            if now.since(ON_SALE_TIME) > GIVEN_UP_AFTER_MS {
                return Err("the on-sale does not end: too few may shop, or nobody buys".to_owned());
            }
            while let Some(closed) = self.draws.close_due(now) {
                self.take(&closed, now);
                drawn(&closed, &self.draws);
            }
            self.meter(now);
            let until = now.plus(PERIOD_MS);
            self.turns_until(until);
            self.ask(now);
            self.shop.go_on(until);
            self.look(now);
            now = until;
        }
        self.ended_at = now;
        while now < self.ended_at.plus(COUNTED_AFTER_END_MS) {
            self.ask(now);
            now = now.plus(PERIOD_MS);
        }
        Ok(())
    }

    /// See [`crate::figures::Figures::kept_for_nobody`]. How long a place is on its way on average follows from how many are
    /// (Little's law).
    pub(crate) fn kept_for_nobody(&self) -> f64 {
        let until_called_ms = self.uncalled_seconds * 1000 / self.turns.came.max(1);
        let kept_ms = self.turns.walked_away * (until_called_ms + ON_THEIR_WAY_MS);
        let all_ms = u64::from(self.setting.most_shoppers) * self.ended_at.since(ON_SALE_TIME);
        kept_ms as f64 / all_ms.max(1) as f64
    }

    fn is_over(&self, now: UnixMillis) -> bool {
        let served = self.schedule.served(now) == self.draws.drawn();
        self.sold_out || (self.draws.all_closed() && served && self.expected == 0 && self.shop.is_empty())
    }

    /// A draw's record is out: the line is longer, and its fans are told their places when they ask next.
    fn take(&mut self, drawn: &SimulatedDraw, now: UnixMillis) {
        let all = self.draws.drawn();
        let law = self.setting.poll_law;
        let change = ScheduleChange {
            turn_ms: Some(self.turn_ms()),
            session_ms: Some(self.setting.event.shopping_ms),
            ..ScheduleChange::default()
        };
        self.schedule.change(change, now);
        let (last_place, second_line) = self.draws.line_and_second_line();
        self.schedule
            .open_later(last_place, Some(second_line), law.hold_ms(all), now);
        for tier in &drawn.record.tiers {
            let line = drawn.record.line_of(tier.tier);
            for place in (tier.first_place..tier.first_place + tier.count).map(Place) {
                let fan = self.draws.fans(line)[place.0 as usize - 1];
                self.polls.drawn(fan, place);
                // How long a suspect waits depends on who else joins.
                if line == Line::First {
                    self.watchers.drawn(fan, place);
                }
            }
        }
        self.late.saw(drawn, &self.people.joins[drawn.joins.clone()]);
    }

    fn turn_ms(&self) -> u64 {
        let shortest = self.setting.poll_law.shortest_turn_ms(self.draws.drawn());
        self.setting.event.turn_ms.max(shortest)
    }

    /// What the origin does once a second, and what the coordinator makes of it.
    fn meter(&mut self, now: UnixMillis) {
        if self.stopped(now) {
            return;
        }
        let served = self.schedule.served(now);
        let snapshot = self.snapshot(now);
        let pace = |second| self.polls.paces.at(&snapshot.schedule, second);
        let called = self.setting.poll_law.called(&snapshot, now, &pace);
        self.uncalled_seconds += served - called;
        self.history.saw(now, LineReading { served, called });
        let seen = self.shop.seen_after(self.history.long_called(now));
        let waiting = self.schedule.last_place().saturating_sub(served);
        let observed = MeterReading {
            shopping: self.shop.shopping(),
            on_their_way: self.history.on_their_way(now, seen, waiting),
            stock: Stock::Seats {
                available: self.shop.available(),
                locked: self.shop.locked(),
            },
            paused: self.paused(now),
            rate: self.rate,
        };
        let decision = decide(&self.setting.limits(now), &observed);
        self.schedule.renew(LEASE_MS.default, now);
        let change = ScheduleChange {
            rate: Some(decision.rate),
            turn_ms: Some(self.turn_ms()),
            ..ScheduleChange::default()
        };
        self.schedule.change(change, now);
        self.history.put_rate(now, decision.rate);
        self.rate = decision.rate;
        self.sold_out = decision.sold_out;
    }

    /// Turns that come before `until`. The curve is decided until then, because changes take effect later.
    fn turns_until(&mut self, until: UnixMillis) {
        for place in self.turns.came + 1..=self.schedule.served(until) {
            let turn_at = self.turn_at(Place(place));
            let number = self.draws.fan_at(Place(place));
            let fan = SimulatedFan::of(self.setting, number);
            self.turns.came += 1;
            let waited = turn_at.since(joined_at(&fan));
            if fan.patience_ms.is_some_and(|patience| patience <= waited) {
                self.turns.walked_away += 1;
                continue;
            }
            self.polls.turn_came(number);
            let Some(turns) = fan.distracted else {
                self.expected += 1;
                continue;
            };
            let comes_at = turn_at.plus((self.turn_ms() as f64 * turns) as u64);
            if comes_at < self.schedule.claim_before(turn_at, turn_at) {
                self.shop.admit(place, &fan, comes_at, self.schedule.stops());
            } else {
                self.turns.too_late += 1;
            }
        }
        let (served, pause) = (self.turns.came, self.pause());
        let mut standstills = self.schedule.stops().as_slice().to_vec();
        standstills.push(pause);
        let schedule = &self.schedule;
        self.watchers
            .compare_served(served, |place| turn_of(schedule, place), &standstills);
    }

    fn turn_at(&self, place: Place) -> UnixMillis {
        turn_of(&self.schedule, place)
    }

    /// Fans join and ask in the second from `now` on, with the snapshot of `now`. Who is let in goes to the shop.
    fn ask(&mut self, now: UnixMillis) {
        let opened = ON_SALE_TIME.minus(OPENS_BEFORE_MS);
        let until = now.plus(PERIOD_MS);
        let snapshot = self.snapshot(now);
        while let Some(join) = self.people.joins.get(self.joined) {
            let at = opened.plus(join.joins_ms());
            if at >= until || self.sold_out {
                break;
            }
            self.draws.joins(join, &mut self.schedule);
            self.polls.join(join.fan(), at, &snapshot);
            self.joined += 1;
        }
        let phase = (self.phase(now), self.shop.shopping());
        let polled = self.polls.second(&snapshot, now, phase, &mut self.watchers);
        if self.ended_at > ON_SALE_TIME {
            return;
        }
        self.expected -= polled.arrivals.len() as u64 + polled.too_late;
        self.turns.too_late += polled.too_late;
        for arrival in polled.arrivals {
            let fan = SimulatedFan::of(self.setting, arrival.fan);
            self.shop
                .admit(arrival.place.0, &fan, arrival.at, self.schedule.stops());
            self.first_in_shop.saw(self.people, arrival);
        }
    }

    /// Notes how full the shop is.
    fn look(&mut self, now: UnixMillis) {
        let shoppers = self.shop.shopping();
        self.utilisation.most_shoppers = self.utilisation.most_shoppers.max(shoppers);
        let waiting = self.schedule.last_place() > self.schedule.served(now);
        let filled = now.since(ON_SALE_TIME) >= FULL_FROM_MS && !self.stopped(now) && !self.paused(now);
        if filled && waiting && self.shop.available() > 0 {
            let seen = self.utilisation.seconds as f64;
            let share = f64::from(shoppers) / f64::from(self.setting.limits(now).most_shoppers.max(1));
            self.utilisation.mean = (self.utilisation.mean * seen + share) / (seen + 1.0);
            self.utilisation.seconds += 1;
        }
    }
}

fn joined_at(fan: &SimulatedFan) -> UnixMillis {
    ON_SALE_TIME.minus(OPENS_BEFORE_MS).plus(fan.joins_ms)
}

fn turn_of(schedule: &Schedule, place: Place) -> UnixMillis {
    schedule.turn_at(place).expect("the curve has reached this place")
}
