//! Input that is not accepted as signals.

use serde_json::{Value, json};

use super::*;

#[test]
fn signals_that_are_malformed_or_contradict_themselves_are_refused() {
    let good = serde_json::to_value(a_person()).unwrap();
    assert_eq!(Signals::parse(&good), Ok(a_person()));
    let refused = |field: &str, value: Value| {
        let mut signals = good.clone();
        signals[field] = value;
        Signals::parse(&signals).is_err()
    };
    for (field, value) in [
        ("pointer", json!(-1)),
        ("pointer", json!(signals::MAX_EVENTS + 1)),
        ("key", json!(1.5)),
        ("webdriver", json!("no")),
        ("on_page_ms", json!(signals::MAX_ON_PAGE_MS + 1)),
        ("on_page_ms", json!(32 * 240 - 1)),
        ("intervals", json!(71)),
        ("canvas", json!("x")),
    ] {
        assert!(refused(field, value.clone()), "{field} {value}");
    }
    for (field, value) in [
        ("pointer", json!(signals::MAX_EVENTS)),
        ("on_page_ms", json!(signals::MAX_ON_PAGE_MS)),
        ("on_page_ms", json!(32 * 240)),
        ("intervals", json!(70)),
    ] {
        assert!(!refused(field, value.clone()), "{field} {value}");
    }
    assert!(Signals::parse(&json!({ "pointer": 1 })).is_err() && Signals::parse(&json!([])).is_err());
}
