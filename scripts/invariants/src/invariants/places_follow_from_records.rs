//! Invariant 4: The places of all closed draws are exactly 1..last_place, each once, and follow from the public
//! records: signatures, chain of secrets, times, beacon, digests over the logs, an independent shuffle, and every fan's receipt.

use std::collections::HashMap;

use stanchion_shared::{
    draw::{announcement::Announcement, digest::ShardDigest, place, record::Line},
    ids::{Bytes32, Draw, Place, Tag, TicketNumber, Tier},
    jose::VerifyingKeys,
    wire::ReceiptClaims,
};

use stanchion_verify::ClosedDraw;

use super::{Findings, Invariant};
use crate::evidence::GivenTicket;

/// What is judged.
pub(crate) struct RecordFacts<'a> {
    /// The edge's published keys.
    pub(crate) keys: &'a VerifyingKeys,
    /// As it is public now.
    pub(crate) announced: &'a Announcement,
    /// As it was public before the first join; none if it was not noted then.
    pub(crate) noted: Option<&'a Announcement>,
    /// The last place, as the live snapshot says.
    pub(crate) last_place: u64,
    /// Suspects without a place in the line, as the live snapshot says.
    pub(crate) in_second_line: u64,
    /// Closed draws, as the live snapshot says.
    pub(crate) draws_closed: u32,
    pub(crate) draws: &'a [ClosedDraw],
    /// What fans were given; none for a check without fans, which can judge the public part alone.
    pub(crate) tickets: Option<&'a [GivenTicket]>,
}

/// Every place of a line: place to draw and tag, from the logs alone.
pub(crate) type DrawnLine = HashMap<u64, (Draw, Tag)>;

pub(crate) fn judge(facts: &RecordFacts<'_>) -> Invariant {
    let mut findings = Findings::default();
    announced(&mut findings, facts);
    records(&mut findings, facts);
    let (line, numbers) = lines(&mut findings, facts.draws);
    whole(&mut findings, facts, &line);
    match facts.tickets {
        Some(tickets) => receipts(&mut findings, facts, tickets, (&line, &numbers)),
        None => findings.saw("no fan was there with a receipt"),
    }
    findings.close(4)
}

/// What was announced before the first join is what is public now.
fn announced(findings: &mut Findings, facts: &RecordFacts<'_>) {
    let Some(noted) = facts.noted else {
        return findings.saw("nobody noted what was announced before the first join");
    };
    let differences = noted.differences(facts.announced);
    match differences.is_empty() {
        true => findings.saw("what was announced before the first join is unchanged"),
        false => findings.fault(format!("changed since the first join: {}", differences.join(", "))),
    }
}

/// Each record by itself, after the one before it, and against its logs.
fn records(findings: &mut Findings, facts: &RecordFacts<'_>) {
    let mut previous = None;
    for draw in facts.draws {
        let record = &draw.record.record;
        if let Err(fault) = draw.record.check(facts.keys, facts.announced, previous) {
            findings.fault(format!("record of draw {}: {fault}", record.draw.0));
        }
        if let Err(fault) = record.check_logs(facts.announced.shards, &draw.logs) {
            findings.fault(format!("record of draw {}: {fault}", record.draw.0));
        }
        previous = Some(record);
    }
    findings.require(facts.draws.len() as u64 == u64::from(facts.draws_closed), || {
        format!(
            "{} records are published, {} draws are closed",
            facts.draws.len(),
            facts.draws_closed
        )
    });
    if facts.draws.is_empty() {
        return findings.missing("no draw has closed");
    }
    findings.saw(format!(
        "{} records signed, chained, of the announced times and equal to their logs",
        facts.draws.len()
    ));
    findings.saw(match &facts.announced.beacon {
        None => "no beacon was announced".to_owned(),
        Some(beacon) => format!(
            "each draw made with its round of the announced beacon, {} signatures checked: {}",
            facts.draws.len(),
            beacon.known_network().map_or_else(
                || format!(
                    "a chain that this program does not know ({})",
                    hex::encode(beacon.chain_hash.0)
                ),
                str::to_owned
            )
        ),
    });
}

/// The place of every queue ticket in the line, of suspects as far as it is known.
pub(crate) fn line(findings: &mut Findings, draws: &[ClosedDraw]) -> DrawnLine {
    lines(findings, draws).0
}

/// The place of every queue ticket, by shuffling the logs: in the line, and the numbers of the second one. Two in one place
/// are a fault.
fn lines(findings: &mut Findings, draws: &[ClosedDraw]) -> (DrawnLine, DrawnLine) {
    let (mut line, mut numbers) = (DrawnLine::new(), DrawnLine::new());
    for draw in draws {
        let record = &draw.record.record;
        for (tier, counts) in Tier::ALL.into_iter().zip(&record.tiers) {
            let of_tier = |log: &(_, Vec<(Tier, Tag)>)| log.1.clone().into_iter().filter(move |entry| entry.0 == tier);
            let tags: Vec<Tag> = draw.logs.iter().flat_map(of_tier).map(|(_, tag)| tag).collect();
            let in_line = match record.line_of(tier) {
                Line::First => &mut line,
                Line::Second => &mut numbers,
            };
            let order = stanchion_whole_shuffle::shuffled(tags.len() as u64, place::seed(record, tier).0);
            for (position, element) in order.into_iter().enumerate() {
                let place = counts.first_place + position as u64;
                let stands = (record.draw, tags[element as usize]);
                if let Some(other) = in_line.insert(place, stands) {
                    findings.fault(format!("place {place} is {}'s and {}'s", other.1, stands.1));
                }
            }
        }
    }
    move_up(findings, draws, &mut line, &numbers);
    (line, numbers)
}

