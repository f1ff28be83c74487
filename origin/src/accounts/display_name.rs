//! The name that a fan wants to be called by. It is optional, and shown only to the fan.

use crate::error::InvalidField;

/// Longest name, in characters.
const MAX_LENGTH: usize = 100;

#[derive(Debug, PartialEq, Eq)]
pub(super) struct DisplayName(String);

impl DisplayName {
    /// Reads a name of 1 to [`MAX_LENGTH`] characters without control characters; spaces around it
    /// are dropped.
    ///
    /// # Errors
    /// The sentence names the field.
    pub(super) fn parse(text: &str) -> Result<DisplayName, InvalidField> {
        let name = text.trim();
        let fits = (1..=MAX_LENGTH).contains(&name.chars().count()) && !name.chars().any(char::is_control);
        if fits {
            Ok(DisplayName(name.to_owned()))
        } else {
            Err(InvalidField::new(format!(
                "name must have 1 to {MAX_LENGTH} characters, or be left out."
            )))
        }
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_has_both_its_limits() {
        for (text, fits) in [
            ("".to_owned(), false),
            (" Ö ".to_owned(), true),
            ("ö".repeat(100), true),
            ("ö".repeat(101), false),
        ] {
            assert_eq!(DisplayName::parse(&text).is_ok(), fits, "{text}");
        }
        assert!(DisplayName::parse("a\u{0}b").is_err());
    }
}
