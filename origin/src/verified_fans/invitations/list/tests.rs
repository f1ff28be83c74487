use super::*;

fn parsed(format: ListFormat, text: &str) -> Vec<(u64, String)> {
    let list = AddressList::parse(format, text.as_bytes()).unwrap();
    list.entries
        .iter()
        .map(|(line, email)| (*line, email.as_str().to_owned()))
        .collect()
}

fn refusal(format: ListFormat, text: &[u8]) -> ListError {
    AddressList::parse(format, text).unwrap_err()
}

fn told(format: ListFormat, text: &str) -> String {
    refusal(format, text.as_bytes()).to_string()
}

#[test]
fn a_plain_list_has_one_address_per_line_and_may_have_blank_ones() {
    let list = "\u{feff}Fan@Example.org\r\n\r\n  b@example.org \nfan@example.org";
    assert_eq!(
        parsed(ListFormat::Plain, list),
        [(1, "fan@example.org".to_owned()), (3, "b@example.org".to_owned())]
    );
    let list = AddressList::parse(ListFormat::Plain, list.as_bytes()).unwrap();
    assert_eq!(list.repeated.len(), 1);
    assert_eq!(
        (list.repeated[0].0, list.repeated[0].1.as_str()),
        (4, "fan@example.org")
    );
}

#[test]
fn a_csv_list_is_read_by_its_heading_whatever_separates_and_quotes() {
    let expected = [(2, "a@example.org".to_owned()), (4, "b@example.org".to_owned())];
    for list in [
        "email\na@example.org\n\nb@example.org\n",
        "name, E-Mail ,city\nA,a@example.org,Bonn\n,,\n\"B, Jr.\",\"B@example.org\",Köln",
        "\u{feff}Name;EMAIL\r\nA;a@example.org\r\n;\r\nB;b@example.org\r\n",
        "name\tmail\nA\ta@example.org\n\t\nB\tb@example.org",
    ] {
        assert_eq!(parsed(ListFormat::Csv, list), expected, "{list}");
    }
    // A quoted line break is part of a cell, and counts as a line all the same.
    let list = "email,note\na@example.org,\"two\nlines\"\nb@example.org,";
    assert_eq!(parsed(ListFormat::Csv, list), expected);
}

#[test]
fn one_bad_line_spoils_the_list_and_is_named() {
    let error = refusal(ListFormat::Plain, b"a@example.org\nno address\nb@example.org\n@");
    assert!(
        error
            .to_string()
            .contains("2 lines are no addresses, the first is line 2"),
        "{error}"
    );
    assert!(told(ListFormat::Csv, "email,name\na@example.org,A\n,B\n").contains("line 3"));
    assert!(told(ListFormat::Csv, "name,email\nA,a@example.org\nB\n").contains("line 3"));
}

#[test]
fn what_is_no_list_is_said() {
    assert!(told(ListFormat::Plain, " \n\n").contains("no addresses"));
    assert!(told(ListFormat::Csv, "email\n").contains("no addresses"));
    assert!(told(ListFormat::Csv, "").contains("must name the columns"));
    assert!(told(ListFormat::Csv, "a@example.org\nb@example.org").contains("must name the columns"));
    assert!(
        refusal(ListFormat::Plain, b"a@example.org\n\xff")
            .to_string()
            .contains("UTF-8")
    );
}

#[test]
fn a_list_has_so_many_lines_and_no_more() {
    let list = |lines: usize| (0..lines).map(|n| format!("f{n}@example.org\n")).collect::<String>();
    assert_eq!(parsed(ListFormat::Plain, &list(MAX_LIST_LINES)).len(), MAX_LIST_LINES);
    assert!(told(ListFormat::Plain, &list(MAX_LIST_LINES + 1)).contains("more than 100000"));
}

#[test]
fn a_media_type_may_have_parameters_and_any_case() {
    assert_eq!(ListFormat::of("Text/CSV; charset=utf-8"), Some(ListFormat::Csv));
    assert_eq!(ListFormat::of("text/plain"), Some(ListFormat::Plain));
    for other in ["", "application/json", "text/html", "text/csvx"] {
        assert_eq!(ListFormat::of(other), None, "{other}");
    }
}
