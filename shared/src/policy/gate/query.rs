//! Queries: which parameters a rule means, and how sites may read the query of a request.
//!
//! Frameworks read one query in many ways: they decode names, ignore their case, write `_` for other
//! signs, split at `;`, take the first or the last of several, or let the body add parameters. A
//! condition is left aside only where every one of them reads that it does not hold.

use serde::{Deserialize, Serialize};
use unicode_normalization::char::is_combining_mark;

use super::{
    GuardedRequest,
    path::{SitePath, folded, percent_decoded},
    rule::Certainty,
};

/// Longest name of a parameter in a rule, in bytes.
pub const MAX_PARAMETER_LENGTH: usize = 64;
/// Longest value of a parameter in a rule, in bytes.
pub const MAX_PARAMETER_VALUE_LENGTH: usize = 128;

/// Most parameters that are looked at. Beyond them servers differ in what they drop.
const MOST_PARAMETERS: usize = 128;
/// Most digits of a number that all servers read as that number.
const MOST_DIGITS: usize = 9;

/// A condition on the query of a request: a parameter is there, or has a value.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QueryCondition {
    /// The name of the parameter.
    pub parameter: String,
    /// Its value, decoded. `None`: the parameter is there, whatever its value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub value: Option<String>,
}

impl QueryCondition {
    /// Whether a request with this query meets the condition.
    pub(super) fn guards(&self, query: &SiteQuery) -> Certainty {
        let meant = squeezed(&self.parameter);
        let mut named = query.parameters.iter().filter(|parameter| parameter.may_be(&meant));
        // Some servers look for parameters among the cookies, too.
        let in_cookie = query.cookies.iter().any(|names| names.contains(&meant));
        let elsewhere = if in_cookie { Certainty::Perhaps } else { query.elsewhere };
        let Some(first) = named.next() else {
            return elsewhere;
        };
        let is_plain = first.is_plain && first.name == self.parameter && named.next().is_none();
        let by_value = match &self.value {
            None => Certainty::Surely,
            Some(value) => first
                .value
                .as_ref()
                .map_or(Certainty::Perhaps, |text| compare(text, value)),
        };
        match is_plain {
            true if elsewhere == Certainty::No => by_value,
            true => Certainty::Perhaps,
            false => Certainty::Perhaps,
        }
    }

    /// # Errors
    /// A sentence that says what a condition is made of.
    pub(super) fn check(&self) -> Result<(), String> {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"_-.[]".contains(&byte);
        let name = &self.parameter;
        // Servers may read a bracket at the beginning as no name at all.
        let is_name = (1..=MAX_PARAMETER_LENGTH).contains(&name.len()) && name.bytes().all(plain);
        if !is_name || !name.as_bytes()[0].is_ascii_alphanumeric() && !name.starts_with('_') {
            return Err(format!(
                "a parameter has 1 to {MAX_PARAMETER_LENGTH} of the characters A-Z a-z 0-9 _ - . [ ] and begins with a \
                 letter, a digit or _"
            ));
        }
        let is_value = |value: &String| {
            value.len() <= MAX_PARAMETER_VALUE_LENGTH && value.trim() == value && !value.contains(char::is_control)
        };
        if self.value.as_ref().is_none_or(is_value) {
            return Ok(());
        }
        Err(format!(
            "a parameter's value has at most {MAX_PARAMETER_VALUE_LENGTH} bytes, no control characters and no space at \
             its ends"
        ))
    }
}

/// The query of a request, as sites may read it.
pub(super) struct SiteQuery {
    parameters: Vec<Parameter>,
    /// Whether some server may see parameters that are not among these.
    elsewhere: Certainty,
    /// What servers may take each cookie's name for.
    cookies: Vec<Vec<String>>,
}

impl SiteQuery {
    /// What a request may carry as parameters.
    pub(super) fn of(asked: &GuardedRequest<'_>, path: &SitePath) -> SiteQuery {
        let cookies = (asked.header)("cookie").unwrap_or_default();
        SiteQuery::read(asked.query, cookies, asked.may_have_body || path.may_hide_query())
    }

    /// Reads `query` as it was sent, without `?`, and the names in a `Cookie` header. `may_have_more`:
    /// the request may carry parameters in another place, too.
    fn read(query: &str, cookies: &[u8], may_have_more: bool) -> SiteQuery {
        let pairs = query.split('&').filter(|pair| !pair.is_empty());
        let is_short = pairs.clone().nth(MOST_PARAMETERS).is_none();
        // What is too long is read by nobody here: whoever asks chooses how long it is.
        let parameters: Option<Vec<Parameter>> = pairs.filter(|_| is_short).map(Parameter::read).collect();
        let cookies = String::from_utf8_lossy(cookies).into_owned();
        let cookies: Vec<&str> = cookies
            .split(';')
            .filter_map(|cookie| cookie.split('=').next())
            .collect();
        let has_few_cookies = cookies.len() <= MOST_PARAMETERS;
        let is_clear = is_short && has_few_cookies && parameters.is_some() && !query.contains(';');
        SiteQuery {
            parameters: parameters.unwrap_or_default(),
            elsewhere: match is_clear && !may_have_more {
                true => Certainty::No,
                false => Certainty::Perhaps,
            },
            cookies: cookies.into_iter().take(MOST_PARAMETERS).map(names_of).collect(),
        }
    }
}

