//! 5. A person holds at most one live place per event, and at most one live shop token: from the logs, from every token
//! that fans were given, and from fans who tried to have two.

use std::collections::{BTreeMap, HashMap, HashSet};

use stanchion_shared::{identity::Tag, jose::VerifyingKeys, wire::ReceiptClaims};

use super::{Invariant, Verdict, places_follow_from_records::Line, turns_on_time::ReadToken};
use crate::observed::{HeldTicket, OldTicketTried, TwoTabs};

/// What is judged.
pub(crate) struct Facts<'a> {
    pub(crate) keys: &'a VerifyingKeys,
    /// Place to draw and tag, from the logs.
    pub(crate) line: &'a Line,
    pub(crate) tokens: &'a [ReadToken],
    pub(crate) tickets: &'a [HeldTicket],
    pub(crate) two_tabs: &'a [TwoTabs],
    pub(crate) old_tickets: &'a [OldTicketTried],
}

/// One shopping session as the tokens show it.
struct Session<'a> {
    jti: &'a str,
    place: u64,
    /// Seconds; the latest of all tokens of the session, since stops lengthen it.
    iat: u64,
    exp: u64,
}

pub(crate) fn judge(facts: &Facts<'_>) -> Invariant {
    let mut verdict = Verdict::default();
    one_number_per_draw(&mut verdict, facts.line);
    let tags = tags(&mut verdict, facts);
    let sessions = sessions(&mut verdict, facts.tokens);
    one_at_a_time(&mut verdict, &sessions, &tags, facts.line);
    tries(&mut verdict, facts);
    verdict.close(5)
}

/// Whoever joins a draw twice has one number in it.
fn one_number_per_draw(verdict: &mut Verdict, line: &Line) {
    let mut seen = HashSet::new();
    let mut people: HashMap<Tag, u32> = HashMap::new();
    for (place, &(draw, tag)) in line {
        verdict.require(seen.insert((draw, tag)), || {
            format!("{tag} is in draw {} twice, at place {place} too", draw.0)
        });
        *people.entry(tag).or_default() += 1;
    }
    let again = people.values().filter(|draws| **draws > 1).count();
    match line.is_empty() {
        true => verdict.missing("nobody was drawn"),
        false => verdict.saw(format!(
            "{} people in the logs, none twice in a draw, {again} in several",
            people.len()
        )),
    }
}

/// One tag per account, one account per tag.
fn tags<'a>(verdict: &mut Verdict, facts: &Facts<'a>) -> HashMap<&'a str, Tag> {
    let mut tags: HashMap<&str, Tag> = HashMap::new();
    let mut subjects: HashMap<Tag, &str> = HashMap::new();
    for ticket in facts.tickets {
        let Ok(claims) = facts
            .keys
            .verify_claims::<ReceiptClaims>(ReceiptClaims::TOKEN_TYPE, &ticket.receipt)
        else {
            verdict.fault(format!(
                "a receipt of {} is not signed by a published key",
                ticket.subject
            ));
            continue;
        };
        let tag = *tags.entry(&ticket.subject).or_insert(claims.tag);
        let subject = *subjects.entry(claims.tag).or_insert(&ticket.subject);
        verdict.require(tag == claims.tag && subject == ticket.subject, || {
            format!("{} and {subject} share tags {tag} and {}", ticket.subject, claims.tag)
        });
    }
    tags
}

