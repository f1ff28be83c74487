//! How a protected site answers, as gates count it.
//!
//! Sessions are in groups by their names, and gates count for each group by itself. However many
//! requests a client sends, and through however many instances, they are counted in the one group of
//! its session; [`SiteAnswers::weighed`] says how much a group can say. A gate needs to remember no
//! session for that, and counts can be added up anywhere.

use serde::{Deserialize, Serialize};

use crate::sessions::SessionMark;

/// Into so many groups the sessions of an event are divided, by chance.
pub const ANSWER_GROUPS: usize = 32;
/// A group weighs as much as this many answers at most, with the mean of all its answers. So one
/// session is at most a tenth of [`LEAST_ANSWERS`](super::LEAST_ANSWERS) answers, below which nothing
/// is said, and with the default limit cannot brake a site by itself.
pub const GROUP_WEIGHT: u64 = 2;

/// Numbers of answers. Each request is counted once: when its answer begins, or earlier when it has
/// waited for so long that it is slow.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AnswerCounts {
    /// Answers in time, of any status below 500.
    pub well: u64,
    /// Answers of 500 and above, and requests that got none.
    pub failed: u64,
    /// Answers that had not begun in time.
    pub slow: u64,
}

impl AnswerCounts {
    /// All of them.
    #[must_use]
    pub fn total(self) -> u64 {
        self.well.saturating_add(self.failed).saturating_add(self.slow)
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        *self == AnswerCounts::default()
    }

    fn add(&mut self, other: AnswerCounts) {
        self.well = self.well.saturating_add(other.well);
        self.failed = self.failed.saturating_add(other.failed);
        self.slow = self.slow.saturating_add(other.slow);
    }

    fn checked_sub(self, earlier: AnswerCounts) -> Option<AnswerCounts> {
        Some(AnswerCounts {
            well: self.well.checked_sub(earlier.well)?,
            failed: self.failed.checked_sub(earlier.failed)?,
            slow: self.slow.checked_sub(earlier.slow)?,
        })
    }
}

/// A group of sessions, below [`ANSWER_GROUPS`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AnswerGroup(usize);

impl AnswerGroup {
    /// The group of a session by its name, the `jti` of its shop token.
    #[must_use]
    pub fn of(session: &str) -> AnswerGroup {
        let mark = SessionMark::of(session).map_or(0, |mark| mark.0);
        AnswerGroup((mark % ANSWER_GROUPS as u64) as usize)
    }

    /// All groups, in order.
    pub fn all() -> impl Iterator<Item = AnswerGroup> {
        (0..ANSWER_GROUPS).map(AnswerGroup)
    }

    /// Its number.
    #[must_use]
    pub fn number(self) -> usize {
        self.0
    }
}

/// The answers of a site by group of sessions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<CountedGroup>", into = "Vec<CountedGroup>")]
pub struct SiteAnswers {
    groups: [AnswerCounts; ANSWER_GROUPS],
}

/// What is written of a group in which something was counted: its number, and how many answers were
/// well, failed and slow.
type CountedGroup = (usize, u64, u64, u64);

impl From<Vec<CountedGroup>> for SiteAnswers {
    fn from(counted: Vec<CountedGroup>) -> SiteAnswers {
        let mut answers = SiteAnswers::default();
        for (group, well, failed, slow) in counted {
            if let Some(counts) = answers.groups.get_mut(group) {
                *counts = AnswerCounts { well, failed, slow };
            }
        }
        answers
    }
}

impl From<SiteAnswers> for Vec<CountedGroup> {
    fn from(answers: SiteAnswers) -> Vec<CountedGroup> {
        let counted = answers.counted();
        counted
            .map(|(group, counts)| (group.number(), counts.well, counts.failed, counts.slow))
            .collect()
    }
}

impl SiteAnswers {
    /// Answers to sessions of one group.
    #[must_use]
    pub fn of(group: AnswerGroup, counts: AnswerCounts) -> SiteAnswers {
        let mut answers = SiteAnswers::default();
        answers.groups[group.number()] = counts;
        answers
    }

    /// The groups in which something was counted.
    pub fn counted(self) -> impl Iterator<Item = (AnswerGroup, AnswerCounts)> {
        let all = AnswerGroup::all().zip(self.groups);
        all.filter(|(_, counts)| !counts.is_empty())
    }

    /// All groups together.
    #[must_use]
    pub fn sum(self) -> AnswerCounts {
        let mut sum = AnswerCounts::default();
        self.groups.iter().for_each(|counts| sum.add(*counts));
        sum
    }

