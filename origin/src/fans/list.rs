//! An uploaded list of addresses: plain text with one address per line, or CSV with a column `email`. Every line is judged; one
//! that is no address spoils the whole list, because whoever uploads it has to look at it again anyway.

use std::collections::HashSet;

use axum::{
    body::to_bytes,
    extract::{FromRequest, Request},
    http::{StatusCode, header},
};
use serde::Serialize;
use serde_json::json;

use crate::{accounts::Email, http::Error};

/// Largest list, in bytes.
pub const MAX_LIST_BYTES: usize = 4 * 1024 * 1024;
/// Most addresses of a list. More come in several lists.
pub const MAX_LIST_LINES: usize = 100_000;
/// Most lines that an answer tells of; the rest is counted.
pub const MAX_LINES_TOLD: usize = 100;
/// Longest piece of a bad line that is repeated, in characters.
const MAX_SAID: usize = 80;
/// How the column of addresses may be called, in lower case.
const COLUMN_NAMES: [&str; 3] = ["email", "e-mail", "mail"];
/// What separates columns: whichever of these is most often in the first line.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// How a list is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Form {
    Plain,
    Csv,
}

/// Addresses with the lines they are in, from 1, each address once.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) entries: Vec<(u64, Email)>,
    /// Lines whose address was in an earlier line.
    pub(super) repeated: Vec<(u64, Email)>,
}

/// A line that is no address.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct BadLine {
    line: u64,
    said: String,
}

/// A list as it was sent, judged. 415 `unsupported_media_type`, 413 `body_too_large`; 422 `malformed_list`, which names the
/// bad lines.
#[derive(Debug)]
pub(super) struct Uploaded {
    pub(super) list: List,
    /// As sent, for its digest.
    pub(super) body: Vec<u8>,
}

impl<S: Send + Sync> FromRequest<S> for Uploaded {
    type Rejection = Error;

    async fn from_request(request: Request, _: &S) -> Result<Self, Error> {
        let content_type = request.headers().get(header::CONTENT_TYPE);
        let content_type = content_type.and_then(|value| value.to_str().ok()).unwrap_or_default();
        let form = Form::of(content_type).ok_or_else(|| {
            let message =
                "The list must be sent as text/csv with a column `email`, or as text/plain with one address per line.";
            Error::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type", message)
        })?;
        // As with JSON: the one failure besides the limit is a body that breaks off.
        let body = to_bytes(request.into_body(), MAX_LIST_BYTES).await.map_err(|_| {
            let message = format!("The list is larger than {MAX_LIST_BYTES} bytes: send it in parts.");
            Error::new(StatusCode::PAYLOAD_TOO_LARGE, "body_too_large", message)
        })?;
        Ok(Uploaded {
            list: List::parse(form, &body)?,
            body: body.to_vec(),
        })
    }
}

impl Form {
    fn of(content_type: &str) -> Option<Form> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        match media_type.to_ascii_lowercase().as_str() {
            "text/csv" => Some(Form::Csv),
            "text/plain" => Some(Form::Plain),
            _ => None,
        }
    }
}

impl List {
    fn parse(form: Form, body: &[u8]) -> Result<List, Error> {
        let text = std::str::from_utf8(body).map_err(|_| malformed("The list is not in UTF-8."))?;
        // What some programs write before the first letter, to say that it is UTF-8.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = match form {
            Form::Plain => plain(text),
            Form::Csv => csv(text)?,
        };
        judge(lines)
    }
}

fn malformed(message: impl Into<std::borrow::Cow<'static, str>>) -> Error {
    Error::new(StatusCode::UNPROCESSABLE_ENTITY, "malformed_list", message)
}

fn plain(text: &str) -> Vec<(u64, String)> {
    let filled = |(_, line): &(u64, &str)| !line.trim().is_empty();
    let lines = (1..).zip(text.lines()).filter(filled);
    lines.map(|(number, line)| (number, line.to_owned())).collect()
}

fn csv(text: &str) -> Result<Vec<(u64, String)>, Error> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let often = |separator: &u8| first.bytes().filter(|byte| byte == separator).count();
    // The first of equals: a comma where there is one column only.
    let separator = SEPARATORS.into_iter().rev().max_by_key(often).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut records = reader.records().enumerate();
    let unreadable = |error: csv::Error| malformed(format!("The list is not CSV: {error}."));
    let heading = match records.next() {
        Some((_, heading)) => heading.map_err(unreadable)?,
        None => csv::StringRecord::new(),
    };
    let is_ours = |name: &str| COLUMN_NAMES.contains(&name.trim().to_lowercase().as_str());
    let column = heading
        .iter()
        .position(is_ours)
        .ok_or_else(|| malformed("The first line must name the columns, and one of them must be `email`."))?;
    let mut lines = Vec::new();
    for (index, record) in records {
        let record = record.map_err(unreadable)?;
        let line = record
            .position()
            .map_or(index as u64 + 1, |position| line(text, position));
        if record.iter().any(|cell| !cell.trim().is_empty()) {
            lines.push((line, record.get(column).unwrap_or_default().to_owned()));
        }
    }
    Ok(lines)
}

/// The line a record is in. Blank lines before it count for the reader as its beginning, for people they do not.
fn line(text: &str, position: &csv::Position) -> u64 {
    let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.as_bytes().get(from..).unwrap_or_default();
    let blank = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
    position.line() + blank.filter(|byte| **byte == b'\n').count() as u64
}

fn judge(lines: Vec<(u64, String)>) -> Result<List, Error> {
    if lines.is_empty() {
        return Err(malformed("The list has no addresses."));
    }
    if lines.len() > MAX_LIST_LINES {
        let message = format!("The list has more than {MAX_LIST_LINES} addresses: send it in parts.");
        return Err(malformed(message));
    }
    let (mut list, mut seen, mut bad) = (List::default(), HashSet::new(), Vec::new());
    for (line, text) in lines {
        match Email::parse(&text) {
            Ok(email) if seen.insert(email.clone()) => list.entries.push((line, email)),
            Ok(email) => list.repeated.push((line, email)),
            Err(_) => bad.push(BadLine {
                line,
                said: text.chars().take(MAX_SAID).collect(),
            }),
        }
    }
    if bad.is_empty() {
        return Ok(list);
    }
    let (count, told) = (bad.len(), &bad[..bad.len().min(MAX_LINES_TOLD)]);
    let message = format!(
        "{count} lines are no addresses, the first is line {}. Nothing was changed.",
        bad[0].line
    );
    Err(malformed(message).with("bad_lines", count).with("lines", json!(told)))
}

#[cfg(test)]
#[path = "list_tests.rs"]
mod tests;
