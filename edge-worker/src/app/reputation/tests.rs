use super::*;

const START: u64 = 1_000_000;
const PATIENCE_MS: u64 = 1_000;

impl Known {
    fn turns(&mut self, after_ms: u64, count: usize) -> Vec<Turn> {
        let now = UnixMillis(START + after_ms);
        (0..count).map(|_| self.turn(now, REFRESH_MS)).collect()
    }
}

#[test]
fn without_a_table_a_few_ask_and_the_others_wait_for_them() {
    let mut known = Known::new();
    assert_eq!(known.turns(0, MOST_QUESTIONS), [Turn::Ask; MOST_QUESTIONS]);
    assert_eq!(known.turns(0, 50), [Turn::Wait; 50]);
    assert!(known.may_come(UnixMillis(START)));
    known.table = Some(Rc::default());
    known.answered(UnixMillis(START), UnixMillis(START + REFRESH_MS));
    assert!(!known.may_come(UnixMillis(START + 1)), "it is there");
    assert_eq!(known.turns(REFRESH_MS - 1, 1), [Turn::GoOn]);
    assert_eq!(known.turns(REFRESH_MS, 2), [Turn::Ask, Turn::GoOn], "one is enough now");
}

#[test]
fn a_question_whose_join_was_dropped_is_in_nobodys_way_for_long() {
    let mut known = Known::new();
    known.turns(0, MOST_QUESTIONS);
    assert_eq!(known.turns(PATIENCE_MS - 1, 1), [Turn::Wait]);
    assert!(known.may_come(UnixMillis(START + PATIENCE_MS - 1)));
    assert!(!known.may_come(UnixMillis(START + PATIENCE_MS)));
    assert_eq!(known.turns(PATIENCE_MS, 1), [Turn::Ask]);
}

#[test]
fn after_a_question_that_failed_nobody_asks_or_waits_for_a_moment() {
    let mut known = Known::new();
    known.turns(0, MOST_QUESTIONS);
    known.answered(UnixMillis(START), UnixMillis(START + 10 + RETRY_MS));
    assert!(!known.may_come(UnixMillis(START + 10)));
    assert_eq!(known.turns(10, 1), [Turn::GoOn]);
    assert_eq!(known.turns(10 + RETRY_MS, 1), [Turn::Ask]);
}
