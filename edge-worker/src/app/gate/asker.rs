//! Who asks for a guarded address, as far as the request's headers tell: a person, a program, or a
//! page that needs a part of itself.

use http::header;

use crate::{
    app::http::headers::{TICKET_HEADER, header_text},
    platform::HttpRequest,
};

/// Who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asker {
    /// A person, who wants to see a page.
    Person,
    /// A program, which reads JSON and polls as often as it is told.
    Program,
    /// A part of a page: a picture, a script, a frame, or data. It neither shows a waiting page nor
    /// knows when to poll.
    PagePart,
}

impl Asker {
    /// Browsers say what a request is for in `Sec-Fetch-Dest` (Fetch Metadata, over https), and all
    /// accept HTML where they want a page.
    pub(crate) fn of(request: &HttpRequest) -> Asker {
        let accepts = |media_type| {
            header_text(request, header::ACCEPT.as_str()).is_some_and(|accept| accept.contains(media_type))
        };
        let has_ticket = header_text(request, TICKET_HEADER).is_some();
        match header_text(request, "sec-fetch-dest") {
            Some("document") => Asker::Person,
            Some("empty") if has_ticket => Asker::Program,
            Some(_) => Asker::PagePart,
            None if accepts("text/html") => Asker::Person,
            None if has_ticket || accepts("json") => Asker::Program,
            None => Asker::PagePart,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_a_person_sees_and_what_a_program_asks_is_a_poll() {
        const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
        for (headers, expected) in [
            (&[("accept", HTML), ("sec-fetch-dest", "document")][..], Asker::Person),
            (&[("accept", HTML)], Asker::Person),
            (&[("accept", HTML), ("sec-fetch-dest", "iframe")], Asker::PagePart),
            (
                &[
                    ("accept", "image/avif,image/webp,*/*;q=0.8"),
                    ("sec-fetch-dest", "image"),
                ],
                Asker::PagePart,
            ),
            (&[("accept", "image/avif,image/webp,*/*;q=0.8")], Asker::PagePart),
            (
                &[("accept", "text/css,*/*;q=0.1"), ("sec-fetch-dest", "style")],
                Asker::PagePart,
            ),
            (
                &[("accept", "application/json"), ("sec-fetch-dest", "empty")],
                Asker::PagePart,
            ),
            (
                &[("accept", "*/*"), ("sec-fetch-dest", "empty"), ("queue-token", "x")],
                Asker::Program,
            ),
            (&[("accept", "application/json")], Asker::Program),
            (&[("accept", "application/problem+json")], Asker::Program),
            (&[("accept", "*/*"), ("queue-token", "x")], Asker::Program),
            (&[("accept", "*/*")], Asker::PagePart),
            (&[], Asker::PagePart),
        ] {
            let mut request = HttpRequest::new(Vec::new());
            for (name, value) in headers {
                request.headers_mut().insert(*name, value.parse().unwrap());
            }
            assert_eq!(Asker::of(&request), expected, "{headers:?}");
        }
    }
}
