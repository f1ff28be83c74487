//! Paths: how rules write them, and how sites may read the path of a request.
//!
//! Servers read one path in many ways. So a path is not compared as it was sent: [`SitePath`] lists
//! everything that some server may take it for. Where the list would have no end, the path is not
//! clean, and the gate treats it as guarded.

use std::{borrow::Cow, collections::BTreeSet};

use serde::{Deserialize, Serialize};
use unicode_normalization::UnicodeNormalization;

/// Longest path of a rule, in bytes.
pub const MAX_PATH_LENGTH: usize = 256;

/// Most readings of one path. Real paths have one or two.
const MOST_READINGS: usize = 32;
/// Ends of file names that servers run as a program. What follows such a name in a path is the
/// program's argument (`PATH_INFO`, RFC 3875, section 4.1.5), often the real path of the page.
const PROGRAMS: [&str; 16] = [
    ".php", ".php3", ".php4", ".php5", ".php7", ".phtml", ".cgi", ".fcgi", ".pl", ".py", ".rb", ".asp", ".aspx",
    ".ashx", ".jsp", ".cfm",
];
/// Ends of file names that servers add by themselves: `/tickets` may be `/tickets.html`.
const PAGES: [&str; 2] = [".html", ".htm"];
/// Names, without an end such as `.html`, of the files that servers show for a folder.
const FOLDER_PAGES: [&str; 2] = ["index", "default"];
/// Characters that nobody sees and that some servers drop: those of Unicode's property
/// `Default_Ignorable_Code_Point` (DerivedCoreProperties.txt, Unicode 16).
const IGNORABLE: [(char, char); 14] = [
    ('\u{ad}', '\u{ad}'),
    ('\u{34f}', '\u{34f}'),
    ('\u{61c}', '\u{61c}'),
    ('\u{115f}', '\u{1160}'),
    ('\u{17b4}', '\u{17b5}'),
    ('\u{180b}', '\u{180f}'),
    ('\u{200b}', '\u{200f}'),
    ('\u{202a}', '\u{202e}'),
    ('\u{2060}', '\u{206f}'),
    ('\u{fe00}', '\u{fe0f}'),
    ('\u{feff}', '\u{feff}'),
    ('\u{1bca0}', '\u{1bca3}'),
    ('\u{1d173}', '\u{1d17a}'),
    ('\u{e0000}', '\u{e0fff}'),
];

/// A pattern of paths: one path, or with `*` at the end every path with that prefix.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct PathPattern(pub(super) String);

impl PathPattern {
    /// Whether the pattern matches `path` (without a query) as it is written. `/shop/*` matches
    /// `/shop`, too.
    pub(super) fn matches(&self, path: &str) -> bool {
        match self.0.strip_suffix('*') {
            Some(prefix) => path.starts_with(prefix) || prefix.strip_suffix('/') == Some(path),
            None => path == self.0,
        }
    }

    /// Whether a site may take `path` for one that the pattern means. A pattern without `*` means
    /// its path with and without a slash at the end.
    pub(super) fn guards(&self, path: &SitePath) -> bool {
        let shown_for = self.folder_of_page();
        self.meant().any_of(&path.readings) || shown_for.is_some_and(|folder| path.itself.contains(&folder))
    }

    /// The folder for which servers show the page that the pattern names.
    fn folder_of_page(&self) -> Option<String> {
        let folded = folded(self.0.strip_suffix('*').unwrap_or(&self.0));
        let segments = segments(&folded);
        let (last, folder) = segments.split_last()?;
        let names_page = is_folder_page(last) && !folded.ends_with('/');
        names_page.then(|| joined(folder))
    }

    /// The readings that the pattern means.
    fn meant(&self) -> Meant {
        let Some(prefix) = self.0.strip_suffix('*') else {
            return Meant::These(other_names(&segments(&folded(&self.0))));
        };
        let prefix = folded(prefix);
        let (folder, begun) = prefix.rsplit_once('/').unwrap_or_default();
        let folder = joined(&segments(folder));
        let below = if folder == "/" {
            format!("/{begun}")
        } else {
            format!("{folder}/{begun}")
        };
        let folder = begun.is_empty().then_some(folder);
        Meant::Below { below, folder }
    }

    /// The path, if the pattern means only that one.
    pub(super) fn exact(&self) -> Option<&str> {
        (!self.0.ends_with('*')).then_some(&self.0)
    }

    pub(super) fn check(&self) -> Result<(), String> {
        let path = self.0.strip_suffix('*').unwrap_or(&self.0);
        let plain = |letter: char| {
            letter.is_alphanumeric() || (letter.is_ascii_graphic() && !['?', '#', '%', '\\', '*'].contains(&letter))
        };
        let dots = path.split('/').any(is_dots);
        if path.starts_with('/') && path.chars().all(plain) && !dots && self.0.len() <= MAX_PATH_LENGTH {
            return Ok(());
        }
        Err(format!(
            "a path must begin with /, have at most {MAX_PATH_LENGTH} bytes of plain characters and no segment of \
             dots, and may end with *"
        ))
    }
}

