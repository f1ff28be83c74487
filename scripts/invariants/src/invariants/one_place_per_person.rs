//! Invariant 5: A person holds at most one live place per event, and at most one live shop token: from the logs, from
//! every token that fans were given, and from fans who tried to have two.

use std::collections::{BTreeMap, HashMap, HashSet};

use stanchion_shared::{ids::Tag, jose::VerifyingKeys, schedule::EFFECT_DELAY_MS, wire::ReceiptClaims};

use super::{Findings, Invariant, places_follow_from_records::DrawnLine, turns_on_time::ReadToken};
use crate::evidence::{GivenTicket, LeftSession, ReplacedTicketAttempt, TwoTabs};

/// What is judged.
pub(crate) struct PersonFacts<'a> {
    pub(crate) keys: &'a VerifyingKeys,
    /// Place to draw and tag, from the logs.
    pub(crate) line: &'a DrawnLine,
    pub(crate) tokens: &'a [ReadToken],
    pub(crate) tickets: &'a [GivenTicket],
    pub(crate) two_tabs: &'a [TwoTabs],
    pub(crate) old_tickets: &'a [ReplacedTicketAttempt],
    pub(crate) left_sessions: &'a [LeftSession],
}

/// One shopping session as the tokens show it.
struct TokenSession<'a> {
    jti: &'a str,
    place: u64,
    /// Seconds; the latest of all tokens of the session, since stops lengthen it.
    iat: u64,
    exp: u64,
}

impl TokenSession<'_> {
    /// From which second on no gate lets the session pass: its end or, if its fan left before, two
    /// seconds after that.
    fn over(&self, subject: &str, left: &[LeftSession]) -> u64 {
        let of_this = |left: &&LeftSession| {
            left.subject == subject && (self.iat..self.exp).contains(&left.left_at.floor_seconds())
        };
        let dead = |left: &LeftSession| left.left_at.plus(EFFECT_DELAY_MS).floor_seconds();
        left.iter()
            .filter(of_this)
            .map(dead)
            .chain([self.exp])
            .min()
            .unwrap_or(self.exp)
    }
}

pub(crate) fn judge(facts: &PersonFacts<'_>) -> Invariant {
    let mut findings = Findings::default();
    one_number_per_draw(&mut findings, facts.line);
    let tags = tags(&mut findings, facts);
    let sessions = sessions(&mut findings, facts.tokens);
    one_at_a_time(&mut findings, &sessions, &tags, facts);
    tries(&mut findings, facts);
    findings.close(5)
}

/// A person who joins a draw twice has one number in it.
fn one_number_per_draw(findings: &mut Findings, line: &DrawnLine) {
    let mut seen = HashSet::new();
    let mut people: HashMap<Tag, u32> = HashMap::new();
    for (place, &(draw, tag)) in line {
        findings.require(seen.insert((draw, tag)), || {
            format!("{tag} is in draw {} twice, at place {place} too", draw.0)
        });
        *people.entry(tag).or_default() += 1;
    }
    let again = people.values().filter(|draws| **draws > 1).count();
    match line.is_empty() {
        true => findings.missing("nobody was drawn"),
        false => findings.saw(format!(
            "{} people in the logs, none twice in a draw, {again} in several",
            people.len()
        )),
    }
}

/// One tag per account, one account per tag.
fn tags<'a>(findings: &mut Findings, facts: &PersonFacts<'a>) -> HashMap<&'a str, Tag> {
    let mut tags: HashMap<&str, Tag> = HashMap::new();
    let mut subjects: HashMap<Tag, &str> = HashMap::new();
    for ticket in facts.tickets {
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
        let tag = *tags.entry(&ticket.subject).or_insert(claims.tag);
        let subject = *subjects.entry(claims.tag).or_insert(&ticket.subject);
        findings.require(tag == claims.tag && subject == ticket.subject, || {
            format!("{} and {subject} share tags {tag} and {}", ticket.subject, claims.tag)
        });
    }
    tags
}

