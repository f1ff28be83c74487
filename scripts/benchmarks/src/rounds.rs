//! Both sides in turn, A B A B …: what disturbs the machine for a while disturbs both, and each ratio is of two runs that
//! follow one another.

use serde::Serialize;

use crate::measured::Measured;

/// Operations per second of both sides, one right after the other.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Round {
    pub(crate) ours: f64,
    pub(crate) baseline: f64,
}

impl Round {
    pub(crate) fn ratio(&self) -> f64 {
        self.ours / self.baseline
    }
}

/// Runs `rounds` rounds; each side is told the number of the round.
pub(crate) async fn alternate(
    rounds: usize,
    mut ours: impl AsyncFnMut(usize) -> Measured<f64>,
    mut baseline: impl AsyncFnMut(usize) -> Measured<f64>,
) -> Measured<Vec<Round>> {
    let mut measured = Vec::with_capacity(rounds);
    for round in 0..rounds {
        let ours = ours(round).await?;
        let baseline = baseline(round).await?;
        if !(ours > 0.0 && baseline > 0.0) {
            return Err(format!("round {round} came to {ours} and {baseline} per second").into());
        }
        eprintln!("bench:   {ours:.0}/s beside {baseline:.0}/s: {:.2}", ours / baseline);
        measured.push(Round { ours, baseline });
    }
    Ok(measured)
}

/// The middle of several numbers, and how far they lie apart.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) most: f64,
}

impl Spread {
    /// Of at least one number.
    pub(crate) fn of(numbers: impl Iterator<Item = f64>) -> Spread {
        let mut sorted: Vec<f64> = numbers.collect();
        sorted.sort_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = if sorted.len().is_multiple_of(2) {
            f64::midpoint(sorted[middle - 1], sorted[middle])
        } else {
            sorted[middle]
        };
        Spread {
            median,
            least: sorted[0],
            most: sorted[sorted.len() - 1],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        for (numbers, median) in [
            (&[3.0][..], 3.0),
            (&[5.0, 1.0], 3.0),
            (&[9.0, 1.0, 2.0], 2.0),
            (&[4.0, 1.0, 3.0, 2.0], 2.5),
        ] {
            let spread = Spread::of(numbers.iter().copied());
            assert_eq!(spread.median, median, "{numbers:?}");
            assert!(spread.least <= median && median <= spread.most);
        }
    }

    #[tokio::test]
    async fn the_sides_take_turns() {
        let order = std::cell::RefCell::new(Vec::new());
        let rounds = alternate(
            2,
            async |round| {
                order.borrow_mut().push(('A', round));
                Ok(30.0)
            },
            async |round| {
                order.borrow_mut().push(('B', round));
                Ok(40.0)
            },
        )
        .await
        .unwrap();
        assert_eq!(*order.borrow(), [('A', 0), ('B', 0), ('A', 1), ('B', 1)]);
        assert_eq!(rounds[1].ratio(), 0.75);
    }

    #[tokio::test]
    async fn nothing_done_is_nothing_measured() {
        let nothing = alternate(1, async |_| Ok(0.0), async |_| Ok(1.0)).await;
        assert!(nothing.is_err());
    }
}
