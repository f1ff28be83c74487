use serde_json::{Value, json};

use super::{limits::*, *};

fn small() -> Value {
    json!({
        "event_id": "small",
        "name": "A small event",
        "starts_at": "2030-01-01T20:00:00Z",
        "on_sale_time": "2029-12-25T10:00:00Z",
        "currency": "EUR",
        "venue": {"name": "The hall", "city": "Berlin", "latitude": 52.5, "longitude": 13.4},
        "sections": [
            {"code": "A", "name": "Stalls", "price": "49.50", "fee": "4.95", "rows": [{"label": "1", "seats": 3}]},
        ],
        "limits": {"most_per_second": 10, "most_shoppers": 100},
    })
}

/// `small` with the value at `pointer` replaced.
fn with(pointer: &str, value: impl Into<Value>) -> Value {
    let mut event = small();
    let (parent, field) = pointer.rsplit_once('/').unwrap();
    event.pointer_mut(parent).unwrap()[field] = value.into();
    event
}

fn accepted(event: Value) -> bool {
    serde_json::from_value::<NewEvent>(event).is_ok_and(|event| event.check().is_ok())
}

fn rows(count: usize, seats: u32) -> Value {
    (0..count)
        .map(|row| json!({"label": row.to_string(), "seats": seats}))
        .collect()
}

fn sections(count: usize, rows_each: usize, seats: u32) -> Value {
    (0..count)
        .map(
            |n| json!({"code": format!("S{n}"), "name": "S", "price": "1", "fee": "0", "rows": rows(rows_each, seats)}),
        )
        .collect()
}

#[test]
fn every_limit_has_both_its_sides() {
    let text = |length: usize| "n".repeat(length);
    let cases = [
        ("/name", json!(text(MAX_NAME_LENGTH)), json!(text(MAX_NAME_LENGTH + 1))),
        ("/name", json!("n"), json!("")),
        ("/name", json!("é".repeat(100)), json!("€".repeat(67))),
        (
            "/venue/name",
            json!(text(MAX_NAME_LENGTH)),
            json!(text(MAX_NAME_LENGTH + 1)),
        ),
        ("/venue/city", json!(text(MAX_NAME_LENGTH)), json!(" Berlin")),
        ("/venue/latitude", json!(90.0), json!(90.01)),
        ("/venue/latitude", json!(-90.0), json!(-90.01)),
        ("/venue/longitude", json!(180.0), json!(180.01)),
        ("/venue/longitude", json!(-180.0), json!(-180.01)),
        (
            "/on_sale_time",
            json!("2030-01-01T19:59:59.999Z"),
            json!("2030-01-01T20:00:00Z"),
        ),
        ("/currency", json!("USD"), json!("JPY")),
        (
            "/sections",
            sections(MAX_SECTIONS, 1, 1),
            sections(MAX_SECTIONS + 1, 1, 1),
        ),
        ("/sections", sections(1, 1, 1), json!([])),
        ("/sections", sections(1, 100, 1_000), sections(1, 101, 1_000)),
        (
            "/sections/0/code",
            json!(text(MAX_SECTION_CODE_LENGTH)),
            json!(text(MAX_SECTION_CODE_LENGTH + 1)),
        ),
        ("/sections/0/code", json!("B2"), json!("B-2")),
        (
            "/sections/0/name",
            json!(text(MAX_NAME_LENGTH)),
            json!(text(MAX_NAME_LENGTH + 1)),
        ),
        ("/sections/0/price", json!("10000000.00"), json!("10000000.01")),
        ("/sections/0/fee", json!("0"), json!("-1")),
        ("/sections/0/rows", rows(MAX_ROWS, 1), rows(MAX_ROWS + 1, 1)),
        (
            "/sections/0/rows",
            rows(1, MAX_SEATS_OF_ROW),
            rows(1, MAX_SEATS_OF_ROW + 1),
        ),
        ("/sections/0/rows", rows(1, 1), rows(1, 0)),
        ("/sections/0/rows", rows(1, 1), json!([])),
        (
            "/sections/0/rows/0/label",
            json!(text(MAX_ROW_LABEL_LENGTH)),
            json!(text(MAX_ROW_LABEL_LENGTH + 1)),
        ),
        ("/limits/most_per_second", json!(1_000_000), json!(1_000_001)),
        ("/limits/most_per_second", json!(0.001), json!(0.0001)),
        (
            "/limits/most_shoppers",
            json!(MAX_MOST_SHOPPERS),
            json!(MAX_MOST_SHOPPERS + 1),
        ),
        ("/limits/most_shoppers", json!(1), json!(0)),
        ("/limits/per_person", json!(MAX_PER_PERSON), json!(MAX_PER_PERSON + 1)),
        ("/limits/per_person", json!(1), json!(0)),
        ("/limits/lock_ms", json!(LOCK_MS.least), json!(LOCK_MS.least - 1)),
        ("/limits/lock_ms", json!(LOCK_MS.most), json!(LOCK_MS.most + 1)),
        ("/limits/turn_ms", json!(TURN_MS.least), json!(TURN_MS.least - 1)),
        (
            "/limits/shopping_ms",
            json!(SHOPPING_MS.most),
            json!(SHOPPING_MS.most + 1),
        ),
        (
            "/limits/draw_window_ms",
            json!(DRAW_WINDOW_MS.least),
            json!(DRAW_WINDOW_MS.least - 1),
        ),
        ("/limits/challenge_max_number", json!(1_000), json!(999)),
        ("/limits/shards", json!(1024), json!(3)),
    ];
    for (pointer, inside, outside) in cases {
        assert!(accepted(with(pointer, inside)), "{pointer} inside");
        assert!(!accepted(with(pointer, outside)), "{pointer} outside");
    }
}

#[test]
fn codes_and_labels_are_unique() {
    let section = json!({"code": "A", "name": "A", "price": "1", "fee": "0", "rows": rows(1, 1)});
    assert!(!accepted(with("/sections", json!([section, section]))));
    let row = json!({"label": "1", "seats": 1});
    assert!(!accepted(with("/sections/0/rows", json!([row, row]))));
}

#[test]
fn an_unknown_field_is_a_slip_and_refused() {
    assert!(!accepted(with("/limits/most_per_minute", 1)));
    assert!(!accepted(with("/venue/country", "DE")));
}

#[test]
fn what_is_left_out_gets_its_default() {
    let event: NewEvent = serde_json::from_value(small()).unwrap();
    assert!(event.check().is_ok());
    assert_eq!(
        (event.limits.per_person, event.limits.lock_ms, event.limits.shards.get()),
        (8, 600_000, 64)
    );
}

#[test]
fn a_seat_is_named_by_section_row_and_number() {
    let event: NewEvent = serde_json::from_value(small()).unwrap();
    let ids: Vec<String> = event.sections[0].seats().map(|(_, _, id)| id).collect();
    assert_eq!(ids, ["A-1-1", "A-1-2", "A-1-3"]);
}
