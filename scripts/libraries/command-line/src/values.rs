//! How values are written on a command line.

use std::time::Duration;

use url::Url;

/// An address without a slash at the end. Only plain HTTP: the programs are for private stacks.
///
/// # Errors
/// A sentence for the user.
pub fn base_url(text: &str) -> Result<String, String> {
    if text.starts_with("http://") && Url::parse(text).is_ok() {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err("must be an http:// address".to_owned())
    }
}

/// The address of a public site without a slash at the end, by HTTP or HTTPS.
///
/// # Errors
/// A sentence for the user.
pub fn public_url(text: &str) -> Result<String, String> {
    let known_scheme = text.starts_with("http://") || text.starts_with("https://");
    if known_scheme && Url::parse(text).is_ok() {
        Ok(text.trim_end_matches('/').to_owned())
    } else {
        Err("must be an http:// or https:// address".to_owned())
    }
}

/// A whole number with `ms`, `s` or `m`.
///
/// # Errors
/// A sentence for the user.
pub fn duration(text: &str) -> Result<Duration, String> {
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
pub fn millis(duration: Duration) -> u64 {
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

    #[test]
    fn a_public_site_is_asked_by_http_or_https() {
        assert_eq!(public_url("https://a.example/"), Ok("https://a.example".to_owned()));
        assert_eq!(public_url("http://127.0.0.1:80"), Ok("http://127.0.0.1:80".to_owned()));
        for text in ["ftp://a.example", "a.example", "https://"] {
            assert!(public_url(text).is_err(), "{text}");
        }
    }
}
