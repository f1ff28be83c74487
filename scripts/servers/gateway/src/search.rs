//! The part of Stripe's search language that finds an order's intents: `metadata['order_id']:'7' AND status:'succeeded'`.
//! Source: <https://docs.stripe.com/search#search-query-language>.

use std::iter::Peekable;
use std::str::Chars;

use serde::Serialize;

use crate::error::GatewayError;
use crate::intent::PaymentIntent;
use crate::listing::take_limit;
use crate::params::Params;
use crate::view::IntentView;

/// What to look for: every clause must hold.
#[derive(Debug)]
pub struct IntentSearch {
    pub(crate) clauses: Vec<Clause>,
    pub(crate) limit: usize,
    /// Id of the last intent of the page before.
    pub(crate) after: Option<String>,
}

/// One condition.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Clause {
    Metadata { key: String, value: String },
    Status(String),
}

impl Clause {
    pub(crate) fn holds(&self, intent: &PaymentIntent) -> bool {
        match self {
            Self::Metadata { key, value } => intent.metadata.has(key, value),
            Self::Status(word) => intent.status().word() == word,
        }
    }
}

/// What was found.
#[derive(Debug, Serialize)]
pub struct SearchResult {
    object: &'static str,
    url: &'static str,
    has_more: bool,
    next_page: Option<String>,
    data: Vec<IntentView>,
}

impl IntentSearch {
    /// Reads `query`, `limit` and `page`.
    ///
    /// # Errors
    /// Stripe's error for the first that is missing or invalid.
    pub fn parse(mut params: Params) -> Result<Self, GatewayError> {
        let query = params.require("query")?;
        let clauses = clauses(&query).ok_or_else(|| {
            let message = "The query was not understood. Here it is clauses joined by AND, each metadata['key']:'value' \
                           or status:'value'.";
            GatewayError::invalid_request(message).about("query")
        })?;
        let limit = take_limit(&mut params)?;
        let after = params.take("page")?;
        params.finish()?;
        Ok(Self { clauses, limit, after })
    }

    /// Cuts a page out of everything that matches, newest first.
    pub(crate) fn cut(&self, matches: impl Iterator<Item = IntentView>) -> SearchResult {
        let mut data: Vec<_> = matches.take(self.limit + 1).collect();
        let has_more = data.len() > self.limit;
        data.truncate(self.limit);
        let next_page = data.last().filter(|_| has_more).map(|last| last.id.clone());
        SearchResult {
            object: "search_result",
            url: "/v1/payment_intents/search",
            has_more,
            next_page,
            data,
        }
    }
}

fn clauses(query: &str) -> Option<Vec<Clause>> {
    let mut rest = query.chars().peekable();
    let mut clauses = Vec::new();
    loop {
        clauses.push(clause(&mut rest)?);
        skip_spaces(&mut rest);
        if rest.peek().is_none() {
            return Some(clauses);
        }
        if !word(&mut rest).eq_ignore_ascii_case("and") {
            return None;
        }
    }
}

fn clause(rest: &mut Peekable<Chars<'_>>) -> Option<Clause> {
    skip_spaces(rest);
    match word(rest).as_str() {
        "metadata" => {
            rest.next_if_eq(&'[')?;
            let key = quoted(rest)?;
            rest.next_if_eq(&']')?;
            rest.next_if_eq(&':')?;
            Some(Clause::Metadata {
                key,
                value: quoted(rest)?,
            })
        }
        "status" => {
            rest.next_if_eq(&':')?;
            Some(Clause::Status(quoted(rest)?))
        }
        _ => None,
    }
}

fn skip_spaces(rest: &mut Peekable<Chars<'_>>) {
    while rest.next_if(|letter| letter.is_whitespace()).is_some() {}
}

fn word(rest: &mut Peekable<Chars<'_>>) -> String {
    std::iter::from_fn(|| rest.next_if(char::is_ascii_alphabetic)).collect()
}

/// Text in single or double quotes; a backslash takes the meaning from the letter after it.
fn quoted(rest: &mut Peekable<Chars<'_>>) -> Option<String> {
    let quote = rest.next_if(|letter| matches!(letter, '\'' | '"'))?;
    let mut text = String::new();
    loop {
        match rest.next()? {
            '\\' => text.push(rest.next()?),
            letter if letter == quote => return Some(text),
            letter => text.push(letter),
        }
    }
}