/// Sessions by account. Tokens of one session must agree in everything but a later end.
fn sessions<'a>(findings: &mut Findings, tokens: &'a [ReadToken]) -> BTreeMap<&'a str, Vec<TokenSession<'a>>> {
    let mut by_jti: HashMap<&str, (&str, TokenSession<'a>)> = HashMap::new();
    for token in tokens {
        let claims = &token.claims;
        let Some(place) = claims.place else {
            findings.fault(format!("session {} has no place", claims.jti));
            continue;
        };
        let fresh = TokenSession {
            jti: &claims.jti,
            place: place.0,
            iat: claims.iat,
            exp: claims.exp,
        };
        let (subject, session) = by_jti.entry(&claims.jti).or_insert((&token.subject, fresh));
        let same = *subject == token.subject && session.place == place.0 && session.iat == claims.iat;
        findings.require(same, || {
            format!(
                "session {} has another fan, place or begin in one of its tokens",
                claims.jti
            )
        });
        session.exp = session.exp.max(claims.exp);
    }
    if by_jti.is_empty() {
        findings.missing("no fan was given a shop token");
    }
    let mut by_subject: BTreeMap<&str, Vec<TokenSession<'_>>> = BTreeMap::new();
    for (subject, session) in by_jti.into_values() {
        by_subject.entry(subject).or_default().push(session);
    }
    by_subject
}

fn one_at_a_time(
    findings: &mut Findings,
    sessions: &BTreeMap<&str, Vec<TokenSession<'_>>>,
    tags: &HashMap<&str, Tag>,
    facts: &PersonFacts<'_>,
) {
    let (mut several, mut count) = (0, 0);
    for (subject, sessions) in sessions {
        let mut in_order: Vec<&TokenSession<'_>> = sessions.iter().collect();
        in_order.sort_by_key(|session| session.iat);
        count += in_order.len();
        several += usize::from(in_order.len() > 1);
        for pair in in_order.windows(2) {
            let over = pair[0].over(subject, facts.left_sessions);
            findings.require(over <= pair[1].iat, || {
                format!("{subject} had sessions {} and {} at once", pair[0].jti, pair[1].jti)
            });
            // Only the newest queue ticket lives: a session of an older place never begins after one of a newer place.
            findings.require(pair[0].place < pair[1].place, || {
                format!(
                    "{subject} shopped with place {} after place {}",
                    pair[1].place, pair[0].place
                )
            });
        }
        for session in in_order {
            let stands = facts.line.get(&session.place).map(|(_, tag)| tag);
            findings.require(stands.is_some() && stands == tags.get(subject), || {
                format!("{subject} shopped at place {}, which is not theirs", session.place)
            });
        }
    }
    findings.saw(format!(
        "{count} sessions of {} fans, {several} with several, never two at once",
        sessions.len()
    ));
}

/// Fans who tried to have two places or two sessions.
fn tries(findings: &mut Findings, facts: &PersonFacts<'_>) {
    for tabs in facts.two_tabs {
        let number = |receipt: &String| {
            let claims = facts
                .keys
                .verify_claims::<ReceiptClaims>(ReceiptClaims::TOKEN_TYPE, receipt)
                .ok()?;
            Some((claims.draw, claims.tier, claims.shard, claims.number, claims.tag))
        };
        let numbers: HashSet<_> = tabs.receipts.iter().map(number).collect();
        findings.require(numbers.len() == 1 && !numbers.contains(&None), || {
            format!("{} joined from two tabs and holds two numbers", tabs.subject)
        });
    }
    for tried in facts.old_tickets {
        findings.require(!tried.opened_the_shop, || {
            format!("a replaced ticket of {} opened the shop", tried.subject)
        });
    }
    findings.saw(format!(
        "{} joins from two tabs, {} replaced tickets tried, {} left while shopping",
        facts.two_tabs.len(),
        facts.old_tickets.len(),
        facts.left_sessions.len()
    ));
}

#[cfg(test)]
mod tests;
