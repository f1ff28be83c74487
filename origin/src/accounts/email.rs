//! An e-mail address to sign in with. The check catches slips; only a mail proves that the address
//! exists.

use crate::error::InvalidField;

/// Longest address, in bytes (RFC 5321, section 4.5.3.1.3, less the angle brackets).
const MAX_LENGTH: usize = 254;
/// Longest part before the `@`, in bytes (RFC 5321, section 4.5.3.1.1).
const MAX_LOCAL_LENGTH: usize = 64;

/// A case-folded address.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Email(String);

impl Email {
    /// Reads an address; spaces around it are dropped, case is folded.
    ///
    /// # Errors
    /// The sentence names the field.
    pub(crate) fn parse(text: &str) -> Result<Email, InvalidField> {
        let folded = text.trim().to_lowercase();
        if is_address(&folded) {
            Ok(Email(folded))
        } else {
            Err(InvalidField::new(format!(
                "email must be an address such as fan@example.org of at most {MAX_LENGTH} bytes."
            )))
        }
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_address(text: &str) -> bool {
    let Some((local, domain)) = text.rsplit_once('@') else {
        return false;
    };
    let local_fits = (1..=MAX_LOCAL_LENGTH).contains(&local.len())
        && local
            .chars()
            .all(|c| !c.is_whitespace() && !c.is_control() && !"@<>,;:\"()[]\\".contains(c));
    let label_fits = |label: &str| !label.is_empty() && label.chars().all(|c| c.is_alphanumeric() || c == '-');
    text.len() <= MAX_LENGTH && local_fits && domain.contains('.') && domain.split('.').all(label_fits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_folded_and_trimmed() {
        assert_eq!(Email::parse(" Fan@Example.ORG ").unwrap().as_str(), "fan@example.org");
        assert_eq!(
            Email::parse("a+b.c@münchen.example").unwrap().as_str(),
            "a+b.c@münchen.example"
        );
    }

    #[test]
    fn both_lengths_have_both_sides() {
        let domain = |length: usize| format!("{}.de", "d".repeat(length - 3));
        for (local, domain_length, fits) in [(64, 189, true), (65, 100, false), (64, 190, false), (1, 10, true)] {
            let address = format!("{}@{}", "l".repeat(local), domain(domain_length));
            assert_eq!(Email::parse(&address).is_ok(), fits, "{} bytes", address.len());
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "@",
            "fan",
            "fan@",
            "@example.org",
            "fan@example",
            "fan@example..org",
            "a b@example.org",
            "a@b@example.org",
            "fan@exa mple.org",
            "fan@example.org\u{0}x",
        ] {
            assert!(Email::parse(text).is_err(), "{text:?}");
        }
    }
}
