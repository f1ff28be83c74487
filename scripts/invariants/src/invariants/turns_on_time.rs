//! Invariant 3: No shop token is issued before its turn, and no second begins more turns than the rate allows. Turns
//! are worked out from the public schedule alone.

use stanchion_shared::{
    ids::EventId,
    jose::VerifyingKeys,
    shop_token::{AUDIENCE, ShopClaims, TOKEN_TYPE},
    timestamp::UnixMillis,
};

use super::{Findings, Invariant};
use crate::{
    curve::Curve,
    evidence::{CurvePoint, GivenShopToken},
};

/// How far this machine's clock may be behind the edge's, in ms: both are on one machine or kept by NTP.
const CLOCK_TOLERANCE_MS: u64 = 50;

/// A token whose signature held.
#[derive(Clone, Debug)]
pub(crate) struct ReadToken {
    pub(crate) subject: String,
    pub(crate) claims: ShopClaims,
    pub(crate) received_at: UnixMillis,
}

/// Reads and verifies tokens with the edge's published keys; how many did not verify.
pub(crate) fn read(keys: &VerifyingKeys, tokens: &[GivenShopToken]) -> (Vec<ReadToken>, u64) {
    let mut read = Vec::with_capacity(tokens.len());
    let mut forged = 0;
    for seen in tokens {
        match keys.verify_claims::<ShopClaims>(TOKEN_TYPE, &seen.token) {
            Ok(claims) => read.push(ReadToken {
                subject: seen.subject.clone(),
                claims,
                received_at: seen.received_at,
            }),
            Err(_) => forged += 1,
        }
    }
    (read, forged)
}

/// What is judged.
pub(crate) struct TurnFacts<'a> {
    pub(crate) event: &'a EventId,
    /// As [`read`] gives them.
    pub(crate) tokens: &'a [ReadToken],
    /// Tokens that did not verify.
    pub(crate) forged: u64,
    /// From the schedule as it is now.
    pub(crate) curve: &'a Curve,
    /// The curve as it was told at instants during the run.
    pub(crate) told: &'a [CurvePoint],
    /// The clock when the schedule was fetched.
    pub(crate) now: UnixMillis,
}

pub(crate) fn judge(facts: &TurnFacts<'_>) -> Invariant {
    let mut findings = Findings::default();
    let turns = facts.curve.turns(facts.now);
    findings.require(facts.forged == 0, || {
        format!("{} tokens are not signed by a published key", facts.forged)
    });
    tokens(&mut findings, facts, &turns);
    no_burst(&mut findings, facts.curve, &turns);
    not_rewritten(&mut findings, facts);
    findings.close(3)
}

fn tokens(findings: &mut Findings, facts: &TurnFacts<'_>, turns: &[u64]) {
    let mut earliest = u64::MAX;
    for token in facts.tokens {
        let claims = &token.claims;
        findings.require(
            claims.event == *facts.event && claims.aud == AUDIENCE && claims.sub == token.subject,
            || format!("token {} is not for this fan, event and shop", claims.jti),
        );
        let Some(place) = claims.place else {
            findings.fault(format!("token {} has no place", claims.jti));
            continue;
        };
        let turn = usize::try_from(place.0)
            .ok()
            .and_then(|place| turns.get(place.checked_sub(1)?));
        let Some(&turn) = turn else {
            findings.fault(format!(
                "token {} for place {}, whose turn has not come",
                claims.jti, place.0
            ));
            continue;
        };
        let began = claims.began_at().0;
        findings.require(began >= turn, || {
            format!(
                "token {} is of a session that began at {began} ms, before its turn at {turn} ms",
                claims.jti
            )
        });
        findings.require(
            claims.iat <= token.received_at.plus(CLOCK_TOLERANCE_MS).floor_seconds(),
            || format!("token {} came from the future: its iat is {}", claims.jti, claims.iat),
        );
        let received = token.received_at.plus(CLOCK_TOLERANCE_MS).0;
        findings.require(received >= turn, || {
            format!("token {} came {} ms before its turn", claims.jti, turn - received)
        });
        earliest = earliest.min(token.received_at.0.saturating_sub(turn));
    }
    if facts.tokens.is_empty() {
        findings.missing("no fan was given a shop token");
    } else {
        findings.saw(format!(
            "{} shop tokens verified, the soonest {earliest} ms after its turn",
            facts.tokens.len()
        ));
    }
}

/// A turn told as millisecond t began after t - 1 and at t at the latest. So a second of turns t … t + 999 is the time
/// from t - 1 to t + 999, and the highest rate in that time, rounded up, is the most it may hold.
fn no_burst(findings: &mut Findings, curve: &Curve, turns: &[u64]) {
    let mut fullest = (0, 0);
    let mut end = 0;
    for (start, &first) in turns.iter().enumerate() {
        while end < turns.len() && turns[end] < first + 1_000 {
            end += 1;
        }
        let count = (end - start) as u64;
        let most = curve.highest_rate(first.saturating_sub(1), first + 999).div_ceil(1_000);
        findings.require(count <= most, || {
            format!("{count} turns in the second from {first} ms, allowed {most}")
        });
        fullest = fullest.max((count, most));
    }
    match turns.is_empty() {
        true => findings.missing("no turn has come"),
        false => findings.saw(format!(
            "{} turns begun, at most {} in any second where {} are allowed",
            turns.len(),
            fullest.0,
            fullest.1
        )),
    }
}

