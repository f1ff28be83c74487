//! JSON files that a command line names.

use std::path::Path;

use serde::{Serialize, de::DeserializeOwned};

/// A file could not be used; the message names it.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is missing, unreadable, or not the JSON that is wanted.
    #[error("{file} cannot be read: {error}")]
    Read {
        /// Its path.
        file: String,
        /// What the system or the parser said.
        error: std::io::Error,
    },
    /// The system refused to write it.
    #[error("{file} cannot be written: {error}")]
    Write {
        /// Its path.
        file: String,
        /// What the system said.
        error: std::io::Error,
    },
}

/// Reads a file of JSON.
///
/// # Errors
/// [`FileError::Read`].
pub fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, FileError> {
    let unreadable = |error| FileError::Read {
        file: path.display().to_string(),
        error,
    };
    let text = std::fs::read(path).map_err(unreadable)?;
    serde_json::from_slice(&text).map_err(|error| unreadable(error.into()))
}

/// Writes a file of JSON, if one is wanted.
///
/// # Errors
/// [`FileError::Write`].
pub fn write_json(path: Option<&Path>, value: &impl Serialize) -> Result<(), FileError> {
    let Some(path) = path else { return Ok(()) };
    let unwritten = |error| FileError::Write {
        file: path.display().to_string(),
        error,
    };
    let json = serde_json::to_vec_pretty(value).map_err(|error| unwritten(error.into()))?;
    std::fs::write(path, json).map_err(unwritten)
}
