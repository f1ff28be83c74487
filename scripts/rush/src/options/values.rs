//! How values are written on the command line.

use std::time::Duration;

use clap::builder::RangedI64ValueParser;
use stanchion_shared::{
    identity::{Bytes32, EventId, Tag},
    policy::BeaconPolicy,
};

pub(super) fn at_least_one() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(1..)
}

pub(super) fn percent() -> RangedI64ValueParser<u32> {
    clap::value_parser!(u32).range(0..=100)
}

pub(super) fn invariant_number() -> RangedI64ValueParser<u8> {
    clap::value_parser!(u8).range(1..=9)
}

pub(super) fn event_id(text: &str) -> Result<EventId, String> {
    EventId::parse(text).map_err(|error| error.to_string())
}

pub(super) fn tag(text: &str) -> Result<Tag, String> {
    Tag::parse(text).map_err(|error| error.to_string())
}

pub(super) fn beacon(text: &str) -> Result<BeaconPolicy, String> {
    let beacon: BeaconPolicy = serde_json::from_str(text).map_err(|error| error.to_string())?;
    beacon.check().map(|()| beacon)
}

pub(super) fn bytes_32(text: &str) -> Result<Bytes32, String> {
    Bytes32::parse(text).map_err(|error| error.to_string())
}

/// An address without a slash at the end. Only plain HTTP: the rush is for private stacks.
pub(super) fn base_url(text: &str) -> Result<String, String> {
    if text.starts_with("http://") && reqwest::Url::parse(text).is_ok() {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err("must be an http:// address".to_owned())
    }
}

/// A whole number with `ms`, `s` or `m`.
pub(crate) fn duration(text: &str) -> Result<Duration, String> {
    let digits = text.trim_end_matches(|c: char| c.is_ascii_alphabetic());
    let number: u64 = digits.parse().map_err(|_| DURATION_FORM.to_owned())?;
    let millis = match &text[digits.len()..] {
        "ms" => Some(number),
        "s" => number.checked_mul(1_000),
        "m" => number.checked_mul(60_000),
        _ => None,
    };
    millis
        .map(Duration::from_millis)
        .ok_or_else(|| DURATION_FORM.to_owned())
}

const DURATION_FORM: &str = "must be a whole number and ms, s or m, as in 20s";

/// A duration in milliseconds.
pub(crate) fn millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_duration_has_a_unit() {
        assert_eq!(duration("20s"), Ok(Duration::from_secs(20)));
        assert_eq!(duration("1500ms"), Ok(Duration::from_millis(1_500)));
        assert_eq!(duration("2m"), Ok(Duration::from_secs(120)));
        for text in ["", "20", "s", "2h", "-1s", "1.5s"] {
            assert!(duration(text).is_err(), "{text}");
        }
    }

    #[test]
    fn only_plain_http_is_spoken() {
        assert_eq!(base_url("http://127.0.0.1:80/"), Ok("http://127.0.0.1:80".to_owned()));
        for text in ["https://a.example", "127.0.0.1:80", "http://"] {
            assert!(base_url(text).is_err(), "{text}");
        }
    }
}
