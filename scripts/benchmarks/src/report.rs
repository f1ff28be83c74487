//! What was measured, as a table for people and as JSON for programs.

use std::fmt::{self, Display, Formatter};

use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::{
    options::{BenchOptions, Measure},
    rounds::{Round, Spread},
};

/// Above this load average before the start, other work took part of the machine from both sides, not always evenly.
const BUSY: f64 = 1.5;

/// One measure.
pub(crate) struct BenchRow {
    /// As in the table.
    pub(crate) measure: &'static str,
    /// What is done how, on our side.
    pub(crate) ours_is: String,
    /// The same of the other side.
    pub(crate) baseline_is: String,
    /// The ratio we want.
    pub(crate) aim: f64,
    pub(crate) rounds: Vec<Round>,
}

impl BenchRow {
    fn ours(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|round| round.ours))
    }

    fn baseline(&self) -> Spread {
        Spread::of(self.rounds.iter().map(|round| round.baseline))
    }

    /// The median of the ratios, not the ratio of the medians: only neighbours are compared.
    fn ratio(&self) -> Spread {
        Spread::of(self.rounds.iter().map(Round::ratio))
    }
}

impl Serialize for BenchRow {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut row = serializer.serialize_struct("Row", 9)?;
        row.serialize_field("measure", self.measure)?;
        row.serialize_field("unit", "per_second")?;
        row.serialize_field("ours_is", &self.ours_is)?;
        row.serialize_field("baseline_is", &self.baseline_is)?;
        row.serialize_field("ours", &self.ours())?;
        row.serialize_field("baseline", &self.baseline())?;
        row.serialize_field("ratio", &self.ratio())?;
        row.serialize_field("aim", &self.aim)?;
        row.serialize_field("rounds", &self.rounds)?;
        row.end()
    }
}

/// Everything.
#[derive(Serialize)]
pub(crate) struct BenchReport {
    quick: bool,
    /// One round only: the numbers mean nothing.
    smoke: bool,
    processors: usize,
    load_before: Option<f64>,
    pub(crate) load_after: Option<f64>,
    pub(crate) rows: Vec<BenchRow>,
    pub(crate) not_measured: Vec<&'static str>,
}

impl BenchReport {
    pub(crate) fn new(options: &BenchOptions) -> BenchReport {
        BenchReport {
            quick: options.quick,
            smoke: options.smoke,
            processors: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            load_before: load(),
            load_after: None,
            rows: Vec::new(),
            not_measured: Vec::new(),
        }
    }

    /// Whether each of these rows has at least one round in which both sides did something.
    pub(crate) fn measured_all(&self, wanted: &[Measure]) -> bool {
        let measured = |row: &BenchRow| row.rounds.iter().any(|round| round.ours > 0.0 && round.baseline > 0.0);
        !wanted.is_empty() && self.rows.len() == wanted.len() && self.rows.iter().all(measured)
    }
}

/// The kernel's load average of the last minute.
pub(crate) fn load() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next()?.parse().ok()
}

impl Display for BenchReport {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "\n{:<28} {:>12} {:>12}   {:<24} {:>4}",
            "per second, medians", "ours", "baseline", "ratio (least to most)", "aim"
        )?;
        for row in &self.rows {
            let (ours, baseline, ratio) = (row.ours().median, row.baseline().median, row.ratio());
            let ratio = format!("{:.2} ({:.2} to {:.2})", ratio.median, ratio.least, ratio.most);
            let (ours, baseline) = (thousands(ours), thousands(baseline));
            writeln!(
                f,
                "{:<28} {ours:>12} {baseline:>12}   {ratio:<24} {:>4}",
                row.measure, row.aim
            )?;
        }
        for measure in &self.not_measured {
            writeln!(f, "{measure:<28} could not be measured")?;
        }
        writeln!(f)?;
        for row in &self.rows {
            writeln!(
                f,
                "{}\n  ours      {}\n  baseline  {}",
                row.measure, row.ours_is, row.baseline_is
            )?;
        }
        let rounds = self.rows.first().map_or(0, |row| row.rounds.len());
        writeln!(
            f,
            "\n{rounds} {} of each side in turn, {} processors.",
            if rounds == 1 { "round" } else { "rounds" },
            self.processors
        )?;
        if self.smoke {
            writeln!(
                f,
                "This run tells whether the rows can be measured; its numbers mean nothing."
            )?;
        }
        if let Some(load) = self.load_before.filter(|load| *load > BUSY) {
            writeln!(
                f,
                "The machine was busy before the start (load {load}): the spread says how much that matters."
            )?;
        }
        Ok(())
    }
}

/// 12345.6 is 12,346.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[test]
    fn thousands_are_set_apart() {
        for (number, text) in [
            (0.0, "0"),
            (999.4, "999"),
            (1_000.0, "1,000"),
            (1_234_567.8, "1,234,568"),
        ] {
            assert_eq!(thousands(number), text);
        }
    }

    #[test]
    fn a_row_without_a_round_of_both_sides_is_not_measured() {
        let options = BenchOptions::parse_from(["bench", "--smoke", "--only", "poll"]);
        let row = |rounds| BenchRow {
            measure: "m",
            ours_is: String::new(),
            baseline_is: String::new(),
            aim: 1.0,
            rounds,
        };
        for (rows, is_measured) in [
            (Vec::new(), false),
            (vec![row(Vec::new())], false),
            (
                vec![row(vec![Round {
                    ours: 1.0,
                    baseline: 0.0,
                }])],
                false,
            ),
            (
                vec![row(vec![Round {
                    ours: 1.0,
                    baseline: 2.0,
                }])],
                true,
            ),
        ] {
            let mut report = BenchReport::new(&options);
            report.rows = rows;
            assert_eq!(report.measured_all(&options.measures()), is_measured);
        }
    }

    #[test]
    fn the_ratio_is_the_median_of_the_ratios() {
        let round = |ours, baseline| Round { ours, baseline };
        let row = BenchRow {
            measure: "m",
            ours_is: String::new(),
            baseline_is: String::new(),
            aim: 1.0,
            // A slow phase of the machine that takes in two whole rounds.
            rounds: vec![round(10.0, 20.0), round(100.0, 200.0), round(1.0, 1.0)],
        };
        assert_eq!(row.ratio().median, 0.5);
        let json = serde_json::to_value(&row).unwrap();
        assert_eq!(json["ratio"]["most"], 1.0);
        assert_eq!(json["rounds"][1]["baseline"], 200.0);
    }
}
