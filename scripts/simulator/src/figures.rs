//! What a simulation has shown: for people as text, for programs as JSON, and whether a bound was broken.

use std::fmt::Write as _;

use serde::Serialize;
use stanchion_shared::{meter::ON_THEIR_WAY_MS, polling::POLLS_PER_SECOND};

use crate::{
    draws::{CLOSING_MS, DrawCounts},
    fairness::{Comparison, LEAST_CHANCE},
    first_in_shop::AskedAsTold,
    latecomers::LatecomerWaits,
    on_sale::{TurnCounts, Utilisation},
    options::SimulationSetting,
    polls::PhasePolls,
    shop::ShopCounts,
    waits::WaitErrors,
};

/// The median of the wait's error may be so large, outside stops, with at least five minutes left.
pub(crate) const MOST_MEDIAN_ERROR: f64 = 0.20;
/// While fans wait and seats are free, the shop is at least so full on average. Fans who walked away hold no others up.
pub(crate) const LEAST_UTILISATION: f64 = 0.85;
/// Shoppers at once may pass the admin's limit by this share. Fans who come back late in their turn are no longer counted
/// as on their way.
pub(crate) const MOST_OVER_LIMIT: f64 = 0.05;

/// What the machine was asked for.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Cost {
    /// Most memory ever held, in bytes.
    pub(crate) peak_memory_bytes: u64,
    /// Wall time in seconds: making the people, and the on-sale itself.
    pub(crate) people_s: f64,
    pub(crate) on_sale_s: f64,
}

/// All of it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Figures {
    pub(crate) passed: bool,
    /// Bounds that were broken, in words.
    pub(crate) broken: Vec<String>,
    pub(crate) setting: SimulationSetting,
    pub(crate) cost: Cost,
    /// From the on-sale to its end, in simulated seconds.
    pub(crate) lasted_s: u64,
    pub(crate) sold_out: bool,
    pub(crate) draws: DrawCounts,
    pub(crate) fairness: Vec<Comparison>,
    pub(crate) wait: Option<WaitErrors>,
    pub(crate) wait_by_time_left: Vec<WaitErrors>,
    /// In the order in which the phases began.
    pub(crate) polls: Vec<PhasePolls>,
    pub(crate) asked_as_told: Option<AskedAsTold>,
    pub(crate) turns: TurnCounts,
    /// Share of the shop's capacity over time that the meter kept for fans who had walked away, 0 to 1. It waits
    /// for each until the fan could have asked, and [`ON_THEIR_WAY_MS`] more.
    pub(crate) kept_for_nobody: f64,
    pub(crate) shop: ShopCounts,
    pub(crate) utilisation: Utilisation,
    pub(crate) late: LatecomerWaits,
}

impl Figures {
    /// With what is broken of the bounds.
    pub(crate) fn judged(mut self) -> Figures {
        let mut broken = Vec::new();
        if self.draws.places_wrong > 0 {
            broken.push(format!("{} places are not those of the edge", self.draws.places_wrong));
        }
        for one in self.fairness.iter().filter(|one| !one.is_fair()) {
            broken.push(format!(
                "{}: place and {:?} have to do with each other",
                one.among, one.against
            ));
        }
        if let Some(wait) = self.wait.as_ref().filter(|wait| wait.median > MOST_MEDIAN_ERROR) {
            broken.push(format!("the median error of the wait is {:.1} %", wait.median * 100.0));
        }
        if self.utilisation.seconds > 0 && self.utilisation.mean < LEAST_UTILISATION {
            broken.push(format!(
                "the shop was {:.1} % full while fans waited",
                self.utilisation.mean * 100.0
            ));
        }
        let most = self.setting.most_shoppers * self.setting.change_limits_percent.max(100) / 100;
        let limit = f64::from(most) * (1.0 + MOST_OVER_LIMIT);
        if f64::from(self.utilisation.most_shoppers) > limit {
            broken.push(format!("{} shoppers at once", self.utilisation.most_shoppers));
        }
        if self.shop.seats_sold > self.setting.seats {
            broken.push(format!("{} seats sold", self.shop.seats_sold));
        }
        for phase in self.polls.iter().filter(|phase| phase.most > POLLS_PER_SECOND) {
            broken.push(format!("{} polls in a second, {:?}", phase.most, phase.phase));
        }
        if let Some(asked) = self.asked_as_told.as_ref().filter(|asked| !asked.is_fair()) {
            broken.push(format!(
                "fans who ask as told are {:.1} % of those drawn first and {:.1} % of those in the shop first",
                asked.of_first_drawn * 100.0,
                asked.of_first_in * 100.0
            ));
        }
        let window_s = (self.setting.event.draw_window_ms + CLOSING_MS) as f64 / 1000.0;
        // One second more, because the simulation looks once a second.
        if self.late.longest_s > window_s + 1.0 {
            broken.push(format!("a latecomer waited {:.1} s for a place", self.late.longest_s));
        }
        self.passed = broken.is_empty();
        self.broken = broken;
        self
    }

    /// For people.
    pub(crate) fn text(&self) -> String {
        let mut text = String::new();
        self.head(&mut text);
        self.polls(&mut text);
        self.fairness(&mut text);
        self.waits(&mut text);
        for broken in &self.broken {
            let _ = writeln!(text, "BROKEN: {broken}");
        }
        let _ = writeln!(
            text,
            "{}",
            if self.passed {
                "passed: every bound held"
            } else {
                "FAILED"
            }
        );
        text
    }