/// Nothing is retroactive: what the schedule said of an instant when that instant came, it says of it for ever.
fn not_rewritten(findings: &mut Findings, facts: &TurnFacts<'_>) {
    for point in facts.told {
        let now = facts.curve.served_micro(point.at);
        findings.require(now == point.served_micro, || {
            format!(
                "served at {} was told as {} millionths and is {now} now",
                point.at, point.served_micro
            )
        });
    }
    if !facts.told.is_empty() {
        findings.saw(format!(
            "{} instants of the curve unchanged since they were told",
            facts.told.len()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use stanchion_shared::{
        ids::Place,
        schedule::{Rate, Segment},
    };
    use stanchion_verify::PublicSchedule;

    const NOW: UnixMillis = UnixMillis(1_000_000);

    fn curve(rate: u64) -> Curve {
        let segment = |from_ms, served_before_micro, rate| Segment {
            from_ms,
            served_before_micro,
            rate_per_second: Rate::per_second(rate),
            turn_ms: 60_000,
            session_ms: 60_000,
            last_place: 100,
            is_summary: false,
            second_line: None,
        };
        Curve::new(PublicSchedule {
            segments: vec![segment(10_000, 0, rate), segment(11_000, rate * 1_000_000, 2)],
            lease_until: None,
        })
    }

    fn token(place: u64, began_ms: u64, received_at: u64) -> ReadToken {
        let iat = began_ms / 1_000;
        ReadToken {
            subject: "fan".to_owned(),
            claims: ShopClaims {
                iss: "i".to_owned(),
                aud: AUDIENCE.to_owned(),
                sub: "fan".to_owned(),
                jti: format!("j{place}"),
                iat,
                nbf: None,
                exp: iat + 600,
                began_ms: Some(began_ms),
                ends_ms: None,
                event: EventId::parse("e").unwrap(),
                place: Some(Place(place)),
                tag: None,
            },
            received_at: UnixMillis(received_at),
        }
    }

    fn held(tokens: &[ReadToken], forged: u64, told: &[CurvePoint]) -> bool {
        let event = EventId::parse("e").unwrap();
        judge(&TurnFacts {
            event: &event,
            tokens,
            forged,
            curve: &curve(5),
            told,
            now: NOW,
        })
        .held
    }

    #[test]
    fn tokens_after_their_turn_hold() {
        // Place 1 is served at 10,200 ms.
        assert!(held(&[token(1, 10_200, 10_200)], 0, &[]));
    }

    #[test]
    fn tokens_before_their_turn_do_not() {
        assert!(!held(&[token(1, 10_199, 10_300)], 0, &[]), "issued before");
        assert!(
            !held(&[token(1, 10_200, 10_200 - CLOCK_TOLERANCE_MS - 1)], 0, &[]),
            "received before"
        );
        assert!(!held(&[token(1, 11_000, 10_500)], 0, &[]), "from the future");
        assert!(
            !held(&[token(101, 999_000, 999_000)], 0, &[]),
            "a place nobody has drawn"
        );
        assert!(!held(&[token(0, 999_000, 999_000)], 0, &[]), "no place");
    }

    #[test]
    fn forged_foreign_and_absent_tokens_do_not() {
        assert!(!held(&[token(1, 10_200, 10_200)], 1, &[]));
        assert!(!held(&[], 0, &[]));
        let mut foreign = token(1, 10_200, 10_200);
        foreign.claims.event = EventId::parse("other").unwrap();
        assert!(!held(&[foreign], 0, &[]));
        let other_fan = ReadToken {
            subject: "other".to_owned(),
            ..token(1, 10_200, 10_200)
        };
        assert!(!held(&[other_fan], 0, &[]));
    }

    #[test]
    fn a_rewritten_past_does_not() {
        let at = UnixMillis(10_500);
        assert!(held(
            &[token(1, 10_200, 10_200)],
            0,
            &[CurvePoint {
                at,
                served_micro: 2_500_000
            }]
        ));
        assert!(!held(
            &[token(1, 10_200, 10_200)],
            0,
            &[CurvePoint {
                at,
                served_micro: 2_500_001
            }]
        ));
    }

    #[test]
    fn more_turns_in_a_second_than_the_rate_do_not() {
        let mut findings = Findings::default();
        let five_a_second = curve(5);
        no_burst(&mut findings, &five_a_second, &[10_200, 10_400, 10_600, 10_800, 11_000]);
        assert_eq!(findings.fault_count(), 0);
        no_burst(
            &mut findings,
            &five_a_second,
            &[10_200, 10_300, 10_400, 10_500, 10_600, 10_700],
        );
        assert!(findings.fault_count() > 0);
    }

    #[test]
    fn every_second_of_an_honest_curve_keeps_its_rate() {
        let mut findings = Findings::default();
        for rate in [1, 3, 7, 150] {
            let curve = curve(rate);
            no_burst(&mut findings, &curve, &curve.turns(NOW));
        }
        assert_eq!(findings.fault_count(), 0, "{findings:?}");
    }
}
