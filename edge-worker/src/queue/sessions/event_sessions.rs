//! What an event's coordinator knows of sessions, where it is one object that holds them in memory.

use std::collections::{BTreeMap, HashSet, VecDeque};

use stanchion_shared::{
    ids::Shard,
    sessions::{ENDED_PER_PAGE, EndedSession, MOST_ENDED, NEWEST_ENDED, NewestEnded, SessionMark, SessionTotals},
    timestamp::UnixMillis,
};

use super::SessionReport;

/// The counts of all shards, and the list of ended sessions.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventSessions {
    shards: BTreeMap<Shard, SessionTotals>,
    /// The position of the first entry of `ended`.
    first: u64,
    ended: VecDeque<EndedSession>,
    marks: HashSet<SessionMark>,
}

/// What a report changed, to be written.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct NotedSessions {
    /// The shard's counts, if they have grown.
    pub(crate) totals: Option<SessionTotals>,
    /// Entries of the list that are new, by position.
    pub(crate) added: Vec<(u64, EndedSession)>,
    /// The list begins at this position now.
    pub(crate) first: u64,
}

impl EventSessions {
    /// As it was stored: the counts of shards, and the list by position.
    pub(crate) fn stored(
        shards: BTreeMap<Shard, SessionTotals>,
        ended: impl IntoIterator<Item = (u64, EndedSession)>,
        end: u64,
    ) -> EventSessions {
        let ended: VecDeque<EndedSession> = ended.into_iter().map(|(_, one)| one).collect();
        EventSessions {
            shards,
            first: end - ended.len() as u64,
            marks: ended.iter().map(|one| one.session).collect(),
            ended,
        }
    }

    /// Takes over a report. One that is repeated or was overtaken changes nothing. Forgets sessions
    /// whose tokens have ended, from the oldest on.
    pub(crate) fn note(&mut self, report: SessionReport, now: UnixMillis) -> NotedSessions {
        let known = self.shards.entry(report.shard).or_default();
        let before = *known;
        known.grow(report.totals);
        let totals = (*known != before).then_some(*known);
        let mut added = Vec::new();
        for one in report.ended {
            if one.until > now.floor_seconds() && self.marks.insert(one.session) {
                added.push((self.end(), one));
                self.ended.push_back(one);
            }
        }
        let is_over = |oldest: &EndedSession| oldest.until <= now.floor_seconds();
        while self.ended.len() > MOST_ENDED || self.ended.front().is_some_and(is_over) {
            if let Some(forgotten) = self.ended.pop_front() {
                self.marks.remove(&forgotten.session);
                self.first += 1;
            }
        }
        added.retain(|(position, _)| *position >= self.first);
        let first = self.first;
        NotedSessions { totals, added, first }
    }

    /// The position after the last entry of the list.
    pub(crate) fn end(&self) -> u64 {
        self.first + self.ended.len() as u64
    }

    /// The counts of all shards together.
    pub(crate) fn totals(&self) -> SessionTotals {
        self.shards.values().copied().sum()
    }

    /// The end of the list.
    pub(crate) fn newest(&self) -> NewestEnded {
        let from = self.ended.len().saturating_sub(NEWEST_ENDED);
        NewestEnded {
            begin: self.first,
            end: self.end(),
            newest: self.ended.range(from..).copied().collect(),
        }
    }

    /// A page of the list.
    pub(crate) fn page(&self, page: u64) -> Vec<EndedSession> {
        let from = page.saturating_mul(ENDED_PER_PAGE);
        let to = from.saturating_add(ENDED_PER_PAGE);
        let within = |position: u64| position.clamp(self.first, self.end()) - self.first;
        let range = within(from) as usize..within(to) as usize;
        self.ended.range(range).copied().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn ended(mark: u64, until: u64) -> EndedSession {
        EndedSession {
            session: SessionMark(mark),
            until,
        }
    }

    fn totals(begun: u64, over: u64) -> SessionTotals {
        SessionTotals {
            begun,
            over,
            ..SessionTotals::default()
        }
    }

    fn report(shard: u16, begun: u64, over: u64, ended: Vec<EndedSession>) -> SessionReport {
        SessionReport {
            shard: Shard(shard),
            totals: totals(begun, over),
            ended,
            slots_used: Vec::new(),
        }
    }

    #[test]
    fn the_counts_of_all_shards_are_summed_and_a_report_that_is_repeated_changes_nothing() {
        let mut sessions = EventSessions::default();
        let first = report(0, 5, 2, vec![ended(7, 2_000)]);
        let noted = sessions.note(first.clone(), NOW);
        assert_eq!(noted.totals, Some(totals(5, 2)));
        assert_eq!((noted.added, noted.first), (vec![(0, ended(7, 2_000))], 0));
        let again = sessions.note(first, NOW);
        assert_eq!((again.totals, again.added), (None, vec![]));
        sessions.note(report(3, 4, 4, vec![]), NOW);
        assert_eq!(sessions.totals(), totals(9, 6));
        assert_eq!(sessions.totals().active(), 3);
    }

    #[test]
    fn an_entry_keeps_its_position_until_its_token_has_ended() {
        let mut sessions = EventSessions::default();
        sessions.note(
            report(0, 9, 9, vec![ended(1, 1_001), ended(2, 1_003), ended(3, 1_002)]),
            NOW,
        );
        assert_eq!(sessions.newest().first(), 0);
        let noted = sessions.note(report(0, 9, 9, vec![]), NOW.plus(1_000));
        assert_eq!(noted.first, 1);
        // The oldest that is left holds the others.
        let noted = sessions.note(report(0, 9, 9, vec![ended(4, 1_009), ended(5, 1_002)]), NOW.plus(2_999));
        assert_eq!((noted.first, noted.added), (1, vec![(3, ended(4, 1_009))]));
        let noted = sessions.note(report(0, 9, 9, vec![]), NOW.plus(3_000));
        assert_eq!(noted.first, 3);
        assert_eq!((sessions.end(), sessions.page(0)), (4, vec![ended(4, 1_009)]));
    }

    #[test]
    fn pages_and_the_newest_are_parts_of_one_list() {
        let mut sessions = EventSessions::default();
        let all: Vec<EndedSession> = (0..2_500).map(|mark| ended(mark, 9_000)).collect();
        sessions.note(report(0, 2_500, 2_500, all.clone()), NOW);
        let pages: Vec<EndedSession> = (0..4).flat_map(|page| sessions.page(page)).collect();
        assert_eq!(pages, all);
        assert_eq!(sessions.page(2).len(), 452);
        let newest = sessions.newest();
        assert_eq!((newest.end, newest.first()), (2_500, 2_500 - NEWEST_ENDED as u64));
        assert_eq!(newest.newest, all[2_500 - NEWEST_ENDED..]);
        let entries = (0..).zip(all);
        let stored = EventSessions::stored(BTreeMap::new(), entries, 2_500);
        assert_eq!((stored.newest(), stored.page(1)), (newest, sessions.page(1)));
    }

    #[test]
    fn beyond_the_limit_the_oldest_is_forgotten() {
        let mut sessions = EventSessions::default();
        let all: Vec<EndedSession> = (0..MOST_ENDED as u64).map(|mark| ended(mark, 9_000)).collect();
        assert_eq!(sessions.note(report(0, 0, 0, all), NOW).first, 0);
        let more = sessions.note(report(0, 0, 0, vec![ended(u64::MAX, 9_000)]), NOW);
        assert_eq!(more.first, 1);
        assert_eq!(sessions.end(), MOST_ENDED as u64 + 1);
    }
}