/// Puts suspects into the line: before each draw those who had moved up by then, and behind the last one all others. These
/// have their places if nobody else joins before.
fn move_up(findings: &mut Findings, draws: &[ClosedDraw], line: &mut DrawnLine, numbers: &DrawnLine) {
    let (mut last_place, mut moved_up) = (0, 0);
    let said = draws.iter().map(|draw| {
        let record = &draw.record.record;
        let moved_up = record.second_line.map_or(0, |second| second.moved_up);
        (moved_up, record.last_place())
    });
    for (until, draws_last_place) in said.chain([(numbers.len() as u64, 0)]) {
        for number in moved_up + 1..=until {
            let place = last_place + number - moved_up;
            match numbers.get(&number) {
                None => findings.fault(format!("number {number} of the second line is nobody's")),
                Some(&stands) => {
                    if let Some(other) = line.insert(place, stands) {
                        findings.fault(format!(
                            "place {place} is {}'s and {}'s, who moved up",
                            other.1, stands.1
                        ));
                    }
                }
            }
        }
        (last_place, moved_up) = (draws_last_place, moved_up.max(until));
    }
}

fn whole(findings: &mut Findings, facts: &RecordFacts<'_>, line: &DrawnLine) {
    let drawn = facts.last_place + facts.in_second_line;
    for place in 1..=drawn {
        findings.require(line.contains_key(&place), || format!("place {place} is nobody's"));
    }
    findings.require(line.len() as u64 == drawn, || {
        format!(
            "{} places follow from the records, the last is {}, and {} suspects have none",
            line.len(),
            facts.last_place,
            facts.in_second_line
        )
    });
    findings.saw(format!("places 1 to {drawn} each once by a shuffle of our own"));
}

/// Every receipt: signed, in the log at its number with its digest, and the place told is the place computed.
fn receipts(
    findings: &mut Findings,
    facts: &RecordFacts<'_>,
    tickets: &[GivenTicket],
    (line, numbers): (&DrawnLine, &DrawnLine),
) {
    let by_number: HashMap<u32, &ClosedDraw> = facts
        .draws
        .iter()
        .map(|draw| (draw.record.record.draw.0, draw))
        .collect();
    let logged = logged(facts.draws);
    let (mut checked, mut told, mut undrawn) = (0, 0, 0);
    for ticket in tickets {
        let Ok(claims) = facts
            .keys
            .verify_claims::<ReceiptClaims>(ReceiptClaims::TOKEN_TYPE, &ticket.receipt)
        else {
            findings.fault(format!(
                "a receipt of {} is not signed by a published key",
                ticket.subject
            ));
            continue;
        };
        let Some(draw) = by_number.get(&claims.draw) else {
            undrawn += 1;
            let last = facts.draws.last().map(|draw| draw.record.record.draw.0);
            findings.require(last.is_none_or(|last| claims.draw > last), || {
                format!("a receipt is in draw {}, which has no record", claims.draw)
            });
            findings.require(ticket.place.is_none(), || {
                format!("a place in draw {}, which is open", claims.draw)
            });
            continue;
        };
        checked += 1;
        findings.require(claims.announced == facts.announced.digest(), || {
            format!(
                "the receipt of {} was given for something else than is announced",
                claims.tag
            )
        });
        let key = (claims.draw, claims.tier, claims.shard.0, claims.number);
        findings.require(logged.get(&key) == Some(&(claims.tag, claims.digest)), || {
            format!(
                "the receipt of {} is not in the log of draw {}",
                claims.tag, claims.draw
            )
        });
        let computed = Tier::try_from(claims.tier).ok().and_then(|tier| {
            let numbered = TicketNumber {
                tier,
                shard: claims.shard,
                number: claims.number,
            };
            let record = &draw.record.record;
            let in_line = match record.line_of(tier) {
                Line::First => line,
                Line::Second => numbers,
            };
            place::place(record, numbered).map(|place| (place, in_line))
        });
        let Some((Place(computed), in_line)) = computed else {
            findings.fault(format!(
                "the record of draw {} does not count {}",
                claims.draw, claims.tag
            ));
            continue;
        };
        findings.require(in_line.get(&computed) == Some(&(Draw(claims.draw), claims.tag)), || {
            format!("place {computed} of {} is somebody else's in our shuffle", claims.tag)
        });
        if let Some(place) = ticket.place {
            told += 1;
            findings.require(place == computed, || {
                format!("{} was told place {place}, it is {computed}", claims.tag)
            });
        }
    }
    if checked == 0 {
        findings.missing("no fan's receipt");
    } else {
        findings.saw(format!(
            "{checked} receipts found in their logs, {told} places told to fans equal the computed ones, {undrawn} not drawn yet"
        ));
    }
}

type LogKey = (u32, u8, u16, u32);

/// (draw, tier, shard, number) to tag and digest right after it.
fn logged(draws: &[ClosedDraw]) -> HashMap<LogKey, (Tag, Bytes32)> {
    let mut logged = HashMap::new();
    for draw in draws {
        let number = draw.record.record.draw.0;
        for (shard, log) in &draw.logs {
            let mut counts = [0_u32; 3];
            let mut digest = ShardDigest::EMPTY;
            for &(tier, tag) in log {
                digest = digest.with(tier, tag);
                logged.insert((number, tier.into(), shard.0, counts[tier.index()]), (tag, digest.0));
                counts[tier.index()] += 1;
            }
        }
    }
    logged
}

#[cfg(test)]
mod tests;