/// One parameter of a query.
struct Parameter {
    /// Decoded.
    name: String,
    /// What servers may take the name for, squeezed.
    names: Vec<String>,
    /// Whether only brackets of the name are encoded, as browsers do it.
    is_plain: bool,
    /// Decoded; `None` if servers decode it differently.
    value: Option<String>,
}

impl Parameter {
    /// `None` if nobody can say which name servers read.
    fn read(pair: &str) -> Option<Parameter> {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        let decoded_name = decoded(name)?;
        Some(Parameter {
            names: names_of(&decoded_name),
            name: decoded_name,
            is_plain: !name.contains('+') && name.split('%').skip(1).all(is_bracket),
            value: decoded(value),
        })
    }

    /// Whether some server may take it for the parameter whose squeezed name is `meant`.
    fn may_be(&self, meant: &str) -> bool {
        self.names.iter().any(|name| name == meant)
    }
}

/// What servers may take a name for, squeezed: for all of it, for what stands before its first
/// bracket (`a` in `a[b]`), and for what each bracket closes (`a[b]` in `a[b]c` and in `a[b][0]`).
fn names_of(name: &str) -> Vec<String> {
    let closed = name.match_indices(']').map(|(at, _)| &name[..=at]);
    let outer = name.split('[').next();
    let mut names: Vec<String> = [name].into_iter().chain(outer).chain(closed).map(squeezed).collect();
    names.dedup();
    names
}

/// Whether what follows a `%` encodes `[` or `]`.
fn is_bracket(code: &str) -> bool {
    ["5B", "5D"].contains(&code.get(..2).unwrap_or_default().to_ascii_uppercase().as_str())
}

/// Percent-decoded once. `None` if servers may decode it in different ways: it is encoded twice, not
/// UTF-8, or has control characters.
fn decoded(text: &str) -> Option<String> {
    let text = text.replace('+', " ");
    let decoded = String::from_utf8(percent_decoded(text.as_bytes()).into_owned()).ok()?;
    let known = |letter: char| !letter.is_control() && letter != '%' && letter != char::REPLACEMENT_CHARACTER;
    decoded.chars().all(known).then_some(decoded)
}

/// A name as the most careless server compares it: without case, accents, compatibility forms and
/// spaces at its ends, and with `_` for the signs that PHP cannot have in a name.
fn squeezed(name: &str) -> String {
    let name = careless(name);
    let name = name.trim_start_matches('?');
    name.chars()
        .map(|letter| {
            if letter.is_whitespace() || ".[]_".contains(letter) {
                '_'
            } else {
                letter
            }
        })
        .collect::<String>()
        .trim_end_matches('_')
        .to_owned()
}

/// A text without case, accents, compatibility forms and spaces at its ends.
fn careless(text: &str) -> String {
    let folded = folded(text);
    let letters = folded.chars().filter(|&letter| !is_combining_mark(letter));
    letters.collect::<String>().trim().to_owned()
}

/// Whether a decoded value is the one that a rule means.
fn compare(text: &str, meant: &str) -> Certainty {
    if text == meant {
        return Certainty::Surely;
    }
    // Some servers take a list with commas for several values.
    if text.contains(',') && text.split(',').any(|part| compare(part, meant) != Certainty::No) {
        return Certainty::Perhaps;
    }
    let (text, meant) = (careless(text), careless(meant));
    let is_other = match is_number(&meant) {
        true => is_no_such_number(&text, &meant),
        false => text != meant,
    };
    if is_other { Certainty::No } else { Certainty::Perhaps }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Whether every server reads another number than `meant` in a text, or none. Languages find a
/// number in `042`, `+42`, `42.0`, `42abc` and `0x2a`, and 0 where there is none.
fn is_no_such_number(text: &str, meant: &str) -> bool {
    let meant = meant.trim_start_matches('0');
    let is_zero = meant.is_empty();
    let is_plain = is_number(text) && text.len() <= MOST_DIGITS && (text == "0" || !text.starts_with('0'));
    if is_plain {
        return text.trim_start_matches('0') != meant;
    }
    let is_word = text
        .bytes()
        .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
        && text.bytes().next().is_none_or(|byte| byte.is_ascii_alphabetic());
    is_word && !is_zero
}

#[cfg(test)]
mod tests;
