//! Content codings (RFC 9110, section 8.4.1) of static files.

use http::header;

use crate::platform::HttpRequest;

/// How a static file is compressed. The better one is the greater one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum ContentCoding {
    Identity,
    Gzip,
    Brotli,
}

impl ContentCoding {
    /// The coding that the client likes best by its `Accept-Encoding` (RFC 9110, section 12.5.3);
    /// of those that it likes alike, the one that compresses best. A client that says nothing, or
    /// refuses all codings, gets the file as it is.
    pub(crate) fn best_for(request: &HttpRequest) -> ContentCoding {
        let listed: Vec<(&str, u32)> = request
            .headers()
            .get_all(header::ACCEPT_ENCODING)
            .iter()
            .filter_map(|value| value.to_str().ok())
            .flat_map(|value| value.split(','))
            .filter_map(preference)
            .collect();
        let says = |name: &str| listed.iter().find(|(coding, _)| coding.eq_ignore_ascii_case(name));
        let weight = |coding: ContentCoding| {
            let names: &[&str] = match coding {
                ContentCoding::Identity => &["identity"],
                ContentCoding::Gzip => &["gzip", "x-gzip"],
                ContentCoding::Brotli => &["br"],
            };
            let said = names.iter().find_map(|name| says(name)).or_else(|| says("*"));
            said.map_or(0, |(_, weight)| *weight)
        };
        let best = [ContentCoding::Gzip, ContentCoding::Brotli]
            .into_iter()
            .max_by_key(|coding| (weight(*coding), *coding))
            .filter(|coding| weight(*coding) > 0 && weight(*coding) >= weight(ContentCoding::Identity));
        best.unwrap_or(ContentCoding::Identity)
    }

    /// The folder of static files in this coding, with its slash.
    pub(crate) fn folder(self) -> &'static str {
        match self {
            ContentCoding::Identity => "",
            ContentCoding::Gzip => "gzip/",
            ContentCoding::Brotli => "br/",
        }
    }

    /// The value of `Content-Encoding`; `None` without one.
    pub(crate) fn name(self) -> Option<&'static str> {
        match self {
            ContentCoding::Identity => None,
            ContentCoding::Gzip => Some("gzip"),
            ContentCoding::Brotli => Some("br"),
        }
    }
}

/// A member of the list: coding, and weight in thousandths. A weight that cannot be read makes the
/// member count for nothing.
fn preference(member: &str) -> Option<(&str, u32)> {
    let (coding, weight) = match member.split_once(';') {
        None => (member, 1_000),
        Some((coding, parameter)) => {
            let (name, value) = parameter.split_once('=')?;
            let weight: f64 = value.trim().parse().ok()?;
            let is_weight = name.trim().eq_ignore_ascii_case("q") && (0.0..=1.0).contains(&weight);
            (coding, is_weight.then_some((weight * 1_000.0).round() as u32)?)
        }
    };
    let coding = coding.trim();
    (!coding.is_empty()).then_some((coding, weight))
}

#[cfg(test)]
mod tests {
    use super::{ContentCoding::*, *};

    #[test]
    fn the_client_decides_and_of_what_it_likes_alike_the_smallest_is_sent() {
        for (accepted, coding) in [
            (None, Identity),
            (Some(""), Identity),
            (Some("gzip, deflate, br, zstd"), Brotli),
            (Some("gzip, deflate"), Gzip),
            (Some("x-gzip"), Gzip),
            (Some("GZIP"), Gzip),
            (Some("br"), Brotli),
            (Some("*"), Brotli),
            (Some("*;q=0.5, br;q=0"), Gzip),
            (Some("gzip;q=1.0, br;q=0.5"), Gzip),
            (Some("br;q=0.001"), Brotli),
            (Some("br;q=0, gzip;q=0"), Identity),
            (Some("br;q=0.000"), Identity),
            (Some("identity, br;q=0.5"), Identity),
            (Some("identity;q=0.5, gzip ; q=0.5"), Gzip),
            (Some("identity;q=0"), Identity),
            (Some("deflate, zstd"), Identity),
            (Some("br;q=2"), Identity),
            (Some("br;level=3"), Identity),
            (Some(",,;,br;,gzip"), Gzip),
        ] {
            let mut request = HttpRequest::new(Vec::new());
            if let Some(accepted) = accepted {
                let value = accepted.parse().unwrap();
                request.headers_mut().insert(header::ACCEPT_ENCODING, value);
            }
            assert_eq!(ContentCoding::best_for(&request), coding, "{accepted:?}");
        }
    }

    #[test]
    fn several_fields_are_one_list() {
        let mut request = HttpRequest::new(Vec::new());
        for accepted in ["gzip", "br;q=0.9"] {
            request
                .headers_mut()
                .append(header::ACCEPT_ENCODING, accepted.parse().unwrap());
        }
        assert_eq!(ContentCoding::best_for(&request), Gzip);
    }
}
