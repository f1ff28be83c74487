//! What two runs of the same requests cannot have in common, and what stands for it in the transcript: marks that keep the
//! form. Everything else stays to the letter.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};

/// Numbers that follow from the instant of the request.
const CLOCKED: [&str; 4] = [
    "poll_after_ms",
    "estimated_wait_seconds",
    "estimated_wait_minutes",
    "served_before_micro",
];
/// Shorter runs of hex digits could be words.
const SHORTEST_HEX: usize = 16;
/// Shorter runs of base64url could be names; a key of 32 bytes has 43.
const SHORTEST_BASE64URL: usize = 43;
const MILLIS_DIGITS: usize = 13;
const SECONDS_DIGITS: usize = 10;
/// An instant as every answer writes it; `d` is a digit.
const INSTANT: &[u8] = b"dddd-dd-ddTdd:dd:dd.dddZ";

/// The texts that tell one run from another.
#[derive(Default)]
pub(crate) struct Run {
    /// The part of names that makes them unique to this run.
    pub(crate) name: String,
    /// Texts that the draw decided in this run, and the marks that stand for them.
    pub(crate) drawn: Vec<(String, String)>,
}

/// `text` with marks.
pub(crate) fn marked(text: &str, run: &Run) -> String {
    let text = run
        .drawn
        .iter()
        .fold(without_lives(text), |text, (drawn, mark)| text.replace(drawn, mark))
        .replace(&run.name, "<run>");
    CLOCKED
        .iter()
        .fold(words(&instants(&text), run), |text, field| clocked(&text, field))
}

/// Where a store can go back (Redis), records list the epochs that numbered their tickets, and where it cannot they do not
/// (docs/reference/draw.md). This one epoch from the first number on says the same as no list.
fn without_lives(text: &str) -> String {
    let (begin, end) = (r#","lives":[[0,{"epoch":"#, r#","from":[0,0,0]}]]"#);
    let Some((before, rest)) = text.split_once(begin) else {
        return text.to_owned();
    };
    match rest.split_once(end) {
        Some((epoch, after)) if is_digits(epoch) && epoch != "0" => format!("{before}{after}"),
        _ => text.to_owned(),
    }
}

fn instants(text: &str) -> String {
    let mut marked = String::new();
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        let is_instant = rest.len() >= INSTANT.len()
            && rest.bytes().zip(INSTANT).all(|(byte, form)| match form {
                b'd' => byte.is_ascii_digit(),
                form => byte == *form,
            });
        let length = if is_instant { INSTANT.len() } else { next.len_utf8() };
        marked.push_str(if is_instant { "<instant>" } else { &rest[..length] });
        rest = &rest[length..];
    }
    marked
}

/// Words are what tokens, digests and numbers are made of.
fn words(text: &str, run: &Run) -> String {
    let of_word = |c: char| c.is_ascii_alphanumeric() || "_-.".contains(c);
    let mut marked = String::new();
    let mut rest = text;
    while let Some(begin) = rest.find(of_word) {
        marked.push_str(&rest[..begin]);
        rest = &rest[begin..];
        let end = rest.find(|c| !of_word(c)).unwrap_or(rest.len());
        let word = rest[..end].trim_end_matches('.');
        marked.push_str(&mark(word, run).unwrap_or_else(|| word.to_owned()));
        rest = &rest[word.len()..];
        // The dots that ended a sentence.
        let dots = rest.find(|c| c != '.').unwrap_or(rest.len());
        marked.push_str(&rest[..dots]);
        rest = &rest[dots..];
    }
    marked + rest
}

fn mark(word: &str, run: &Run) -> Option<String> {
    let length = word.len();
    if let Some(opened) = opened_jws(word, run) {
        return Some(opened);
    }
    if is_digits(word) {
        return match length {
            MILLIS_DIGITS => Some("<ms>".to_owned()),
            SECONDS_DIGITS => Some("<seconds>".to_owned()),
            _ => None,
        };
    }
    let all = |allowed: fn(&u8) -> bool| word.as_bytes().iter().all(allowed);
    if length >= SHORTEST_HEX && all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f')) {
        return Some(format!("<hex {length}>"));
    }
    (length >= SHORTEST_BASE64URL && all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(byte)))
        .then(|| format!("<base64url {length}>"))
}

/// A signed token is opened: only its signature is a secret of the run.
fn opened_jws(word: &str, run: &Run) -> Option<String> {
    let parts: Vec<&str> = word.split('.').collect();
    let [header, payload, signature] = parts[..] else {
        return None;
    };
    let open = |part: &str| String::from_utf8(URL_SAFE_NO_PAD.decode(part).ok()?).ok();
    let (header, payload) = (open(header)?, open(payload)?);
    let signature = signature.len();
    header
        .starts_with('{')
        .then(|| format!("<jws {} {} {signature}>", marked(&header, run), marked(&payload, run)))
}

fn clocked(text: &str, field: &str) -> String {
    let name = format!("\"{field}\":");
    let mut pieces = text.split(&name);
    let first = pieces.next().unwrap_or_default().to_owned();
    pieces.fold(first, |marked, piece| {
        let number = piece.len() - piece.trim_start_matches(|c: char| c.is_ascii_digit()).len();
        let value = if number > 0 { "<number>" } else { "" };
        format!("{marked}{name}{value}{}", &piece[number..])
    })
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[test]
fn what_clock_randomness_and_keys_decide_is_marked_by_its_form() {
    let run = Run {
        name: "same-1".to_owned(),
        drawn: vec![("same-1-b".to_owned(), "<the first>".to_owned())],
    };
    let digest = "ab12".repeat(16);
    let key = "k-_Z".repeat(11);
    for (text, expected) in [
        ("since 2026-11-24T07:25:24.123Z, they", "since <instant>, they"),
        (
            r#"{"from_ms":1795000000000,"exp":1795000000}"#,
            r#"{"from_ms":<ms>,"exp":<seconds>}"#,
        ),
        (&format!("[\"{digest}\"]"), "[\"<hex 64>\"]"),
        (&format!("{key}."), "<base64url 44>."),
        ("same-1-a in same-1", "<run>-a in <run>"),
        ("same-1-b in same-1", "<the first> in <run>"),
        (r#""poll_after_ms":5123,"x":1"#, r#""poll_after_ms":<number>,"x":1"#),
        (
            "eyJhIjoxfQ.eyJlIjoic2FtZS0xLWEifQ.c2ln",
            r#"<jws {"a":1} {"e":"<run>-a"} 4>"#,
        ),
        (r#"[],"lives":[[0,{"epoch":77,"from":[0,0,0]}]],"kid""#, r#"[],"kid""#),
    ] {
        assert_eq!(marked(text, &run), expected);
    }
}

#[test]
fn everything_else_stays_to_the_letter() {
    let run = Run {
        name: "same-1".to_owned(),
        ..Run::default()
    };
    for text in [
        r#"{"version":3,"position":null,"total_ahead":0}"#,
        r#"{"position":null,"version":3,"total_ahead":0}"#,
        r#""poll_after_ms":null"#,
        r#""lives":[[0,{"epoch":7,"from":[1,0,0]}]]"#,
        "public, max-age=31536000, immutable",
        "default-src 'none'; script-src 'self'",
        "A sentence. Another...",
        "ticket_lost 410 12 3600000 café",
    ] {
        assert_eq!(marked(text, &run), text);
    }
}
