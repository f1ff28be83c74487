//! An uploaded list of addresses: plain text with one address per line, or CSV with a column
//! `email`.
//!
//! Every line is checked. One line that is no address spoils the whole list, because the admin has
//! to look at the list again anyway.

use std::{collections::HashSet, fmt};

use serde::Serialize;

use crate::accounts::Email;

/// Largest list, in bytes.
pub const MAX_LIST_BYTES: usize = 4 * 1024 * 1024;
/// Most addresses of a list. More addresses need several lists.
pub const MAX_LIST_LINES: usize = 100_000;
/// Most lines that an answer names; further lines are only counted.
pub const MAX_LINES_TOLD: usize = 100;
/// Longest piece of a bad line that is repeated, in characters.
const MAX_SAID: usize = 80;
/// Names of the column with the addresses, in lower case.
const COLUMN_NAMES: [&str; 3] = ["email", "e-mail", "mail"];
/// Possible separators of columns: the one that is most frequent in the first line is used.
const SEPARATORS: [u8; 3] = [b',', b';', b'\t'];

/// The format of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::verified_fans) enum ListFormat {
    Plain,
    Csv,
}

/// The addresses of a list with their line numbers, from 1.
#[derive(Debug, Default)]
pub(in crate::verified_fans) struct AddressList {
    /// Each address once.
    pub(super) entries: Vec<(u64, Email)>,
    /// Lines whose address was in an earlier line.
    pub(super) repeated: Vec<(u64, Email)>,
}

/// A line that is no address.
#[derive(Debug, PartialEq, Eq, Serialize)]
pub struct BadLine {
    line: u64,
    said: String,
}

/// Why a list cannot be used. The sentences are for the admin.
#[derive(Debug, PartialEq, Eq)]
pub enum ListError {
    /// The list is not in UTF-8.
    NotUtf8,
    /// The CSV reader's reason.
    NotCsv(String),
    /// The first line of the CSV has no column of addresses.
    NoEmailColumn,
    /// There are no addresses.
    Empty,
    /// There are more than [`MAX_LIST_LINES`] addresses.
    TooLong,
    /// These lines are no addresses.
    BadLines(Vec<BadLine>),
}

impl fmt::Display for ListError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ListError::NotUtf8 => f.write_str("The list is not in UTF-8."),
            ListError::NotCsv(reason) => write!(f, "The list is not CSV: {reason}."),
            ListError::NoEmailColumn => {
                f.write_str("The first line must name the columns, and one of them must be `email`.")
            }
            ListError::Empty => f.write_str("The list has no addresses."),
            ListError::TooLong => write!(
                f,
                "The list has more than {MAX_LIST_LINES} addresses: send it in parts."
            ),
            ListError::BadLines(lines) => {
                let first = lines.first().map_or(0, |bad| bad.line);
                let count = lines.len();
                write!(
                    f,
                    "{count} lines are no addresses, the first is line {first}. Nothing was changed."
                )
            }
        }
    }
}

impl std::error::Error for ListError {}

impl ListFormat {
    /// The format of a media type; `None` if it is none of a list.
    pub(in crate::verified_fans) fn of(content_type: &str) -> Option<ListFormat> {
        let media_type = content_type.split(';').next().unwrap_or_default().trim();
        match media_type.to_ascii_lowercase().as_str() {
            "text/csv" => Some(ListFormat::Csv),
            "text/plain" => Some(ListFormat::Plain),
            _ => None,
        }
    }
}

impl AddressList {
    /// Parses a list.
    ///
    /// # Errors
    /// [`ListError`].
    pub(in crate::verified_fans) fn parse(format: ListFormat, body: &[u8]) -> Result<AddressList, ListError> {
        let text = std::str::from_utf8(body).map_err(|_| ListError::NotUtf8)?;
        // Some programs write this mark before the first letter, to say that the text is UTF-8.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        let lines = match format {
            ListFormat::Plain => plain_lines(text),
            ListFormat::Csv => csv_lines(text)?,
        };
        check_lines(lines)
    }
}

fn plain_lines(text: &str) -> Vec<(u64, String)> {
    let filled = |(_, line): &(u64, &str)| !line.trim().is_empty();
    let lines = (1..).zip(text.lines()).filter(filled);
    lines.map(|(number, line)| (number, line.to_owned())).collect()
}

fn csv_lines(text: &str) -> Result<Vec<(u64, String)>, ListError> {
    let first = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default();
    let often = |separator: &u8| first.bytes().filter(|byte| byte == separator).count();
    // Of equally frequent ones the first is used: a comma if there is only one column.
    let separator = SEPARATORS.into_iter().rev().max_by_key(often).unwrap_or(b',');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(separator)
        .from_reader(text.as_bytes());
    let mut records = reader.records().enumerate();
    let unreadable = |error: csv::Error| ListError::NotCsv(error.to_string());
    let heading = match records.next() {
        Some((_, heading)) => heading.map_err(unreadable)?,
        None => csv::StringRecord::new(),
    };
    let has_addresses = |name: &str| COLUMN_NAMES.contains(&name.trim().to_lowercase().as_str());
    let column = heading.iter().position(has_addresses).ok_or(ListError::NoEmailColumn)?;
    let mut lines = Vec::new();
    for (index, record) in records {
        let record = record.map_err(unreadable)?;
        let line = record
            .position()
            .map_or(index as u64 + 1, |position| line_number(text, position));
        if record.iter().any(|cell| !cell.trim().is_empty()) {
            lines.push((line, record.get(column).unwrap_or_default().to_owned()));
        }
    }
    Ok(lines)
}

/// The number of the line with a record. The CSV reader counts blank lines before a record as its
/// beginning, but people do not.
fn line_number(text: &str, position: &csv::Position) -> u64 {
    let from = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.as_bytes().get(from..).unwrap_or_default();
    let blank = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
    position.line() + blank.filter(|byte| **byte == b'\n').count() as u64
}

fn check_lines(lines: Vec<(u64, String)>) -> Result<AddressList, ListError> {
    if lines.is_empty() {
        return Err(ListError::Empty);
    }
    if lines.len() > MAX_LIST_LINES {
        return Err(ListError::TooLong);
    }
    let (mut list, mut seen, mut bad) = (AddressList::default(), HashSet::new(), Vec::new());
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
        Ok(list)
    } else {
        Err(ListError::BadLines(bad))
    }
}

#[cfg(test)]
mod tests;