/// The readings that a pattern means: one with its other names, or all with a beginning, and
/// perhaps their folder.
enum Meant {
    These(Vec<String>),
    Below { below: String, folder: Option<String> },
}

impl Meant {
    fn is(&self, reading: &String) -> bool {
        match self {
            Meant::These(paths) => paths.contains(reading),
            Meant::Below { below, folder } => reading.starts_with(below) || folder.as_ref() == Some(reading),
        }
    }

    fn any_of(&self, readings: &BTreeSet<String>) -> bool {
        match self {
            Meant::These(paths) => paths.iter().any(|path| readings.contains(path)),
            Meant::Below { .. } => readings.iter().any(|reading| self.is(reading)),
        }
    }
}

/// The path of a request, as sites may read it.
pub(super) struct SitePath {
    /// Each path that a server may take it for: folded, without a slash at the end.
    readings: BTreeSet<String>,
    /// Those of them in which no segment is a program or the page of its folder.
    itself: BTreeSet<String>,
    /// Whether there is no other reading.
    clean: bool,
    /// Percent-decoded once.
    text: String,
    /// Whether it is spelt as rules spell paths.
    plain: bool,
}

impl SitePath {
    /// Reads `path` as it was sent, without a query.
    pub(super) fn read(path: &str) -> SitePath {
        let decoded = percent_decoded(path.as_bytes());
        let utf8 = str::from_utf8(&decoded).is_ok();
        let text = String::from_utf8_lossy(&decoded).into_owned();
        let folded = folded(&text);
        let itself = readings_as_is(&folded);
        let readings = readings(&folded, &itself);
        let clean = utf8 && is_clean(&text) && is_clean(&folded) && readings.is_some();
        SitePath {
            readings: readings.unwrap_or_default(),
            itself: itself.iter().map(|segments| joined(segments)).collect(),
            clean,
            plain: clean && is_plain(path, &text),
            text,
        }
    }

    /// Whether every server reads one of the paths that [`PathPattern::guards`] looks at. A path is
    /// not clean if it
    /// - is encoded more than once (`%2573`, `%u0073`) or has a `%` that encodes nothing;
    /// - is not UTF-8, which overlong forms are not either;
    /// - has control characters;
    /// - has dots for folders (`..%2f`): servers differ in when they resolve them;
    /// - names a stream of a file (`::$DATA`);
    /// - has a session of ASP.NET (`/(S(x))/`), which is read as if it were not there;
    /// - has too many readings.
    pub(super) fn is_clean(&self) -> bool {
        self.clean
    }

    /// Whether the path is spelt as rules spell paths. Only characters that need it are encoded.
    pub(super) fn is_plain(&self) -> bool {
        self.plain
    }

    /// Whether the patterns mean the path to every site: it is spelt as rules spell paths, in the case
    /// of one of them, and if it may be a program with an argument behind it, they mean all that it
    /// may be then.
    pub(super) fn is_surely_named(&self, patterns: &[PathPattern]) -> bool {
        let text = self.text.strip_suffix('/').filter(|text| !text.is_empty());
        let matches =
            |pattern: &PathPattern| pattern.matches(&self.text) || text.is_some_and(|text| pattern.matches(text));
        if !self.plain || !patterns.iter().any(matches) {
            return false;
        }
        let folded = folded(&self.text);
        let mut before_last = segments(&folded);
        before_last.pop();
        let has_argument = before_last.iter().any(|segment| is_program(segment));
        let meant: Vec<Meant> = patterns
            .iter()
            .filter(|_| has_argument)
            .map(PathPattern::meant)
            .collect();
        let is_meant = |reading| meant.iter().any(|meant| meant.is(reading));
        !has_argument || self.readings.iter().all(is_meant)
    }

    /// The path, percent-decoded once.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether a server may find parameters in it: behind an encoded `?`, or as parameters of a
    /// segment.
    pub(super) fn may_hide_query(&self) -> bool {
        !self.clean || self.text.contains(['?', '#', ';'])
    }
}

fn is_clean(text: &str) -> bool {
    let known = |letter: char| !letter.is_control() && letter != '%' && letter != char::REPLACEMENT_CHARACTER;
    let has_session = text
        .as_bytes()
        .windows(3)
        .any(|bytes| bytes[0] == b'(' && bytes[1].is_ascii_alphabetic() && bytes[2] == b'(');
    text.starts_with('/')
        && text.chars().all(known)
        && !text.contains(":$")
        && !has_session
        && !parts(text).any(is_dots)
}

fn is_plain(path: &str, text: &str) -> bool {
    let encoded = path.split('%').skip(1).filter_map(|code| code.get(..2));
    let needed = |code: &str| {
        let byte = u8::from_str_radix(code, 16).unwrap_or(0);
        !byte.is_ascii() || b" \"<>[]^`{|}".contains(&byte)
    };
    let canonical = joined(&segments(text));
    encoded.into_iter().all(needed) && (text == canonical || text.strip_suffix('/') == Some(&canonical))
}