    fn head(&self, text: &mut String) {
        let (setting, turns, shop) = (&self.setting, &self.turns, &self.shop);
        let _ = writeln!(
            text,
            "{} fans, seed {}, {} shards, {} seats; at most {} shoppers at once and {} admitted a second",
            setting.fans,
            setting.seed,
            setting.event.shards.get(),
            setting.seats,
            setting.most_shoppers,
            setting.most_per_second.as_f64()
        );
        let _ = writeln!(
            text,
            "cost          {:.0} MiB of memory at most, {:.1} s to make the fans, {:.1} s for the on-sale",
            self.cost.peak_memory_bytes as f64 / f64::from(1 << 20),
            self.cost.people_s,
            self.cost.on_sale_s
        );
        let _ = writeln!(
            text,
            "on-sale       lasted {} min {} s, {}; {} draws with {} places, {} of them worked out as the edge does: {} differ",
            self.lasted_s / 60,
            self.lasted_s % 60,
            if self.sold_out { "sold out" } else { "the line is empty" },
            self.draws.draws,
            self.draws.places,
            self.draws.places_checked,
            self.draws.places_wrong
        );
        let _ = writeln!(
            text,
            "turns         {} came, {} fans had walked away, {} came back too late, {} were admitted",
            turns.came, turns.walked_away, turns.too_late, shop.admitted
        );
        let _ = writeln!(
            text,
            "              the meter waited for those who had walked away, until {} s after they could have asked: {:.1} % of the shop's time",
            ON_THEIR_WAY_MS / 1000,
            self.kept_for_nobody * 100.0
        );
        let _ = writeln!(
            text,
            "shop          {} bought {} seats, {} held seats and bought nothing, {} found none in time, {} only looked",
            shop.bought, shop.seats_sold, shop.dawdled, shop.went_empty, shop.looked
        );
        let _ = writeln!(
            text,
            "              {:.1} % full on average while fans waited and seats were free ({} s; at least {:.0} %), {} at once at most",
            self.utilisation.mean * 100.0,
            self.utilisation.seconds,
            LEAST_UTILISATION * 100.0,
            self.utilisation.most_shoppers
        );
        let _ = writeln!(
            text,
            "latecomers    {} came after the on-sale; from join to place {:.1} s on average, {:.1} s at most",
            self.late.fans, self.late.mean_s, self.late.longest_s
        );
    }

    fn polls(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "polls         by the {:?} law; at most {POLLS_PER_SECOND} in a second",
            self.setting.poll_law
        );
        for one in &self.polls {
            let _ = writeln!(
                text,
                "  {:<10} {:>6} s {:>12} polls {:>9.0} a second, {:>9} at most",
                format!("{:?}", one.phase),
                one.seconds,
                one.polls,
                one.polls as f64 / one.seconds.max(1) as f64,
                one.most
            );
        }
        if let Some(asked) = &self.asked_as_told {
            let _ = writeln!(
                text,
                "              of the first {} drawn who ask as told or every second {:.2} % ask as told, of the first {} in the shop {:.2} %; bound {:.2} %",
                asked.compared,
                asked.of_first_drawn * 100.0,
                asked.compared,
                asked.of_first_in * 100.0,
                asked.bound * 100.0
            );
        }
    }

    fn fairness(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "fairness      a fair draw goes beyond a bound once in {:.0} figures",
            1.0 / LEAST_CHANCE
        );
        let _ = writeln!(
            text,
            "  {:<22} {:<14} {:>9} {:>12} {:>10} {:>11} {:>5} {:>7}",
            "among", "place against", "fans", "correlation", "bound", "chi-square", "df", "chance"
        );
        for one in &self.fairness {
            let table = match (one.chi_square, one.degrees_of_freedom, one.chi_square_chance) {
                (Some(statistic), Some(df), Some(chance)) => format!("{statistic:>11.1} {df:>5} {chance:>7.3}"),
                _ => String::new(),
            };
            let _ = writeln!(
                text,
                "  {:<22} {:<14} {:>9} {:>12.6} {:>10.6} {table}",
                one.among,
                format!("{:?}", one.against),
                one.fans,
                one.correlation,
                one.correlation_bound
            );
        }
    }

    fn waits(&self, text: &mut String) {
        let _ = writeln!(
            text,
            "wait          |told - real| / real of polls outside stops, with at least 5 minutes left; median at most {:.0} %",
            MOST_MEDIAN_ERROR * 100.0
        );
        let _ = writeln!(
            text,
            "  {:<10} {:>9} {:>7} {:>7} {:>7} {:>7} {:>7} {:>9} {:>10}",
            "left", "polls", "p10", "p25", "median", "p75", "p90", "too long", "not given"
        );
        let rows = self.wait.iter().map(|all| ("all".to_owned(), all));
        let brackets = self
            .wait_by_time_left
            .iter()
            .map(|one| (format!("{}+ min", one.from_min), one));
        for (name, one) in rows.chain(brackets) {
            let percent = |share: f64| format!("{:.1} %", share * 100.0);
            let _ = writeln!(
                text,
                "  {name:<10} {:>9} {:>7} {:>7} {:>7} {:>7} {:>7} {:>9} {:>10}",
                one.count,
                percent(one.p10),
                percent(one.p25),
                percent(one.median),
                percent(one.p75),
                percent(one.p90),
                percent(one.too_long_share),
                one.not_given
            );
        }
    }
}
