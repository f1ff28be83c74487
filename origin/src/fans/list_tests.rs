use super::*;

fn parsed(form: Form, text: &str) -> Vec<(u64, String)> {
    let list = List::parse(form, text.as_bytes()).unwrap();
    list.entries
        .iter()
        .map(|(line, email)| (*line, email.as_str().to_owned()))
        .collect()
}

fn refusal(form: Form, text: &[u8]) -> Error {
    let error = List::parse(form, text).unwrap_err();
    assert_eq!((error.status().as_u16(), error.word()), (422, "malformed_list"));
    error
}

fn told(form: Form, text: &str) -> String {
    refusal(form, text.as_bytes()).message().to_owned()
}

#[test]
fn a_plain_list_has_one_address_per_line_and_may_have_blank_ones() {
    let list = "\u{feff}Fan@Example.org\r\n\r\n  b@example.org \nfan@example.org";
    assert_eq!(
        parsed(Form::Plain, list),
        [(1, "fan@example.org".to_owned()), (3, "b@example.org".to_owned())]
    );
    let list = List::parse(Form::Plain, list.as_bytes()).unwrap();
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
        assert_eq!(parsed(Form::Csv, list), expected, "{list}");
    }
    // A quoted line break is part of a cell, and counts as a line all the same.
    let list = "email,note\na@example.org,\"two\nlines\"\nb@example.org,";
    assert_eq!(parsed(Form::Csv, list), expected);
}

#[test]
fn one_bad_line_spoils_the_list_and_is_named() {
    let error = refusal(Form::Plain, b"a@example.org\nno address\nb@example.org\n@");
    assert!(
        error
            .message()
            .contains("2 lines are no addresses, the first is line 2"),
        "{error}"
    );
    assert!(told(Form::Csv, "email,name\na@example.org,A\n,B\n").contains("line 3"));
    assert!(told(Form::Csv, "name,email\nA,a@example.org\nB\n").contains("line 3"));
}

#[test]
fn what_is_no_list_is_said() {
    assert!(told(Form::Plain, " \n\n").contains("no addresses"));
    assert!(told(Form::Csv, "email\n").contains("no addresses"));
    assert!(told(Form::Csv, "").contains("must name the columns"));
    assert!(told(Form::Csv, "a@example.org\nb@example.org").contains("must name the columns"));
    assert!(refusal(Form::Plain, b"a@example.org\n\xff").message().contains("UTF-8"));
}

#[test]
fn a_list_has_so_many_lines_and_no_more() {
    let list = |lines: usize| (0..lines).map(|n| format!("f{n}@example.org\n")).collect::<String>();
    assert_eq!(parsed(Form::Plain, &list(MAX_LIST_LINES)).len(), MAX_LIST_LINES);
    assert!(told(Form::Plain, &list(MAX_LIST_LINES + 1)).contains("more than 100000"));
}

#[test]
fn a_media_type_may_have_parameters_and_any_case() {
    assert_eq!(Form::of("Text/CSV; charset=utf-8"), Some(Form::Csv));
    assert_eq!(Form::of("text/plain"), Some(Form::Plain));
    for other in ["", "application/json", "text/html", "text/csvx"] {
        assert_eq!(Form::of(other), None, "{other}");
    }
}