    /// Whether nothing was counted.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.groups.iter().all(AnswerCounts::is_empty)
    }

    /// Adds the counts of others. A sum stays at the largest number instead of wrapping.
    pub fn add(&mut self, other: SiteAnswers) {
        let both = self.groups.iter_mut().zip(other.groups);
        both.for_each(|(counts, more)| counts.add(more));
    }

    /// What was counted since `earlier`. If any count is smaller than it was, all began anew.
    #[must_use]
    pub fn since(self, earlier: SiteAnswers) -> SiteAnswers {
        let mut since = self;
        for (counts, before) in since.groups.iter_mut().zip(earlier.groups) {
            match counts.checked_sub(before) {
                Some(difference) => *counts = difference,
                None => return self,
            }
        }
        since
    }

    /// The shares of all answers, each group with a weight of at most [`GROUP_WEIGHT`].
    #[must_use]
    pub fn weighed(self) -> WeighedAnswers {
        let mut weighed = WeighedAnswers::default();
        for (_, counts) in self.counted() {
            let total = counts.total();
            let weight = total.min(GROUP_WEIGHT);
            let part = |count: u64| {
                let part = u128::from(count) * u128::from(weight * WHOLE_ANSWER) / u128::from(total);
                u64::try_from(part).expect("no more than the weight")
            };
            weighed.total += weight * WHOLE_ANSWER;
            weighed.failed += part(counts.failed);
            weighed.slow += part(counts.slow);
        }
        weighed
    }
}

/// An answer, in the parts in which [`WeighedAnswers`] counts.
pub(super) const WHOLE_ANSWER: u64 = 1_000_000;

/// Numbers of answers that a site is judged by, in millionths of an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct WeighedAnswers {
    /// All of them.
    pub total: u64,
    /// Those that failed.
    pub failed: u64,
    /// Those that were slow.
    pub slow: u64,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts(well: u64, failed: u64, slow: u64) -> AnswerCounts {
        AnswerCounts { well, failed, slow }
    }

    fn of(group: usize, counts: AnswerCounts) -> SiteAnswers {
        SiteAnswers::of(AnswerGroup(group), counts)
    }

    #[test]
    fn counts_add_up_and_counts_that_began_anew_are_all_new() {
        let (one, other) = (of(3, counts(1, 2, 3)), of(3, counts(10, 20, 30)));
        let mut sum = one;
        sum.add(other);
        sum.add(of(7, counts(5, 0, 0)));
        assert_eq!(sum.sum(), counts(16, 22, 33));
        assert_eq!(sum.sum().total(), 71);
        let mut since = other;
        since.add(of(7, counts(5, 0, 0)));
        assert_eq!(sum.since(one), since);
        assert!(sum.since(sum).is_empty());
        let anew = of(7, counts(9, 0, 0));
        assert_eq!(anew.since(sum), anew, "group 3 has less than it had");
        sum.add(of(3, counts(u64::MAX, 0, 0)));
        assert_eq!(sum.sum().total(), u64::MAX);
        let saturated = sum.weighed();
        assert_eq!(saturated.total, 4 * WHOLE_ANSWER);
    }

    #[test]
    fn what_was_counted_is_read_as_it_is_written_and_an_empty_group_takes_no_room() {
        let mut answers = of(0, counts(1, 0, 2));
        answers.add(of(31, counts(0, 9, 0)));
        let json = serde_json::to_string(&answers).unwrap();
        assert_eq!(json, "[[0,1,0,2],[31,0,9,0]]");
        assert_eq!(serde_json::from_str::<SiteAnswers>(&json).unwrap(), answers);
        let stray = serde_json::from_str::<SiteAnswers>("[[32,1,1,1]]").unwrap();
        assert!(stray.is_empty());
    }

    #[test]
    fn a_session_is_always_in_the_same_group_and_sessions_spread_over_all() {
        let session = |number: u64| format!("{:016x}{number:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut sizes = [0; ANSWER_GROUPS];
        for number in 0..3_200 {
            let group = AnswerGroup::of(&session(number));
            assert_eq!(group, AnswerGroup::of(&session(number)));
            sizes[group.number()] += 1;
        }
        assert!(sizes.iter().all(|size| (50..200).contains(size)), "{sizes:?}");
        assert_eq!(AnswerGroup::of("a name that no session has"), AnswerGroup(0));
    }

    #[test]
    fn a_group_weighs_no_more_than_two_answers_and_says_the_mean_of_all() {
        let whole = WHOLE_ANSWER;
        let weighed = |total, failed, slow| WeighedAnswers { total, failed, slow };
        assert_eq!(of(1, counts(0, 1, 0)).weighed(), weighed(whole, whole, 0));
        assert_eq!(of(1, counts(30, 10, 0)).weighed(), weighed(2 * whole, whole / 2, 0));
        let mut both = of(1, counts(0, 1_000_000, 0));
        both.add(of(2, counts(3, 0, 1)));
        assert_eq!(both.weighed(), weighed(4 * whole, 2 * whole, whole / 2));
    }
}
