//! What is asked when somebody browses: the parameters that the origin knows at an address, in one order and one spelling.
//! Whatever else is in a link (`utm_source`, or a bot's random word) is no other question, and never reaches the origin.

use crate::app::{answer::Refusal, form};

/// What is browsed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::app) enum Browsed {
    /// Events that are searched for.
    Search,
    /// One event.
    Event,
}

/// A parameter that the origin knows.
struct Parameter {
    name: &'static str,
    /// Longest value in bytes, once decoded.
    longest: usize,
}

/// Longest words that are searched for, in bytes: what the origin takes (`MAX_QUERY_LENGTH` there).
const LONGEST_WORDS: usize = 200;
/// Longest number, in bytes: more digits than a place on earth can have.
const LONGEST_NUMBER: usize = 32;
/// Longest place in a list: an instant and an event's id in base64.
const LONGEST_CURSOR: usize = 128;

/// Of a search, in the order in which they are passed on (`origin/src/catalogue/search.rs`).
const OF_A_SEARCH: [Parameter; 6] = [
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

impl Browsed {
    fn parameters(self) -> &'static [Parameter] {
        match self {
            Browsed::Search => &OF_A_SEARCH,
            Browsed::Event => &[],
        }
    }

    /// Path and query that ask the same, and are the same for everybody who does.
    ///
    /// # Errors
    /// 400 `malformed_query`: a parameter is there twice or cannot be read. 422 `invalid_field`: it is longer than any that
    /// the origin takes.
    pub(super) fn target(self, path: &str, query: &str) -> Result<String, Refusal> {
        let mut values = vec![None; self.parameters().len()];
        for (name, value) in form::fields(query) {
            let name = form::decode(name);
            let known = |parameter: &Parameter| Some(parameter.name) == name.as_deref();
            let Some(at) = self.parameters().iter().position(known) else {
                continue;
            };
            if values[at].replace(read(&self.parameters()[at], value)?).is_some() {
                let message = format!("{} is there more than once.", self.parameters()[at].name);
                return Err(Refusal::new(400, "malformed_query", message));
            }
        }
        let given = self.parameters().iter().zip(&values);
        let given = given.filter_map(|(parameter, value)| Some((parameter.name, value.as_deref()?)));
        let query = form::encode(given.filter(|(_, value)| !value.is_empty()));
        Ok(match query.as_str() {
            "" => path.to_owned(),
            query => format!("{path}?{query}"),
        })
    }
}

/// A value without the spaces around it, which ask nothing.
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

    fn target(query: &str) -> Result<String, u16> {
        let target = Browsed::Search.target("/api/v1/events", query);
        target.map_err(|refusal| refusal.into_response().status().as_u16())
    }

    fn query_of(query: &str) -> Result<String, u16> {
        target(query).map(|target| target.replacen("/api/v1/events", "", 1))
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
        let target = Browsed::Event.target("/api/v1/events/arena", "q=1&limit=2&ref=x");
        assert_eq!(target.ok().as_deref(), Some("/api/v1/events/arena"));
    }

    #[test]
    fn what_the_origin_would_refuse_does_not_reach_it() {
        assert_eq!(target("q=a&q=b"), Err(400));
        assert_eq!(target("limit=1&limit=1"), Err(400));
        assert_eq!(target("q=%ff"), Err(400));
        for parameter in &OF_A_SEARCH {
            let with = |length: usize| target(&format!("{}={}", parameter.name, "1".repeat(length)));
            assert!(with(parameter.longest).is_ok(), "{}", parameter.name);
            assert_eq!(with(parameter.longest + 1), Err(422), "{}", parameter.name);
        }
    }
}
