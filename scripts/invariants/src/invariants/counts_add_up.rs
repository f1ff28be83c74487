//! Invariant 6: Per section, available + locked + sold = capacity: in every seats answer a fan got, and in every read
//! of Redis.

use std::collections::HashSet;

use super::{Findings, Invariant};
use crate::{evidence::CheckCount, sources::redis_sections::RedisSection};

/// What is judged. Each was judged when it was made: an answer by the load test, a read by [`section_fault`].
pub(crate) struct SectionCountFacts<'a> {
    /// Seats answers that fans got; none for a check without fans, which can judge Redis alone.
    pub(crate) answers: Option<&'a CheckCount>,
    /// Reads of Redis.
    pub(crate) reads: &'a CheckCount,
}

pub(crate) fn judge(facts: &SectionCountFacts<'_>) -> Invariant {
    let mut findings = Findings::default();
    let looked = |findings: &mut Findings, what: &str, looked: &CheckCount| {
        if looked.checked == 0 {
            findings.missing(format!("no {what}"));
        } else {
            findings.saw(format!(
                "{} {what}, all adding up",
                looked.checked - looked.faults.min(looked.checked)
            ));
        }
        for number in 0..looked.faults {
            let example = usize::try_from(number)
                .ok()
                .and_then(|number| looked.examples.get(number));
            findings.fault(example.cloned().unwrap_or_default());
        }
    };
    match facts.answers {
        Some(answers) => looked(&mut findings, "seats answers", answers),
        None => findings.saw("no fan was there to look at seats"),
    }
    looked(&mut findings, "reads of a section in Redis", facts.reads);
    findings.close(6)
}

/// What is wrong with a section as Redis holds it, if anything. `seats` are all of the section's, from PostgreSQL.
pub(crate) fn section_fault(section: &str, seats: &[String], state: &RedisSection) -> Option<String> {
    // A section that is not loaded: nothing is answered from it.
    let capacity = state.capacity?;
    let is_over = |seat: &str| state.due.get(seat).is_some_and(|&end| end <= state.now_ms);
    let sold = state.held.values().filter(|holder| holder.starts_with('S')).count() as u64;
    let locked = state.due.values().filter(|&&end| end > state.now_ms).count() as u64;
    let available = seats
        .iter()
        .filter(|seat| !state.held.contains_key(*seat) || is_over(seat))
        .count() as u64;

    let known: HashSet<&String> = seats.iter().collect();
    if capacity != seats.len() as u64 {
        return Some(format!(
            "section {section}: Redis has capacity {capacity}, the venue {} seats",
            seats.len()
        ));
    }
    if sold != state.sold {
        return Some(format!(
            "section {section}: {sold} seats are sold, the counter says {}",
            state.sold
        ));
    }
    if available + locked + sold != capacity {
        return Some(format!(
            "section {section}: {available} available + {locked} locked + {sold} sold is not {capacity}"
        ));
    }
    if let Some(seat) = state.held.keys().find(|seat| !known.contains(seat)) {
        return Some(format!("section {section}: {seat} is held and is not one of its seats"));
    }
    let lock_without_end =
        |(seat, holder): &(&String, &String)| !holder.starts_with('S') && !state.due.contains_key(*seat);
    if let Some((seat, _)) = state.held.iter().find(lock_without_end) {
        return Some(format!("section {section}: the lock of {seat} has no end"));
    }
    let end_without_lock = |seat: &&String| state.held.get(*seat).is_none_or(|holder| holder.starts_with('S'));
    let seat = state.due.keys().find(end_without_lock)?;
    Some(format!("section {section}: {seat} has an end of a lock and no lock"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seats() -> Vec<String> {
        ["A-1", "A-2", "A-3", "A-4"].map(str::to_owned).to_vec()
    }

    /// One locked, one sold, one whose lock is over, one free.
    fn state() -> RedisSection {
        RedisSection {
            now_ms: 1_000,
            capacity: Some(4),
            sold: 1,
            held: [("A-1", "Lcart"), ("A-2", "Sorder"), ("A-3", "Pcart")]
                .map(|(seat, holder)| (seat.to_owned(), holder.to_owned()))
                .into(),
            due: [("A-1", 1_001), ("A-3", 1_000)]
                .map(|(seat, end)| (seat.to_owned(), end))
                .into(),
        }
    }

    #[test]
    fn a_sound_section_holds_and_one_that_is_not_loaded_says_nothing() {
        assert_eq!(section_fault("1", &seats(), &state()), None);
        assert_eq!(
            section_fault(
                "1",
                &seats(),
                &RedisSection {
                    capacity: None,
                    ..state()
                }
            ),
            None
        );
    }

    #[test]
    fn every_doctored_section_is_noticed() {
        let doctored = |change: fn(&mut RedisSection)| {
            let mut state = state();
            change(&mut state);
            section_fault("1", &seats(), &state)
        };
        assert!(doctored(|state| state.sold = 2).is_some());
        assert!(doctored(|state| state.capacity = Some(5)).is_some());
        assert!(
            doctored(|state| {
                state.held.remove("A-1");
            })
            .is_some()
        );
        assert!(
            doctored(|state| {
                state.due.remove("A-1");
            })
            .is_some()
        );
        assert!(
            doctored(|state| {
                state.due.remove("A-3");
            })
            .is_some()
        );
        assert!(
            doctored(|state| {
                state.due.insert("A-2".to_owned(), 5_000);
            })
            .is_some()
        );
        assert!(
            doctored(|state| {
                state.due.insert("A-4".to_owned(), 900);
            })
            .is_some()
        );
        assert!(
            doctored(|state| {
                state.held.insert("B-1".to_owned(), "Lcart".to_owned());
            })
            .is_some()
        );
    }

    #[test]
    fn a_fault_in_any_look_is_a_fault() {
        let good = CheckCount {
            checked: 10,
            ..CheckCount::default()
        };
        let bad = CheckCount {
            checked: 10,
            faults: 1,
            examples: vec!["section 1".to_owned()],
        };
        let none = CheckCount::default();
        assert!(
            judge(&SectionCountFacts {
                answers: Some(&good),
                reads: &good
            })
            .held
        );
        assert!(
            !judge(&SectionCountFacts {
                answers: Some(&bad),
                reads: &good
            })
            .held
        );
        assert!(
            !judge(&SectionCountFacts {
                answers: Some(&good),
                reads: &bad
            })
            .held
        );
        assert!(
            !judge(&SectionCountFacts {
                answers: Some(&none),
                reads: &good
            })
            .held
        );
        assert!(
            !judge(&SectionCountFacts {
                answers: Some(&good),
                reads: &none
            })
            .held
        );
        assert!(
            judge(&SectionCountFacts {
                answers: None,
                reads: &good
            })
            .held
        );
        assert!(
            !judge(&SectionCountFacts {
                answers: None,
                reads: &none
            })
            .held
        );
        assert!(
            !judge(&SectionCountFacts {
                answers: None,
                reads: &bad
            })
            .held
        );
    }
}
