use super::*;

fn guards(query: &str, parameter: &str, value: Option<&str>) -> Certainty {
    let condition = QueryCondition {
        parameter: parameter.to_owned(),
        value: value.map(str::to_owned),
    };
    condition.check().unwrap();
    condition.guards(&SiteQuery::read(query, b"", false))
}

#[test]
fn a_parameter_is_there_or_has_a_value() {
    for (query, there, has_value) in [
        ("event=42", Certainty::Surely, Certainty::Surely),
        ("a=b&event=42&c", Certainty::Surely, Certainty::Surely),
        ("event=%34%32", Certainty::Surely, Certainty::Surely),
        ("event=7", Certainty::Surely, Certainty::No),
        ("event", Certainty::Surely, Certainty::No),
        ("event=", Certainty::Surely, Certainty::No),
        ("event=abc", Certainty::Surely, Certainty::No),
        ("", Certainty::No, Certainty::No),
        ("events=42&myevent=42", Certainty::No, Certainty::No),
        ("next=%2Fshop%3Fevent%3D42", Certainty::No, Certainty::No),
        ("q=100%&utm_source=caf%E9", Certainty::No, Certainty::No),
    ] {
        assert_eq!(guards(query, "event", None), there, "{query}");
        assert_eq!(guards(query, "event", Some("42")), has_value, "{query}");
    }
}

#[test]
fn no_strange_spelling_of_a_name_is_open() {
    for query in [
        "Event=7",
        "EVENT=7",
        "%65vent=7",
        "e%76ent=7",
        "+event=7",
        "event+=7",
        "%20event=7",
        "event[]=7",
        "event%5B%5D=7",
        "event[0]=7",
        "event[=7",
        "event.=7",
        "event_=7",
        "?event=7",
        "ｅvent=7",
        "\u{e9}vent=7",
        "e%CC%81vent=7",
        "%EF%BD%85vent=7",
        "eve%E2%80%8Bnt=7",
        "event=42&event=7",
        "event=7&event=42",
        "event=7&Event=42",
        "a;event=42",
        "a=b;event=42",
        "amp;event=42",
        "%2565vent=42",
        "%u0065vent=42",
        "event%00=42",
        "%FFevent=42",
        "event%0d=42",
    ] {
        assert_ne!(guards(query, "event", Some("42")), Certainty::No, "{query}");
        assert_ne!(guards(query, "event", None), Certainty::No, "{query}");
    }
    assert_eq!(
        guards("tx_shop%5Bevent%5d=7", "tx_shop[event]", Some("42")),
        Certainty::No
    );
    for query in [
        "tx_shop%5Bevent%5D=42",
        "tx_shop[event]=42",
        "tx.shop[event]=42",
        "TX_SHOP[EVENT]=42",
    ] {
        assert_ne!(guards(query, "tx_shop[event]", Some("42")), Certainty::No, "{query}");
    }
}

#[test]
fn no_strange_spelling_of_a_value_is_open() {
    for value in [
        "042",
        "+42",
        "%2B42",
        "42+",
        "%2042",
        "42.0",
        "42abc",
        "42,7",
        "0x2a",
        "4.2e1",
        "-42",
        "4294967338",
        "%EF%BC%94%EF%BC%92",
        "%D9%A4%D9%A2",
        "%2534%2532",
        "42%00",
        "%FF",
        "42%",
        "4%E2%80%8B2",
        "42;",
    ] {
        assert_ne!(
            guards(&format!("event={value}"), "event", Some("42")),
            Certainty::No,
            "{value}"
        );
    }
    for value in [
        "SPRING",
        "%73pring",
        "spring+",
        "sprin%C4%A1",
        "ｓpring",
        "spring%00",
        "%2573pring",
        "spr%E2%80%8Bing",
    ] {
        assert_ne!(
            guards(&format!("event={value}"), "event", Some("spring")),
            Certainty::No,
            "{value}"
        );
    }
    for value in ["", "zero", "00", "0x0", "-0"] {
        assert_ne!(
            guards(&format!("event={value}"), "event", Some("0")),
            Certainty::No,
            "{value}"
        );
    }
    for value in ["summer", "springs", "spring-2", "42", "%2Fspring"] {
        assert_eq!(
            guards(&format!("event={value}"), "event", Some("spring")),
            Certainty::No,
            "{value}"
        );
    }
    for value in ["43", "420", "4", "0", "spring", "a42"] {
        assert_eq!(
            guards(&format!("event={value}"), "event", Some("42")),
            Certainty::No,
            "{value}"
        );
    }
}

