use super::*;

const START: u64 = 1_000_000;
const PATIENCE_MS: u64 = 1_000;

impl TableCache {
    fn turns(&mut self, after_ms: u64, count: usize) -> Vec<NextStep> {
        let now = UnixMillis(START + after_ms);
        (0..count).map(|_| self.next_step(now, REFRESH_MS)).collect()
    }
}

#[test]
fn without_a_table_a_few_ask_and_the_others_wait_for_them() {
    let mut cache = TableCache::new();
    assert_eq!(cache.turns(0, MOST_QUESTIONS), [NextStep::Ask; MOST_QUESTIONS]);
    assert_eq!(cache.turns(0, 50), [NextStep::Wait; 50]);
    assert!(cache.may_come(UnixMillis(START)));
    cache.table = Some(Rc::default());
    cache.answered(UnixMillis(START), UnixMillis(START + REFRESH_MS));
    assert!(!cache.may_come(UnixMillis(START + 1)), "it is there");
    assert_eq!(cache.turns(REFRESH_MS - 1, 1), [NextStep::GoOn]);
    assert_eq!(
        cache.turns(REFRESH_MS, 2),
        [NextStep::Ask, NextStep::GoOn],
        "one is enough now"
    );
}

#[test]
fn a_question_whose_join_was_dropped_is_in_nobodys_way_for_long() {
    let mut cache = TableCache::new();
    cache.turns(0, MOST_QUESTIONS);
    assert_eq!(cache.turns(PATIENCE_MS - 1, 1), [NextStep::Wait]);
    assert!(cache.may_come(UnixMillis(START + PATIENCE_MS - 1)));
    assert!(!cache.may_come(UnixMillis(START + PATIENCE_MS)));
    assert_eq!(cache.turns(PATIENCE_MS, 1), [NextStep::Ask]);
}

#[test]
fn after_a_question_that_failed_nobody_asks_or_waits_for_a_moment() {
    let mut cache = TableCache::new();
    cache.turns(0, MOST_QUESTIONS);
    cache.answered(UnixMillis(START), UnixMillis(START + 10 + RETRY_MS));
    assert!(!cache.may_come(UnixMillis(START + 10)));
    assert_eq!(cache.turns(10, 1), [NextStep::GoOn]);
    assert_eq!(cache.turns(10 + RETRY_MS, 1), [NextStep::Ask]);
}
