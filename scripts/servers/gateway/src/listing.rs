//! Stripe's lists: newest first, `limit`, `starting_after`, `created`, `has_more`.
//! Source: <https://docs.stripe.com/api/pagination>.

use serde::Serialize;

use crate::error::GatewayError;
use crate::params::Params;

/// How many a page holds unless said otherwise.
const DEFAULT_LIMIT: usize = 10;
/// How many a page can hold.
const MAX_LIMIT: usize = 100;

/// Which part of a list is wanted.
#[derive(Debug)]
pub struct PageRequest {
    /// At most so many, 1 to 100.
    pub limit: usize,
    /// Only what is older than this id.
    pub starting_after: Option<String>,
    /// Only what was created then.
    pub created: Created,
}

/// Bounds of `created`, in seconds, each included.
#[derive(Debug)]
pub struct Created {
    from: u64,
    to: u64,
}

impl Created {
    /// Whether `seconds` is within the bounds.
    #[must_use]
    pub fn includes(&self, seconds: u64) -> bool {
        (self.from..=self.to).contains(&seconds)
    }
}

impl PageRequest {
    /// Takes the parameters of a list.
    ///
    /// # Errors
    /// Stripe's error for the first that is invalid.
    pub fn take(params: &mut Params) -> Result<Self, GatewayError> {
        Ok(Self {
            limit: take_limit(params)?,
            starting_after: params.take("starting_after")?,
            created: take_created(params)?,
        })
    }

    /// Cuts a page out of everything that matches, newest first.
    pub fn cut<T>(&self, url: &'static str, matches: impl Iterator<Item = T>) -> Listing<T> {
        let mut data: Vec<T> = matches.take(self.limit + 1).collect();
        let has_more = data.len() > self.limit;
        data.truncate(self.limit);
        Listing {
            object: "list",
            url,
            has_more,
            data,
        }
    }
}

/// One page.
#[derive(Debug, Serialize)]
pub struct Listing<T> {
    object: &'static str,
    url: &'static str,
    has_more: bool,
    data: Vec<T>,
}

/// Takes `limit`.
///
/// # Errors
/// It is not a number from 1 to 100.
pub(crate) fn take_limit(params: &mut Params) -> Result<usize, GatewayError> {
    let Some(text) = params.take("limit")? else {
        return Ok(DEFAULT_LIMIT);
    };
    let invalid = |message: String| GatewayError::invalid_param("limit", "parameter_invalid_integer", message);
    match text.parse::<i64>() {
        Err(_) => Err(invalid(format!("Invalid integer: {text}"))),
        Ok(limit) => usize::try_from(limit)
            .ok()
            .filter(|limit| (1..=MAX_LIMIT).contains(limit))
            .ok_or_else(|| invalid(format!("This value must be from 1 to {MAX_LIMIT}."))),
    }
}

fn take_created(params: &mut Params) -> Result<Created, GatewayError> {
    let mut created = Created { from: 0, to: u64::MAX };
    let mut bounds = params.take_group("created");
    if let Some(exactly) = params.take("created")? {
        bounds.extend([("gte".to_owned(), exactly.clone()), ("lte".to_owned(), exactly)]);
    }
    for (bound, text) in bounds {
        let name = format!("created[{bound}]");
        let seconds: u64 = text.parse().map_err(|_| {
            GatewayError::invalid_param(&name, "parameter_invalid_integer", format!("Invalid timestamp: {text}"))
        })?;
        match bound.as_str() {
            "gt" => created.from = created.from.max(seconds.saturating_add(1)),
            "gte" => created.from = created.from.max(seconds),
            "lt" => created.to = created.to.min(seconds.saturating_sub(1)),
            "lte" => created.to = created.to.min(seconds),
            _ => {
                let message = format!("Received unknown parameter: {name}");
                return Err(GatewayError::invalid_param(&name, "parameter_unknown", message));
            }
        }
    }
    Ok(created)
}
