//! How many relays stand between isolates and an event's coordinator.
//!
//! The coordinator is one object, and an object serves some thousand requests a second. Isolates ask
//! relays of their own continent, and relays ask the coordinator. The more relays there are the more
//! isolates they serve, and the more the coordinator is asked: so their number follows from what of
//! the coordinator's time reading may take.

use crate::platform::SNAPSHOT_AGE_MS;

/// Requests a second that one Durable Object serves (Cloudflare: "an individual Durable Object has a
/// soft limit of 1,000 requests per second").
pub const OBJECT_REQUESTS_PER_SECOND: u64 = 1_000;
/// Of these, so many of a coordinator's may be reads: the rest is for releases, declarations and
/// reports of shards, and the closing of draws.
pub const COORDINATOR_READS_PER_SECOND: u64 = OBJECT_REQUESTS_PER_SECOND / 4;
/// How long a relay hands out what it read, in ms.
pub const RELAY_FRESH_MS: u64 = SNAPSHOT_AGE_MS;
/// How often an isolate that is polled all the time asks a relay, per second.
pub const ISOLATE_READS_PER_SECOND: u64 = 1;

/// Continents as Cloudflare's front names them (`request.cf.continent`), and the hint by which an
/// object is made there.
pub const CONTINENTS: [(&str, &str); 7] = [
    ("AF", "afr"),
    ("AN", "oc"),
    ("AS", "apac"),
    ("EU", "weur"),
    ("NA", "enam"),
    ("OC", "oc"),
    ("SA", "sam"),
];

/// Relays of an event on each continent.
pub const RELAYS_PER_CONTINENT: u64 = COORDINATOR_READS_PER_SECOND * RELAY_FRESH_MS / 1_000 / CONTINENTS.len() as u64;

/// Isolates of one continent that its relays can serve.
pub const ISOLATES_PER_CONTINENT: u64 = RELAYS_PER_CONTINENT * OBJECT_REQUESTS_PER_SECOND / ISOLATE_READS_PER_SECOND;

/// Questions a second that all relays of an event together ask its coordinator for snapshots.
pub const ASKED_OF_COORDINATOR_PER_SECOND: u64 =
    RELAYS_PER_CONTINENT * CONTINENTS.len() as u64 * 1_000 / RELAY_FRESH_MS;

const _: () = assert!(RELAYS_PER_CONTINENT >= 2, "one silent relay must leave another");
const _: () = assert!(ASKED_OF_COORDINATOR_PER_SECOND <= COORDINATOR_READS_PER_SECOND);

#[cfg(test)]
mod tests {
    use super::*;

    /// The page says what the constants say.
    #[test]
    fn the_page_about_reads_has_these_numbers() {
        let page = include_str!("../../../docs/internals/reads.md");
        let thousands = |number: u64| match number {
            0..1_000 => number.to_string(),
            _ => format!("{},{:03}", number / 1_000, number % 1_000),
        };
        for (what, number) in [
            ("requests a second that one object serves", OBJECT_REQUESTS_PER_SECOND),
            ("of these for reads of a coordinator", COORDINATOR_READS_PER_SECOND),
            ("ms for which a relay hands out what it read", RELAY_FRESH_MS),
            ("continents", CONTINENTS.len() as u64),
            ("relays of an event on each continent", RELAYS_PER_CONTINENT),
            ("isolates that they serve on each continent", ISOLATES_PER_CONTINENT),
            (
                "questions a second of all relays to the coordinator",
                ASKED_OF_COORDINATOR_PER_SECOND,
            ),
        ] {
            let row = format!("| {what} | {} |", thousands(number));
            assert!(page.contains(&row), "docs/internals/reads.md lacks the row {row}");
        }
    }
}