/// Sessions by account. Tokens of one session must agree in everything but a later end.
fn sessions<'a>(verdict: &mut Verdict, tokens: &'a [ReadToken]) -> BTreeMap<&'a str, Vec<Session<'a>>> {
    let mut by_jti: HashMap<&str, (&str, Session<'a>)> = HashMap::new();
    for token in tokens {
        let claims = &token.claims;
        let fresh = Session {
            jti: &claims.jti,
            place: claims.place.0,
            iat: claims.iat,
            exp: claims.exp,
        };
        let (subject, session) = by_jti.entry(&claims.jti).or_insert((&token.subject, fresh));
        let same = *subject == token.subject && session.place == claims.place.0 && session.iat == claims.iat;
        verdict.require(same, || {
            format!(
                "session {} has another fan, place or begin in one of its tokens",
                claims.jti
            )
        });
        session.exp = session.exp.max(claims.exp);
    }
    if by_jti.is_empty() {
        verdict.missing("no fan was given a shop token");
    }
    let mut by_subject: BTreeMap<&str, Vec<Session<'_>>> = BTreeMap::new();
    for (subject, session) in by_jti.into_values() {
        by_subject.entry(subject).or_default().push(session);
    }
    by_subject
}

fn one_at_a_time(
    verdict: &mut Verdict,
    sessions: &BTreeMap<&str, Vec<Session<'_>>>,
    tags: &HashMap<&str, Tag>,
    line: &Line,
) {
    let (mut several, mut count) = (0, 0);
    for (subject, sessions) in sessions {
        let mut in_order: Vec<&Session<'_>> = sessions.iter().collect();
        in_order.sort_by_key(|session| session.iat);
        count += in_order.len();
        several += usize::from(in_order.len() > 1);
        for pair in in_order.windows(2) {
            verdict.require(pair[0].exp <= pair[1].iat, || {
                format!("{subject} had sessions {} and {} at once", pair[0].jti, pair[1].jti)
            });
            // Only the newest ticket lives: a session of an older place never begins after one of a newer place.
            verdict.require(pair[0].place < pair[1].place, || {
                format!(
                    "{subject} shopped with place {} after place {}",
                    pair[1].place, pair[0].place
                )
            });
        }
        for session in in_order {
            let stands = line.get(&session.place).map(|(_, tag)| tag);
            verdict.require(stands.is_some() && stands == tags.get(subject), || {
                format!("{subject} shopped at place {}, which is not theirs", session.place)
            });
        }
    }
    verdict.saw(format!(
        "{count} sessions of {} fans, {several} with several, never two at once",
        sessions.len()
    ));
}

/// Fans who tried to have two places or two sessions.
fn tries(verdict: &mut Verdict, facts: &Facts<'_>) {
    for tabs in facts.two_tabs {
        let number = |receipt: &String| {
            let claims = facts
                .keys
                .verify_claims::<ReceiptClaims>(ReceiptClaims::TOKEN_TYPE, receipt)
                .ok()?;
            Some((claims.draw, claims.tier, claims.shard, claims.number, claims.tag))
        };
        let numbers: HashSet<_> = tabs.receipts.iter().map(number).collect();
        verdict.require(numbers.len() == 1 && !numbers.contains(&None), || {
            format!("{} joined from two tabs and holds two numbers", tabs.subject)
        });
    }
    for tried in facts.old_tickets {
        verdict.require(!tried.opened_the_shop, || {
            format!("a replaced ticket of {} opened the shop", tried.subject)
        });
    }
    verdict.saw(format!(
        "{} joins from two tabs, {} replaced tickets tried",
        facts.two_tabs.len(),
        facts.old_tickets.len()
    ));
}

#[cfg(test)]
mod tests {
    use super::*;
    use stanchion_shared::{
        admission::{AUDIENCE, ShopClaims},
        identity::{Bytes32, Draw, EventId, Place, Shard},
        jose::SigningKeys,
        timestamp::UnixMillis,
        wire::QueueStatus,
    };

    // The key pair of RFC 8037, appendix A.
    const KEYS: &str = r#"{"keys":[{"kty":"OKP","crv":"Ed25519","kid":"a",
        "d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}]}"#;

    fn tag(number: u8) -> Tag {
        Tag([number; 16])
    }

    fn receipt(draw: u32, number: u32, of: u8) -> String {
        let claims = ReceiptClaims {
            event_id: EventId::parse("e").unwrap(),
            draw,
            tier: 1,
            shard: Shard(0),
            number,
            tag: tag(of),
            digest: Bytes32([0; 32]),
        };
        SigningKeys::parse(KEYS)
            .unwrap()
            .sign_claims(ReceiptClaims::TOKEN_TYPE, &claims)
    }

    fn held_ticket(subject: &str, receipt: String) -> HeldTicket {
        HeldTicket {
            subject: subject.to_owned(),
            receipt,
            place: None,
        }
    }

    fn token(subject: &str, jti: &str, place: u64, iat: u64, exp: u64) -> ReadToken {
        ReadToken {
            subject: subject.to_owned(),
            claims: ShopClaims {
                iss: "i".to_owned(),
                aud: AUDIENCE.to_owned(),
                sub: subject.to_owned(),
                jti: jti.to_owned(),
                iat,
                exp,
                event: EventId::parse("e").unwrap(),
                place: Place(place),
            },
            received_at: UnixMillis(iat * 1_000),
        }
    }

    /// Fan 1 is at place 1 (draw 0) and again at place 3 (draw 2); fan 2 is at place 2.
    fn line() -> Line {
        [(1, (Draw(0), tag(1))), (2, (Draw(0), tag(2))), (3, (Draw(2), tag(1)))].into()
    }

    fn held(line: &Line, tokens: &[ReadToken], two_tabs: &[TwoTabs], old_tickets: &[OldTicketTried]) -> bool {
        let tickets = [
            held_ticket("one", receipt(0, 0, 1)),
            held_ticket("two", receipt(0, 1, 2)),
            held_ticket("one", receipt(2, 0, 1)),
        ];
        let keys = SigningKeys::parse(KEYS).unwrap().verifying().unwrap();
        judge(&Facts {
            keys: &keys,
            line,
            tokens,
            tickets: &tickets,
            two_tabs,
            old_tickets,
        })
        .held
    }

    #[test]
    fn one_session_after_the_other_holds() {
        let tokens = [
            token("one", "a", 1, 10, 20),
            token("one", "a", 1, 10, 25),
            token("one", "b", 3, 25, 35),
            token("two", "c", 2, 11, 21),
        ];
        assert!(held(&line(), &tokens, &[], &[]));
    }

    #[test]
    fn nothing_seen_shows_nothing() {
        assert!(!held(&line(), &[], &[], &[]));
        assert!(!held(&Line::new(), &[token("one", "a", 1, 10, 20)], &[], &[]));
    }

    #[test]
    fn two_sessions_at_once_do_not() {
        assert!(!held(
            &line(),
            &[token("one", "a", 1, 10, 20), token("one", "b", 3, 19, 30)],
            &[],
            &[]
        ));
        // A stop made the first one longer.
        let longer = [
            token("one", "a", 1, 10, 20),
            token("one", "a", 1, 10, 22),
            token("one", "b", 3, 21, 30),
        ];
        assert!(!held(&line(), &longer, &[], &[]));
    }

    #[test]
    fn an_older_place_after_a_newer_one_does_not() {
        assert!(!held(
            &line(),
            &[token("one", "a", 3, 10, 20), token("one", "b", 1, 25, 30)],
            &[],
            &[]
        ));
    }

    #[test]
    fn somebody_elses_place_or_session_does_not() {
        assert!(!held(&line(), &[token("two", "a", 1, 10, 20)], &[], &[]));
        assert!(!held(&line(), &[token("two", "a", 9, 10, 20)], &[], &[]));
        assert!(!held(
            &line(),
            &[token("one", "a", 1, 10, 20), token("two", "a", 2, 10, 20)],
            &[],
            &[]
        ));
    }

    #[test]
    fn two_numbers_in_a_draw_do_not() {
        let mut twice = line();
        twice.insert(4, (Draw(2), tag(1)));
        assert!(!held(&twice, &[token("one", "a", 1, 10, 20)], &[], &[]));
    }

    #[test]
    fn two_tabs_with_two_numbers_and_old_tickets_that_work_do_not() {
        let good = [token("one", "a", 1, 10, 20)];
        let tabs = |receipts: Vec<String>| {
            [TwoTabs {
                subject: "one".to_owned(),
                receipts,
            }]
        };
        assert!(held(
            &line(),
            &good,
            &tabs(vec![receipt(0, 0, 1), receipt(0, 0, 1)]),
            &[]
        ));
        assert!(!held(
            &line(),
            &good,
            &tabs(vec![receipt(0, 0, 1), receipt(0, 5, 1)]),
            &[]
        ));
        let tried = |opened_the_shop| {
            [OldTicketTried {
                subject: "one".to_owned(),
                status: QueueStatus::Expired,
                opened_the_shop,
            }]
        };
        assert!(held(&line(), &good, &[], &tried(false)));
        assert!(!held(&line(), &good, &[], &tried(true)));
    }
}
