//! `docs/operating/arithmetic.md` says what the constants give, to the digit. The blocks of the page
//! between `<!-- computed: NAME -->` and `<!-- end -->` are worked out here again. Where the page
//! differs, the failure shows what belongs there.

use std::fmt::Write as _;

use stanchion_shared::{
    ids::ShardCount,
    polling::{
        LONGEST_EARLY_POLL_MS, LONGEST_POLL_MS, NEAR_POLLS_PERCENT, POLLS_PER_SECOND, SHORTEST_POLL_MS,
        UNKNOWN_POLL_MS, near_interval_ms, shortest_turn_ms, spread_ms,
    },
};

const PAGE: &str = include_str!("../../../docs/operating/arithmetic.md");

/// The crowd of the page.
const FANS: u64 = 10_000_000;
/// Places a second of the page.
const SERVED_PER_SECOND: u64 = 1_000;

/// What the platform gives. None of it is in the code.
const REQUESTS_PER_OBJECT: u64 = 1_000;
const CENTS_PER_MILLION_REQUESTS: u64 = 30;
/// Counted in the code: two questions who used the same identifiers, the join, two notes of their use.
const MESSAGES_PER_JOIN: u64 = 5;

const HOUR_S: u64 = 3_600;

/// 12345 as 12,345.
fn count(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn seconds(ms: u64) -> String {
    format!("{} s", count(ms / 1000))
}

fn millions(number: u64) -> String {
    format!("{} million", count(number.div_ceil(1_000_000)))
}

fn dollars(requests: u64) -> String {
    format!(
        "${}",
        count((requests.div_ceil(1_000_000) * CENTS_PER_MILLION_REQUESTS).div_ceil(100))
    )
}

/// Polls a second of all fans, each once in this interval.
fn all_once_in(interval_ms: u64) -> u64 {
    (FANS * 1000).div_ceil(interval_ms)
}

/// Polls a second of fans near their turn, beyond those of the others: three for each halving of
/// the interval and each place served, and three more for the last one.
fn near_polls() -> u64 {
    let near_ms = near_interval_ms(spread_ms(FANS), SERVED_PER_SECOND * 1000);
    let halvings = u64::from((spread_ms(FANS) / near_ms).ilog2());
    3 * SERVED_PER_SECOND * (halvings + 1)
}

fn inputs() -> String {
    let mut text = "| what | value | from |\n|---|---|---|\n".to_owned();
    let mut row = |what: &str, value: String, from: &str| writeln!(text, "| {what} | {value} | {from} |").unwrap();
    row("fans", count(FANS), "the question");
    row("places served a second", count(SERVED_PER_SECOND), "the question");
    row("polls a second, at most", count(POLLS_PER_SECOND), "`POLLS_PER_SECOND`");
    row(
        "of them near the turn",
        format!("{NEAR_POLLS_PERCENT} %"),
        "`NEAR_POLLS_PERCENT`",
    );
    row(
        "requests a second of one object",
        count(REQUESTS_PER_OBJECT),
        "Cloudflare's documentation",
    );
    row(
        "messages of a join to objects",
        count(MESSAGES_PER_JOIN),
        "counted in the code",
    );
    let price = format!(
        "${}.{:02}",
        CENTS_PER_MILLION_REQUESTS / 100,
        CENTS_PER_MILLION_REQUESTS % 100
    );
    row(
        "a million requests to Workers",
        price,
        "Cloudflare's price list, November 2026",
    );
    text
}

fn polls() -> String {
    let spread = spread_ms(FANS);
    let mut text = "| phase | each fan asks once in | polls a second |\n|---|---|---|\n".to_owned();
    let mut row =
        |phase: &str, interval: String, polls: String| writeln!(text, "| {phase} | {interval} | {polls} |").unwrap();
    let early = LONGEST_EARLY_POLL_MS.max(spread);
    row("long before the on-sale", seconds(early), count(all_once_in(early)));
    row(
        "the last minutes before it, at most",
        seconds(spread),
        count(all_once_in(spread)),
    );
    row(
        "after it, until the first turn",
        seconds(spread),
        count(all_once_in(spread)),
    );
    let waiting = LONGEST_POLL_MS.max(spread);
    row(
        "waiting, far from the turn",
        seconds(waiting),
        count(all_once_in(waiting)),
    );
    let near_ms = near_interval_ms(spread, SERVED_PER_SECOND * 1000);
    let near = format!("down to {}", seconds(near_ms));
    row("waiting, near the turn, besides", near, count(near_polls()));
    row(
        "waiting, all together",
        "".to_owned(),
        count(all_once_in(waiting) + near_polls()),
    );
    let still = spread.max(UNKNOWN_POLL_MS);
    row("paused or stopped, at most", seconds(still), count(all_once_in(still)));
    let once = format!("once more within {}", seconds(waiting));
    row("sold out", once, format!("{}, then 0", count(all_once_in(waiting))));
    text
}

fn crowds() -> String {
    let mut text = "| fans | spread: everybody asks once in | first turn after the draw closed | shortest turn |\n|---|---|---|---|\n"
        .to_owned();
    for fans in [10_000, 160_000, 1_000_000, FANS, 10 * FANS] {
        let spread = spread_ms(fans);
        let first_turn = spread.max(stanchion_shared::schedule::EFFECT_DELAY_MS);
        let turn = seconds(shortest_turn_ms(fans));
        writeln!(
            text,
            "| {} | {} | {} | {turn} |",
            count(fans),
            seconds(spread),
            seconds(first_turn)
        )
        .unwrap();
    }
    text
}

fn joins() -> String {
    let mut text = "| shards | joins a second | time for all fans |\n|---|---|---|\n".to_owned();
    for shards in [ShardCount::DEFAULT.get(), ShardCount::MAX] {
        let joins = u64::from(shards) * REQUESTS_PER_OBJECT / MESSAGES_PER_JOIN;
        let time = seconds(FANS.div_ceil(joins) * 1000);
        writeln!(text, "| {} | {} | {time} |", count(u64::from(shards)), count(joins)).unwrap();
    }
    text
}

fn costs() -> String {
    let spread = spread_ms(FANS);
    let mut text = "| what | requests | price |\n|---|---|---|\n".to_owned();
    let mut row = |what: &str, requests: u64| {
        writeln!(text, "| {what} | {} | {} |", millions(requests), dollars(requests)).unwrap();
    };
    row(
        "an hour of open pages long before the on-sale",
        all_once_in(LONGEST_EARLY_POLL_MS.max(spread)) * HOUR_S,
    );
    row("all fans join: challenge and join", 2 * FANS);
    let waiting = all_once_in(LONGEST_POLL_MS.max(spread)) + near_polls();
    row("two hours of waiting, if nobody goes away", waiting * 2 * HOUR_S);
    row(
        "an hour of pause, at most",
        all_once_in(spread.max(UNKNOWN_POLL_MS)) * HOUR_S,
    );
    row("after sold out", FANS);
    text
}

/// Works a block out.
type ComputedBlock = fn() -> String;

/// What the page has between the marks of a block.
fn block<'a>(name: &str) -> &'a str {
    let begin = format!("<!-- computed: {name} -->\n\n");
    let from = PAGE
        .find(&begin)
        .unwrap_or_else(|| panic!("the page has no block {name}"))
        + begin.len();
    let length = PAGE[from..].find("\n<!-- end -->").expect("the block ends");
    &PAGE[from..from + length]
}

#[test]
fn the_page_of_arithmetic_says_what_the_constants_give() {
    let blocks: [(&str, ComputedBlock); 5] = [
        ("inputs", inputs),
        ("polls", polls),
        ("crowds", crowds),
        ("joins", joins),
        ("costs", costs),
    ];
    for (name, computed) in blocks {
        let computed = computed();
        assert_eq!(block(name), computed, "block {name} of the page must be:\n{computed}");
    }
    assert_eq!(
        PAGE.matches("<!-- computed: ").count(),
        blocks.len(),
        "every block is computed"
    );
}

#[test]
fn outside_its_computed_blocks_the_page_has_no_number() {
    let mut prose = String::new();
    let mut rest = PAGE;
    while let Some(begin) = rest.find("<!-- computed: ") {
        prose.push_str(&rest[..begin]);
        let end = rest[begin..].find("<!-- end -->").expect("the block ends");
        rest = &rest[begin + end..];
    }
    prose.push_str(rest);
    let with_number: Vec<&str> = prose
        .lines()
        .filter(|line| line.contains(|c: char| c.is_ascii_digit()))
        .collect();
    assert_eq!(with_number, Vec::<&str>::new());
}

#[test]
fn the_budget_of_the_page_is_kept_in_every_phase() {
    let spread = spread_ms(FANS);
    assert!(all_once_in(LONGEST_POLL_MS.max(spread)) + near_polls() <= POLLS_PER_SECOND);
    assert!(all_once_in(spread.max(UNKNOWN_POLL_MS)) <= POLLS_PER_SECOND);
    assert!(spread >= SHORTEST_POLL_MS);
}