/// A path as sites compare it that ignore case, compatibility forms such as `ｓ` or `ſ`, and
/// characters that nobody sees (Unicode's NFKC_Casefold, without the last composition).
pub(super) fn folded(text: &str) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    let visible = |letter: &char| !IGNORABLE.iter().any(|(from, to)| (*from..=*to).contains(letter));
    let upper = text.nfkd().flat_map(char::to_uppercase);
    upper.flat_map(char::to_lowercase).nfkd().filter(visible).collect()
}

/// The segments of a path as they are, without empty ones.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    text.split(['/', '\\']).filter(|part| !part.is_empty())
}

/// The segments of a path as servers compare them: without parameters (`;…`, RFC 3986, section
/// 3.3), and without the spaces and the dots at an end, which Windows does not see.
fn segments(text: &str) -> Vec<&str> {
    let space = |letter: char| letter.is_whitespace() || letter == '+';
    let plain = |part| {
        let (name, _) = str::split_once(part, ';').unwrap_or((part, ""));
        name.trim_start_matches(space)
            .trim_end_matches(|letter| space(letter) || letter == '.')
    };
    parts(text).map(plain).filter(|segment| !segment.is_empty()).collect()
}

/// Whether servers may read the segment as this folder or the one above.
fn is_dots(part: &str) -> bool {
    let (name, _) = part.split_once(';').unwrap_or((part, ""));
    let name = name.trim_matches(|letter: char| letter.is_whitespace() || letter == '+');
    !name.is_empty() && name.bytes().all(|byte| byte == b'.')
}

fn joined(segments: &[&str]) -> String {
    format!("/{}", segments.join("/"))
}

/// The path before an encoded `?` or `#`, which is a part of the name, or ends the path where a proxy
/// decoded it.
fn cut(folded: &str) -> &str {
    folded.split(['?', '#']).next().unwrap_or_default()
}

/// The segments of a folded path, as servers read them that take none for a program.
fn readings_as_is(folded: &str) -> Vec<Vec<&str>> {
    let mut unread = Vec::new();
    for text in [folded, cut(folded)] {
        let segments = segments(text);
        // Two slashes at the beginning may be read as the beginning of a host.
        let begins_host = text.get(1..).is_some_and(|rest| rest.starts_with(['/', '\\']));
        if begins_host && !segments.is_empty() {
            unread.push(segments[1..].to_vec());
        }
        unread.push(segments);
    }
    unread
}

/// Every path that a server may read in a folded one; `None` if there are more than
/// [`MOST_READINGS`].
fn readings(folded: &str, as_is: &[Vec<&str>]) -> Option<BTreeSet<String>> {
    let mut readings = BTreeSet::new();
    let mut unread: Vec<Vec<&str>> = as_is.to_vec();
    while let Some(segments) = unread.pop() {
        let is_new = readings.insert(joined(&segments));
        if readings.len() > MOST_READINGS {
            return None;
        }
        if is_new {
            unread.extend(other_readings(&segments));
        }
    }
    readings.extend([folded, cut(folded)].map(|text| joined(&parts(text).collect::<Vec<_>>())));
    Some(readings)
}

/// The paths that a server may take these segments for, because one of them is the page of its
/// folder, or a program with an argument behind it.
fn other_readings<'a>(segments: &[&'a str]) -> Vec<Vec<&'a str>> {
    let mut others = Vec::new();
    if let Some((last, folder)) = segments.split_last()
        && is_folder_page(last)
    {
        others.push(folder.to_vec());
    }
    for (at, segment) in segments.iter().enumerate() {
        let is_page_with_argument = at + 1 < segments.len() && is_folder_page(segment);
        if is_program(segment) || is_page_with_argument {
            let (before, behind) = (&segments[..at], &segments[at + 1..]);
            others.extend([segments[..=at].to_vec(), behind.to_vec(), [before, behind].concat()]);
        }
    }
    others
}

/// The path of these segments, and the page without the end that servers add by themselves.
fn other_names(segments: &[&str]) -> Vec<String> {
    let mut names = vec![joined(segments)];
    let Some((last, folder)) = segments.split_last() else {
        return names;
    };
    for end in PROGRAMS.iter().chain(&PAGES) {
        if let Some(name) = last.strip_suffix(end).filter(|name| !name.is_empty()) {
            names.push(joined(&[folder, &[name]].concat()));
        }
    }
    names
}

/// Whether servers show a file of this name for its folder.
fn is_folder_page(segment: &str) -> bool {
    let (name, _) = segment.split_once('.').unwrap_or((segment, ""));
    FOLDER_PAGES.contains(&name)
}

/// Whether servers run a file of this name as a program.
fn is_program(segment: &str) -> bool {
    PROGRAMS.iter().any(|end| segment.ends_with(end))
}

/// Undoes percent-encoding once. A `%` that is no encoding stays.
pub(super) fn percent_decoded(bytes: &[u8]) -> Cow<'_, [u8]> {
    if !bytes.contains(&b'%') {
        return Cow::Borrowed(bytes);
    }
    let digit = |at: usize| bytes.get(at).and_then(|byte| char::from(*byte).to_digit(16));
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        match (byte, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                decoded.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                decoded.push(byte);
                at += 1;
            }
        }
    }
    Cow::Owned(decoded)
}
