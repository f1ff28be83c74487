//! Errors that several features share. Each feature adds its own in `<feature>/error.rs`.
//!
//! None of them knows of HTTP: [`crate::http`]'s `error_map` folder is the one place that gives an
//! error its status, its machine word and its sentence.

use std::{borrow::Cow, fmt::Display};

/// A failure on our side that no caller can act on, such as an invariant that does not hold. Its
/// text is for the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct InternalError(String);

impl InternalError {
    /// `cause` is what the log says.
    #[must_use]
    pub fn new(cause: impl Display) -> InternalError {
        InternalError(cause.to_string())
    }
}

/// A well-formed input with a value outside of its limits. The sentence names the field and is
/// shown to the caller.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct InvalidField(pub Cow<'static, str>);

impl InvalidField {
    /// `sentence` names the field and its limits.
    #[must_use]
    pub fn new(sentence: impl Into<Cow<'static, str>>) -> InvalidField {
        InvalidField(sentence.into())
    }
}
