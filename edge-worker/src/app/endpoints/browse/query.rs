//! What a browsing request asks for: the parameters that the origin knows at a path, in one order
//! and one spelling. Anything else in a link (`utm_source`, or a bot's random word) does not make
//! another question, and never reaches the origin.

use crate::app::{
    http::{form, refusal::Refusal},
    shop_guard::BrowsePath,
};

/// A parameter that the origin knows.
struct Parameter {
    name: &'static str,
    /// Longest decoded value, in bytes.
    longest: usize,
}

/// Longest search words, in bytes: what the origin takes (`MAX_QUERY_LENGTH` there).
const LONGEST_WORDS: usize = 200;
/// Longest number, in bytes. No coordinate on earth needs as many digits.
const LONGEST_NUMBER: usize = 32;
/// Longest cursor in a list, in bytes: an instant and an event's id in base64.
const LONGEST_CURSOR: usize = 128;

/// The parameters of a search, in the order in which they are passed on
/// (`origin/src/catalogue/search.rs`).
const SEARCH_PARAMETERS: [Parameter; 6] = [
    Parameter {
        name: "q",
        longest: LONGEST_WORDS,
    },
    Parameter {
        name: "lat",
        longest: LONGEST_NUMBER,
    },
    Parameter {
        name: "lon",
        longest: LONGEST_NUMBER,
    },
    Parameter {
        name: "radius_km",
        longest: LONGEST_NUMBER,
    },
    Parameter {
        name: "limit",
        longest: LONGEST_NUMBER,
    },
    Parameter {
        name: "after",
        longest: LONGEST_CURSOR,
    },
];

fn parameters(path: BrowsePath) -> &'static [Parameter] {
    match path {
        BrowsePath::Search => &SEARCH_PARAMETERS,
        BrowsePath::Event => &[],
    }
}

/// Path and query of the question, the same text for all who ask it.
///
/// # Errors
/// 400 `malformed_query`: a parameter is there twice or cannot be decoded. 422 `invalid_field`: a
/// parameter is longer than any that the origin takes.
pub(super) fn target(browse: BrowsePath, path: &str, query: &str) -> Result<String, Refusal> {
    let parameters = parameters(browse);
    let mut values = vec![None; parameters.len()];
    for (name, value) in form::fields(query) {
        let name = form::decode(name);
        let known = |parameter: &Parameter| Some(parameter.name) == name.as_deref();
        let Some(at) = parameters.iter().position(known) else {
            continue;
        };
        if values[at].replace(read(&parameters[at], value)?).is_some() {
            let message = format!("{} is there more than once.", parameters[at].name);
            return Err(Refusal::new(400, "malformed_query", message));
        }
    }
    let given = parameters.iter().zip(&values);
    let given = given.filter_map(|(parameter, value)| Some((parameter.name, value.as_deref()?)));
    let query = form::encode(given.filter(|(_, value)| !value.is_empty()));
    Ok(match query.as_str() {
        "" => path.to_owned(),
        query => format!("{path}?{query}"),
    })
}

/// Decodes a value, without the spaces around it, which change no question.
fn read(parameter: &Parameter, value: &str) -> Result<String, Refusal> {
    let Parameter { name, longest } = parameter;
    let value = form::decode(value).ok_or_else(|| {
        Refusal::new(
            400,
            "malformed_query",
            format!("{name} is not text in percent-encoding."),
        )
    })?;
    let value = value.trim();
    if value.len() > *longest {
        let message = format!("{name} must have at most {longest} bytes.");
        return Err(Refusal::new(422, "invalid_field", message));
    }
    Ok(value.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn search_target(query: &str) -> Result<String, u16> {
        let target = target(BrowsePath::Search, "/api/v1/events", query);
        target.map_err(|refusal| refusal.into_response().status().as_u16())
    }

    fn query_of(query: &str) -> Result<String, u16> {
        search_target(query).map(|target| target.replacen("/api/v1/events", "", 1))
    }

    #[test]
    fn the_same_question_is_the_same_target_however_it_is_asked() {
        for (asked, expected) in [
            ("", ""),
            ("utm_source=mail&fbclid=abc", ""),
            ("x", ""),
            ("&&", ""),
            ("q=", ""),
            ("q=%20+", ""),
            ("%zz=1", ""),
            ("q=jazz", "?q=jazz"),
            ("utm_source=mail&q=jazz&y=%zz", "?q=jazz"),
            ("%71=%6aazz", "?q=jazz"),
            ("q=+jazz+night%20", "?q=jazz%20night"),
            ("limit=5&lon=2&q=a&lat=1", "?q=a&lat=1&lon=2&limit=5"),
            ("q=%26limit%3D1", "?q=%26limit%3D1"),
        ] {
            assert_eq!(query_of(asked).as_deref(), Ok(expected), "{asked}");
        }
    }

    #[test]
    fn an_event_is_asked_for_by_its_address_alone() {
        let target = target(BrowsePath::Event, "/api/v1/events/arena", "q=1&limit=2&ref=x");
        assert_eq!(target.ok().as_deref(), Some("/api/v1/events/arena"));
    }

    #[test]
    fn what_the_origin_would_refuse_does_not_reach_it() {
        assert_eq!(search_target("q=a&q=b"), Err(400));
        assert_eq!(search_target("limit=1&limit=1"), Err(400));
        assert_eq!(search_target("q=%ff"), Err(400));
        for parameter in &SEARCH_PARAMETERS {
            let with = |length: usize| search_target(&format!("{}={}", parameter.name, "1".repeat(length)));
            assert!(with(parameter.longest).is_ok(), "{}", parameter.name);
            assert_eq!(with(parameter.longest + 1), Err(422), "{}", parameter.name);
        }
    }
}
