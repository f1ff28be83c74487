//! The body of every error.

use serde::{Deserialize, Serialize};

/// The body of every error response: a word for programs and a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// The word, in snake_case. It never changes.
    pub error: String,
    /// A sentence: what is wrong and what to do. It may change.
    pub message: String,
}

impl ErrorBody {
    /// An error body of these two parts.
    #[must_use]
    pub fn new(error: &str, message: impl Into<String>) -> ErrorBody {
        ErrorBody {
            error: error.to_owned(),
            message: message.into(),
        }
    }
}
