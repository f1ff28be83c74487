//! The on-sale, second by second: draws close, the meter puts a release, turns come, fans claim them, shop, or are gone.

use serde::Serialize;
use stanchion_shared::{
    identity::Place,
    lives::Lives,
    meter::{History, ON_THEIR_WAY_MS, Observed, decide},
    schedule::{Change, Rate, Schedule},
    score::counts::ScoreCounts,
    standing::Snapshot,
    timestamp::UnixMillis,
    wire::LEASE_MS,
};

use super::{
    draws::{Drawn, Draws},
    late::Late,
    options::{ON_SALE_TIME, OPENS_BEFORE_MS, Setting},
    people::{Comes, Fan, People},
    shop::Shop,
    waits::Watchers,
};

/// The meter's period, in ms.
const PERIOD_MS: u64 = 1_000;
/// The meter is at work so long before the on-sale, in ms; what it puts then changes nothing.
const METERED_BEFORE_MS: u64 = 10_000;
/// The stop begins so long after the on-sale, in ms.
const OUTAGE_AFTER_MS: u64 = 15 * 60_000;
/// An on-sale that has not ended by then, in ms, never will: something is wrong.
const GIVEN_UP_AFTER_MS: u64 = 7 * 24 * 3_600_000;
/// The shop is judged for how full it is from so long after the on-sale, in ms: it must fill up first.
const FULL_FROM_MS: u64 = 5 * 60_000;

/// How turns went.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct TurnCounts {
    /// Turns that came.
    pub(super) came: u64,
    /// Nobody was there any more.
    pub(super) walked_away: u64,
    /// They came back, too late.
    pub(super) too_late: u64,
}

/// How full the shop was while fans waited and seats were free, stops and the first minutes aside.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Utilisation {
    /// Seconds looked at.
    pub(super) seconds: u64,
    /// Shoppers at once against the limit, on average, 0 to 1.
    pub(super) mean: f64,
    /// Most shoppers at once ever.
    pub(super) most_shoppers: u32,
}

/// The whole of it while it runs.
pub(super) struct OnSale<'a> {
    setting: &'a Setting,
    people: &'a People,
    pub(super) draws: Draws<'a>,
    pub(super) schedule: Schedule,
    history: History,
    /// As the meter last put it.
    rate: Rate,
    pub(super) sold_out: bool,
    pub(super) shop: Shop,
    pub(super) watchers: Watchers,
    pub(super) late: Late,
    pub(super) turns: TurnCounts,
    pub(super) utilisation: Utilisation,
    /// Joined by now.
    joined: usize,
    pub(super) ended_at: UnixMillis,
}

