//! Statistics that show whether a draw is fair.
//!
//! Each figure comes with the chance of one at least as odd if the draw is fair, so a test can
//! state how often it would be wrong.

use statrs::distribution::{ChiSquared, ContinuousCDF, Normal};

/// Fewest expected counts in a cell for which the chi-square distribution holds (rule of Cochran).
pub const LEAST_EXPECTED: f64 = 5.0;

/// How far counts differ from the expected ones.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChiSquare {
    /// The statistic: the sum of Pearson.
    pub statistic: f64,
    /// Degrees of freedom: counts that could be chosen freely.
    pub degrees_of_freedom: f64,
}

impl ChiSquare {
    /// Chi-square of counts that should all be equal.
    ///
    /// # Panics
    /// Fewer than two counts, or fewer than [`LEAST_EXPECTED`] expected in each. The figure would
    /// mean nothing.
    #[must_use]
    pub fn uniform(counts: &[u64]) -> ChiSquare {
        assert!(counts.len() > 1, "one count alone is always as expected");
        let expected = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
        assert!(expected >= LEAST_EXPECTED, "{expected} expected in each");
        ChiSquare {
            statistic: counts.iter().map(|&count| term(count, expected)).sum(),
            degrees_of_freedom: (counts.len() - 1) as f64,
        }
    }

    /// Chi-square of a table of counts whose rows and columns should be independent. Rows and
    /// columns without counts are left out.
    ///
    /// # Panics
    /// Rows of different length, or fewer than two of either. The figure would mean nothing.
    #[must_use]
    pub fn independent(table: &[Vec<u64>]) -> ChiSquare {
        let width = table.first().map_or(0, Vec::len);
        assert!(table.iter().all(|row| row.len() == width), "rows of one length");
        let rows: Vec<u64> = table.iter().map(|row| row.iter().sum()).collect();
        let columns: Vec<u64> = (0..width)
            .map(|column| table.iter().map(|row| row[column]).sum())
            .collect();
        let total = rows.iter().sum::<u64>() as f64;
        let filled = |sums: &[u64]| sums.iter().filter(|&&sum| sum > 0).count();
        let (height, width) = (filled(&rows), filled(&columns));
        assert!(height > 1 && width > 1, "two rows and two columns");
        let mut statistic = 0.0;
        for (row, &of_row) in table.iter().zip(&rows) {
            for (&count, &of_column) in row.iter().zip(&columns) {
                let expected = of_row as f64 * of_column as f64 / total;
                if expected > 0.0 {
                    statistic += term(count, expected);
                }
            }
        }
        ChiSquare {
            statistic,
            degrees_of_freedom: ((height - 1) * (width - 1)) as f64,
        }
    }

    /// The chance of a statistic at least as large if everything is as expected.
    #[must_use]
    pub fn chance(&self) -> f64 {
        ChiSquared::new(self.degrees_of_freedom).map_or(f64::NAN, |fair| fair.sf(self.statistic))
    }
}

fn term(count: u64, expected: f64) -> f64 {
    (count as f64 - expected).powi(2) / expected
}

/// The correlation of Pearson of pairs, computed in one pass.
#[derive(Clone, Copy, Debug, Default)]
pub struct Correlation {
    count: f64,
    means: [f64; 2],
    squares: [f64; 2],
    product: f64,
}

impl Correlation {
    /// Adds one pair.
    pub fn add(&mut self, first: f64, second: f64) {
        self.count += 1.0;
        // The method of Welford, because sums of squares of large numbers would lose the digits
        // that matter.
        let before = [first - self.means[0], second - self.means[1]];
        self.means[0] += before[0] / self.count;
        self.means[1] += before[1] / self.count;
        self.squares[0] += before[0] * (first - self.means[0]);
        self.squares[1] += before[1] * (second - self.means[1]);
        self.product += before[0] * (second - self.means[1]);
    }

    /// Number of pairs.
    #[must_use]
    pub fn count(&self) -> f64 {
        self.count
    }

    /// The correlation from -1 to 1; 0 if one side is always the same.
    #[must_use]
    pub fn coefficient(&self) -> f64 {
        let scale = (self.squares[0] * self.squares[1]).sqrt();
        if scale > 0.0 { self.product / scale } else { 0.0 }
    }

    /// Its distance from 0 in standard deviations. For pairs in random order the standard deviation
    /// is 1 / sqrt(pairs - 1).
    #[must_use]
    pub fn deviations(&self) -> f64 {
        self.coefficient() * (self.count - 1.0).max(0.0).sqrt()
    }

    /// The chance of a correlation at least as far from 0, in either direction, for pairs in random
    /// order.
    #[must_use]
    pub fn chance(&self) -> f64 {
        2.0 * Normal::standard().sf(self.deviations().abs())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values from tables: the 5 % point of chi-square with one and with ten degrees of freedom,
    /// and of the normal distribution.
    #[test]
    fn chances_are_those_of_the_tables() {
        for (statistic, degrees_of_freedom) in [(3.841, 1.0), (18.307, 10.0)] {
            let found = ChiSquare {
                statistic,
                degrees_of_freedom,
            };
            assert!((found.chance() - 0.05).abs() < 1e-4, "{found:?}");
        }
        let mut correlation = Correlation::default();
        (0..5).for_each(|x| correlation.add(f64::from(x), f64::from(x) * 3.0 - 7.0));
        assert!((correlation.coefficient() - 1.0).abs() < 1e-12);
        assert!(
            (correlation.chance() - 0.045_5).abs() < 1e-4,
            "two deviations: {}",
            correlation.chance()
        );
    }

    #[test]
    fn counts_as_expected_are_no_surprise_and_others_are() {
        assert_eq!(ChiSquare::uniform(&[10, 10, 10]).statistic, 0.0);
        assert_eq!(
            ChiSquare::uniform(&[5, 15]),
            ChiSquare {
                statistic: 5.0,
                degrees_of_freedom: 1.0
            }
        );
        let apart = ChiSquare::independent(&[vec![10, 20], vec![30, 60], vec![0, 0]]);
        assert_eq!((apart.statistic, apart.degrees_of_freedom), (0.0, 1.0));
        // Computed by hand: every cell is 5 away from its expected 10.
        let together = ChiSquare::independent(&[vec![15, 5], vec![5, 15]]);
        assert_eq!((together.statistic, together.degrees_of_freedom), (10.0, 1.0));
    }

    #[test]
    fn a_correlation_is_found_either_way_and_a_constant_has_none() {
        let of = |pairs: &[(f64, f64)]| {
            let mut found = Correlation::default();
            pairs.iter().for_each(|&(x, y)| found.add(x, y));
            found.coefficient()
        };
        assert!((of(&[(1e9, 2.0), (1e9 + 1.0, 1.0), (1e9 + 2.0, 0.0)]) + 1.0).abs() < 1e-9);
        assert!(of(&[(1.0, 1.0), (-1.0, 1.0), (1.0, -1.0), (-1.0, -1.0)]).abs() < 1e-12);
        assert_eq!(of(&[(1.0, 1.0), (1.0, 2.0)]), 0.0);
    }
}
