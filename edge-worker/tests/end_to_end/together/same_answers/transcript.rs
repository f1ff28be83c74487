//! The answers, written down so that two runs on any two runtimes write the same.

use std::fmt::Write as _;

use reqwest::{Response, header};

use super::marks::{Run, marked};

/// Headers of the connection and not of the answer, and the clock's. How long the body is shows in the body.
const OF_THE_CONNECTION: [header::HeaderName; 5] = [
    header::CONNECTION,
    header::CONTENT_LENGTH,
    header::DATE,
    header::TRANSFER_ENCODING,
    header::HeaderName::from_static("keep-alive"),
];
const STATIC: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../static");
/// Folders of files that are compressed, and how they are named.
const CODINGS: [(&str, &str); 3] = [("", ""), ("br/", " in br"), ("gzip/", " in gzip")];

/// The answers so far.
pub(crate) struct Transcript {
    text: String,
    run: Run,
}

impl Transcript {
    /// Of a run whose names contain `run`.
    pub(crate) fn new(name: String) -> Transcript {
        let text = "The edge's answers, the same on every runtime. same_answers/mod.rs says how to write them anew.\n";
        Transcript {
            text: text.to_owned(),
            run: Run {
                name,
                drawn: Vec::new(),
            },
        }
    }

    /// From here on `mark` stands for `drawn`, which the draw decided.
    pub(crate) fn mark_as_drawn(&mut self, drawn: String, mark: &str) {
        self.run.drawn.push((drawn, mark.to_owned()));
    }

    /// The last mark no longer holds.
    pub(crate) fn unmark_last(&mut self) {
        self.run.drawn.pop();
    }

    /// The prefix of all names of this run.
    pub(crate) fn run(&self) -> &str {
        &self.run.name
    }

    /// Writes an answer down; its body.
    pub(crate) async fn note(&mut self, asked: &str, answer: Response) -> Vec<u8> {
        let status = answer.status();
        let mut headers: Vec<String> = answer
            .headers()
            .iter()
            .filter(|(name, _)| !OF_THE_CONNECTION.contains(name))
            .map(|(name, value)| format!("{name}: {}", String::from_utf8_lossy(value.as_bytes())))
            .collect();
        headers.sort_unstable(); // their order means nothing
        let body = answer.bytes().await.expect("a whole answer").to_vec();
        let headers = marked(&headers.join("\n"), &self.run);
        let shown = self.shown(&body);
        let _ = write!(self.text, "\n=== {asked}\n{}\n{headers}\n\n{shown}\n", status.as_u16());
        body
    }

    fn shown(&self, body: &[u8]) -> String {
        match std::str::from_utf8(body) {
            _ if body.is_empty() => "(no body)".to_owned(),
            Ok(text) => page_of(body).unwrap_or_else(|| marked(text, &self.run)),
            Err(_) => page_of(body).unwrap_or_else(|| format!("({} bytes)", body.len())),
        }
    }

    /// All of it.
    pub(crate) fn text(&self) -> &str {
        &self.text
    }
}

/// A page is named, not repeated: it is one of the files it is made of, to the byte, as it is or compressed, or it is shown.
fn page_of(body: &[u8]) -> Option<String> {
    CODINGS.into_iter().find_map(|(folder, coding)| {
        let mut files =
            std::fs::read_dir(format!("{STATIC}/{folder}pages")).expect("scripts/stack/build-static has run");
        files.find_map(|file| {
            let file = file.expect("its entries can be read");
            let is_it = std::fs::read(file.path()).is_ok_and(|content| content == body);
            is_it.then(|| format!("(the page {}{coding})", file.file_name().display()))
        })
    })
}