impl<'a> OnSale<'a> {
    pub(super) fn new(setting: &'a Setting, people: &'a People) -> OnSale<'a> {
        OnSale {
            setting,
            people,
            draws: Draws::new(setting, people),
            schedule: Schedule::default(),
            history: History::new(Rate::ZERO),
            rate: Rate::ZERO,
            sold_out: false,
            shop: Shop::new(setting.seats, setting.put.shopping_ms, setting.lock_ms),
            watchers: Watchers::of(setting.fans),
            late: Late::default(),
            turns: TurnCounts::default(),
            utilisation: Utilisation::default(),
            joined: 0,
            ended_at: ON_SALE_TIME,
        }
    }

    /// Until everything is sold, or nobody waits and nobody shops. `drawn` is told of every draw.
    ///
    /// # Errors
    /// It does not end.
    pub(super) fn run(&mut self, mut drawn: impl FnMut(&Drawn, &[u32])) -> Result<(), String> {
        let mut now = ON_SALE_TIME.minus(METERED_BEFORE_MS);
        while !self.is_over(now) {
            if now.since(ON_SALE_TIME) > GIVEN_UP_AFTER_MS {
                return Err("the on-sale does not end: too few may shop, or nobody buys".to_owned());
            }
            while let Some(closed) = self.draws.close_due(now) {
                self.take(&closed, now);
                drawn(&closed, &self.draws.line);
            }
            self.meter(now);
            let until = now.plus(PERIOD_MS);
            self.turns_until(until);
            self.shop.go_on(until);
            self.ask(now, until);
            self.look(now);
            now = until;
        }
        self.ended_at = now;
        Ok(())
    }

    /// See [`super::figures::Figures::kept_for_nobody`].
    pub(super) fn kept_for_nobody(&self) -> f64 {
        let kept_ms = self.turns.walked_away * ON_THEIR_WAY_MS;
        let all_ms = u64::from(self.setting.most_shoppers) * self.ended_at.since(ON_SALE_TIME);
        kept_ms as f64 / all_ms.max(1) as f64
    }

    fn is_over(&self, now: UnixMillis) -> bool {
        let served = self.schedule.served(now) == self.draws.line.len() as u64;
        self.sold_out || (self.draws.all_closed() && served && self.shop.is_empty())
    }

    /// A draw's record is out: the line is longer, and who is in it knows the place.
    fn take(&mut self, drawn: &Drawn, now: UnixMillis) {
        let change = Change {
            last_place: Some(drawn.record.last_place()),
            turn_ms: Some(self.setting.put.turn_ms),
            rate: None,
        };
        self.schedule.change(change, now);
        for place in drawn.record.first_place..=drawn.record.last_place() {
            let number = self.draws.line[place as usize - 1];
            if self.watchers.watch(number) {
                let fan = Fan::of(self.setting, number);
                let gone_at = fan.patience_ms.map(|patience| joined_at(&fan).plus(patience));
                let tag = self.people.tags[number as usize];
                self.watchers.add(drawn.record.draw, Place(place), tag, gone_at, now);
            }
        }
        self.late.saw(drawn, &self.people.joins[drawn.joins.clone()]);
    }

    fn stopped(&self, now: UnixMillis) -> bool {
        (OUTAGE_AFTER_MS..OUTAGE_AFTER_MS + self.setting.outage_ms).contains(&now.since(ON_SALE_TIME))
    }

    /// What the origin does once a second, and what the coordinator makes of it.
    fn meter(&mut self, now: UnixMillis) {
        if self.stopped(now) {
            return;
        }
        let served = self.schedule.served(now);
        self.history.saw_served(now, served);
        let seen = self.shop.seen_after(self.history.long_served(now));
        let waiting = self.draws.line.len() as u64 - served;
        let observed = Observed {
            shopping: self.shop.shopping(),
            on_their_way: self.history.on_their_way(now, seen, waiting),
            seats_available: self.shop.available(),
            seats_locked: self.shop.locked(),
            paused: false,
            rate: self.rate,
        };
        let decision = decide(&self.setting.limits(now), &observed);
        self.schedule.renew(LEASE_MS.default, now);
        let change = Change {
            rate: Some(decision.rate),
            turn_ms: Some(self.setting.put.turn_ms),
            last_place: None,
        };
        self.schedule.change(change, now);
        self.history.put_rate(now, decision.rate);
        self.rate = decision.rate;
        self.sold_out = decision.sold_out;
    }

    /// Turns that come before `until`. The curve is decided until then: changes take effect later.
    fn turns_until(&mut self, until: UnixMillis) {
        for place in self.turns.came + 1..=self.schedule.served(until) {
            let turn_at = self.turn_at(Place(place));
            let fan = Fan::of(self.setting, self.draws.line[place as usize - 1]);
            self.turns.came += 1;
            let waited = turn_at.since(joined_at(&fan));
            if fan.patience_ms.is_some_and(|patience| patience <= waited) {
                self.turns.walked_away += 1;
                continue;
            }
            let claim_before = self.schedule.claim_before(turn_at, turn_at);
            let comes_at = match fan.comes {
                Comes::Soon(ms) => turn_at.plus(ms),
                Comes::Distracted(turns) => turn_at.plus((self.setting.put.turn_ms as f64 * turns) as u64),
            };
            if comes_at < claim_before {
                self.shop.admit(place, &fan, comes_at, self.schedule.stops());
            } else {
                self.turns.too_late += 1;
            }
        }
        let served = self.turns.came;
        let schedule = &self.schedule;
        self.watchers
            .settle(served, |place| turn_of(schedule, place), schedule.stops());
    }

    fn turn_at(&self, place: Place) -> UnixMillis {
        turn_of(&self.schedule, place)
    }

    /// Fans poll, with the snapshot of `now`.
    fn ask(&mut self, now: UnixMillis, until: UnixMillis) {
        let opened = ON_SALE_TIME.minus(OPENS_BEFORE_MS);
        let joins = &self.people.joins[self.joined..];
        self.joined += joins.partition_point(|join| opened.plus(join.joins_ms()) <= now);
        let snapshot = Snapshot {
            frozen: None,
            as_of: now,
            event_id: self.setting.event_id.clone(),
            config: self.setting.put.clone(),
            version: 1,
            commitment: self.draws.commitment(),
            joined: self.joined as u64,
            draws_closed: self.draws.counts.draws,
            last_closed: self.draws.last_closed,
            last_place: self.draws.line.len() as u64,
            schedule: self.schedule.live_part(now, self.setting.put.shopping_ms),
            paused: false,
            sold_out: self.sold_out,
            lives: Lives::default(),
            scores: ScoreCounts::default(),
            joins_per_second: 0,
        };
        self.watchers.poll(&snapshot, until);
    }

    /// Notes how full the shop is.
    fn look(&mut self, now: UnixMillis) {
        let shoppers = self.shop.shopping();
        self.utilisation.most_shoppers = self.utilisation.most_shoppers.max(shoppers);
        let waiting = self.draws.line.len() as u64 > self.schedule.served(now);
        let filled = now.since(ON_SALE_TIME) >= FULL_FROM_MS && !self.stopped(now);
        if filled && waiting && self.shop.available() > 0 {
            let seen = self.utilisation.seconds as f64;
            let share = f64::from(shoppers) / f64::from(self.setting.limits(now).most_shoppers.max(1));
            self.utilisation.mean = (self.utilisation.mean * seen + share) / (seen + 1.0);
            self.utilisation.seconds += 1;
        }
    }
}

fn joined_at(fan: &Fan) -> UnixMillis {
    ON_SALE_TIME.minus(OPENS_BEFORE_MS).plus(fan.joins_ms)
}

fn turn_of(schedule: &Schedule, place: Place) -> UnixMillis {
    schedule.turn_at(place).expect("the curve has reached this place")
}