#[test]
fn what_a_body_may_add_and_what_is_too_much_is_guarded_and_not_for_certain() {
    let condition = QueryCondition {
        parameter: "event".to_owned(),
        value: Some("42".to_owned()),
    };
    for query in ["", "event=7", "event=42"] {
        assert_eq!(
            condition.guards(&SiteQuery::read(query, b"", true)),
            Certainty::Perhaps,
            "{query}"
        );
    }
    let many = |count: usize| vec!["a=b"; count].join("&");
    assert_eq!(guards(&many(MOST_PARAMETERS), "event", None), Certainty::No);
    assert_eq!(guards(&many(MOST_PARAMETERS + 1), "event", None), Certainty::Perhaps);
}

#[test]
fn a_condition_is_kept_within_its_limits() {
    let check = |parameter: &str, value: Option<String>| {
        QueryCondition {
            parameter: parameter.to_owned(),
            value,
        }
        .check()
        .is_ok()
    };
    assert!(check(&"a".repeat(MAX_PARAMETER_LENGTH), None));
    assert!(!check(&"a".repeat(MAX_PARAMETER_LENGTH + 1), None));
    for name in ["", "a b", "a=b", "a&b", "a%20", "\u{e9}", "[a]", ".a", "-a"] {
        assert!(!check(name, None), "{name}");
    }
    assert!(check("a", Some("x".repeat(MAX_PARAMETER_VALUE_LENGTH))));
    assert!(!check("a", Some("x".repeat(MAX_PARAMETER_VALUE_LENGTH + 1))));
    assert!(check("a", Some(String::new())));
    assert!(!check("a", Some(" x".to_owned())));
    assert!(!check("a", Some("x\n".to_owned())));
}

#[test]
fn a_parameter_may_be_in_brackets_in_a_list_or_in_a_cookie() {
    for query in [
        "filter[event]x=42",
        "filter[event][x=42",
        "filter[event][0]=42",
        "filter%5Bevent%5D[]=42",
    ] {
        assert_eq!(
            guards(query, "filter[event]", Some("42")),
            Certainty::Perhaps,
            "{query}"
        );
    }
    assert_eq!(guards("filter[events]=42", "filter[event]", None), Certainty::No);
    assert_eq!(
        guards("event=spring,summer", "event", Some("spring")),
        Certainty::Perhaps
    );
    assert_eq!(guards("event=autumn,summer", "event", Some("spring")), Certainty::No);
    let condition = QueryCondition {
        parameter: "event".to_owned(),
        value: Some("7".to_owned()),
    };
    let with_cookies = |cookies: &[u8]| condition.guards(&SiteQuery::read("", cookies, false));
    assert_eq!(with_cookies(b"a=1; event=7"), Certainty::Perhaps);
    assert_eq!(with_cookies(b"a=1; Event=8"), Certainty::Perhaps);
    assert_eq!(with_cookies(b"a=event; events=7"), Certainty::No);
}

#[test]
fn more_parameters_than_are_looked_at_are_guarded_and_cost_nothing() {
    let many = |count: usize| vec!["a"; count].join("&");
    let read = |count| SiteQuery::read(&many(count), b"", false);
    assert_eq!(
        (read(MOST_PARAMETERS).parameters.len(), read(MOST_PARAMETERS).elsewhere),
        (MOST_PARAMETERS, Certainty::No)
    );
    let long = read(MOST_PARAMETERS + 1);
    assert_eq!((long.parameters.len(), long.elsewhere), (0, Certainty::Perhaps));
}
