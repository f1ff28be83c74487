//! What was measured, as a table for people and as JSON for programs.

use std::fmt::{self, Display, Formatter};

use serde::{Serialize, Serializer, ser::SerializeStruct};

use crate::rounds::{Round, Spread};

/// Above this load average before the start, other work took part of the machine from both sides, not always evenly.
const BUSY: f64 = 1.5;

/// One measure.
pub(crate) struct Row {
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

impl Row {
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

impl Serialize for Row {
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
pub(crate) struct Report {
    quick: bool,
    processors: usize,
    load_before: Option<f64>,
    pub(crate) load_after: Option<f64>,
    pub(crate) rows: Vec<Row>,
    pub(crate) not_measured: Vec<&'static str>,
}

impl Report {
    pub(crate) fn new(quick: bool) -> Report {
        Report {
            quick,
            processors: std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            load_before: load(),
            load_after: None,
            rows: Vec::new(),
            not_measured: Vec::new(),
        }
    }
}

/// The kernel's load average of the last minute.
pub(crate) fn load() -> Option<f64> {
    let text = std::fs::read_to_string("/proc/loadavg").ok()?;
    text.split(' ').next()?.parse().ok()
}

impl Display for Report {
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
            "\n{rounds} rounds of each side in turn, {} processors.",
            self.processors
        )?;
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
    fn the_ratio_is_the_median_of_the_ratios() {
        let round = |ours, baseline| Round { ours, baseline };
        let row = Row {
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
