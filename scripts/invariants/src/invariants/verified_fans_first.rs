//! Invariant 9: In every draw the places of verified fans come before all others. It is judged only where there were
//! verified fans. The origin says to each fan whether they are one; the places follow from the public logs.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use stanchion_shared::{
    ids::{Tag, Tier},
    jose::VerifyingKeys,
    wire::ReceiptClaims,
};

use super::{Findings, Invariant, places_follow_from_records::DrawnLine};
use crate::evidence::GivenTicket;

/// What is judged.
pub(crate) struct TierFacts<'a> {
    pub(crate) keys: &'a VerifyingKeys,
    /// The place of every fan, from logs and records.
    pub(crate) line: &'a DrawnLine,
    pub(crate) tickets: &'a [GivenTicket],
    /// Accounts that the origin called verified, before they joined.
    pub(crate) verified: &'a BTreeSet<String>,
}

pub(crate) fn judge(facts: &TierFacts<'_>) -> Invariant {
    let mut findings = Findings::default();
    let tags = verified_tags(&mut findings, facts);
    // Per draw: the last place of a verified fan, the first place of another fan, and how many verified fans there are.
    let mut draws: BTreeMap<u32, (Option<u64>, Option<u64>, u64)> = BTreeMap::new();
    for (&place, (draw, tag)) in facts.line {
        let (last, first, count) = draws.entry(draw.0).or_default();
        if tags.contains(tag) {
            *last = (*last).max(Some(place));
            *count += 1;
        } else {
            *first = Some(first.map_or(place, |first| first.min(place)));
        }
    }
    for (draw, (last, first, _)) in &draws {
        if let (Some(last), Some(first)) = (last, first) {
            findings.require(last < first, || {
                format!("in draw {draw} a verified fan has place {last}, and somebody else has {first}")
            });
        }
    }
    match draws.get(&0) {
        Some((Some(last), first, count)) => {
            let after = first.map_or("nobody else is in it".to_owned(), |first| {
                format!("everybody else's begin at {first}")
            });
            findings.saw(format!(
                "{count} verified fans in draw 0 have places up to {last}, {after}"
            ));
            let later: u64 = draws.range(1..).map(|(_, (_, _, count))| count).sum();
            findings.saw(format!(
                "{later} places of verified fans in later draws, each before everybody else's of its draw"
            ));
        }
        _ => findings.missing("no verified fan is in draw 0"),
    }
    findings.close(9)
}

/// Tags of verified fans. Each of their receipts is in the tier of verified fans, and no other receipt is.
fn verified_tags(findings: &mut Findings, facts: &TierFacts<'_>) -> HashSet<Tag> {
    let mut tags = HashSet::new();
    for ticket in facts.tickets {
        let read = facts
            .keys
            .verify_claims::<ReceiptClaims>(ReceiptClaims::TOKEN_TYPE, &ticket.receipt);
        // A receipt that no published key signed is invariant 4's fault to find.
        let Ok(claims) = read else { continue };
        let is_verified = facts.verified.contains(&ticket.subject);
        let is_first = claims.tier == u8::from(Tier::Verified);
        findings.require(is_verified == is_first, || {
            let what = if is_verified { "verified" } else { "no verified fan" };
            format!("{} is {what} and has a number in tier {}", ticket.subject, claims.tier)
        });
        if is_verified {
            tags.insert(claims.tag);
        }
    }
    tags
}

#[cfg(test)]
mod tests {
    use stanchion_shared::{
        ids::{Bytes32, Draw, EventId, Shard},
        jose::SigningKeys,
    };

    use super::*;

    // The key pair of RFC 8037, appendix A.
    const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
        "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    fn ticket(subject: &str, of: u8, tier: u8) -> GivenTicket {
        let claims = ReceiptClaims {
            event_id: EventId::parse("e").unwrap(),
            draw: 0,
            tier,
            shard: Shard(0),
            number: 0,
            tag: Tag([of; 16]),
            digest: Bytes32([0; 32]),
            announced: Bytes32([0; 32]),
        };
        let keys = SigningKeys::parse(KEYS).unwrap();
        GivenTicket {
            subject: subject.to_owned(),
            receipt: keys.sign_claims(ReceiptClaims::TOKEN_TYPE, &claims),
            place: None,
        }
    }

    /// Places 1, 2, … of draw 0, and then those of draw 4, by the number of the tag.
    fn judged(draw_0: &[u8], draw_4: &[u8], tickets: &[GivenTicket]) -> Invariant {
        let places = draw_0.iter().map(|of| (Draw(0), Tag([*of; 16])));
        let places = places.chain(draw_4.iter().map(|of| (Draw(4), Tag([*of; 16]))));
        judge(&TierFacts {
            keys: &SigningKeys::parse(KEYS).unwrap().verifying().unwrap(),
            line: &(1..).zip(places).collect(),
            tickets,
            verified: &["vera".to_owned(), "victor".to_owned()].into(),
        })
    }

    fn tickets() -> [GivenTicket; 4] {
        [
            ticket("vera", 1, 0),
            ticket("victor", 2, 0),
            ticket("hugo", 3, 1),
            ticket("sue", 4, 2),
        ]
    }

    #[test]
    fn verified_fans_first_in_each_draw_is_held() {
        assert!(judged(&[2, 1, 3, 4], &[], &tickets()).held);
        assert!(judged(&[1, 3], &[2, 4], &tickets()).held);
        // A fan without a receipt, whose answer was lost, is not judged as a verified one.
        assert!(judged(&[1, 2, 9], &[], &tickets()).held);
    }

    #[test]
    fn one_place_among_others_is_found_in_any_draw() {
        assert!(judged(&[1, 3, 2, 4], &[], &tickets()).broken);
        assert!(judged(&[9, 1, 2], &[], &tickets()).broken);
        assert!(judged(&[1, 3], &[4, 2], &tickets()).broken);
    }

    #[test]
    fn a_number_in_another_tier_than_the_origins_word_is_found() {
        let [vera, victor, hugo, _] = tickets();
        assert!(judged(&[1, 2, 3], &[], &[vera.clone(), ticket("victor", 2, 1), hugo.clone()]).broken);
        assert!(judged(&[1, 2, 3], &[], &[vera, victor, ticket("hugo", 3, 0)]).broken);
    }

    #[test]
    fn without_a_verified_fan_in_the_first_draw_nothing_is_shown() {
        let told = judged(&[3], &[1], &tickets());
        assert!(!told.held && !told.broken, "{}", told.evidence);
    }
}
