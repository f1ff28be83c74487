//! Invariant 5: A person holds at most one live place per event, and at most one live shop token: from the logs, from
//! every token that fans were given, and from fans who tried to have two.

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
mod tests;
