use serde::{Deserialize, Serialize};

/// Every error of every endpoint: a word for programs, a sentence for people.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ErrorBody {
    /// Stable, snake_case.
    pub error: String,
    /// What is wrong and what to do; may change.
    pub message: String,
}

impl ErrorBody {
    /// Both parts.
    #[must_use]
    pub fn new(error: &str, message: impl Into<String>) -> ErrorBody {
        ErrorBody {
            error: error.to_owned(),
            message: message.into(),
        }
    }
}
