//! How the programs of `scripts/` read values and files, and how they write results.
//!
//! # Layout
//! - [`values`]: addresses and durations as they are written on a command line.
//! - [`files`]: JSON files that are read and written.
//! - [`show`]: standard output.

pub mod files;
pub mod values;

use std::io::Write as _;

/// Writes to standard output at once. A closed pipe does not end the program: its report is still to be written.
pub fn show(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}
