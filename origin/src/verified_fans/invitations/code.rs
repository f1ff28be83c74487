//! An invitation's code: the invitation's number and a MAC over event, address and generation. Only
//! the origin has the key.
//!
//! Only a reader of the mail knows the code. It is stored nowhere, so a copy of the database does
//! not reveal it.

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;
use stanchion_shared::ids::{Bytes32, EventId};
use subtle::ConstantTimeEq;

/// Bytes of the MAC: a forger needs 2^80 guesses, and each is a request.
pub const MAC_BYTES: usize = 10;
/// Longest text that is parsed, in bytes; a code has at most 40.
pub const MAX_LENGTH: usize = 64;

/// A well-formed code as a fan sent it, not yet checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct GivenCode {
    /// The number of the invitation that it claims to be for.
    pub invitation_id: i64,
    mac: [u8; MAC_BYTES],
}

/// What the MAC of a code is made of.
#[derive(Clone, Copy, Debug)]
pub struct CodeSubject<'a> {
    /// The event.
    pub event: &'a EventId,
    /// The address, case-folded.
    pub email: &'a str,
    /// How often the code was renewed, from 0.
    pub generation: i32,
}

/// The code of an invitation, such as `1042-5f0a…`.
#[must_use]
pub fn code(key: &Bytes32, invitation_id: i64, subject: CodeSubject<'_>) -> String {
    format!("{invitation_id}-{}", hex::encode(mac(key, subject)))
}

impl GivenCode {
    /// Parses a code. Spaces around it and the case of letters do not matter.
    #[must_use]
    pub fn parse(text: &str) -> Option<GivenCode> {
        let text = text.trim();
        let (number, tail) = text.split_once('-').filter(|_| text.len() <= MAX_LENGTH)?;
        let digits = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        let mut mac = [0; MAC_BYTES];
        hex::decode_to_slice(tail, &mut mac).ok()?;
        Some(GivenCode {
            invitation_id: number.parse().ok().filter(|_| digits)?,
            mac,
        })
    }

    /// Whether it is the invitation's present code.
    #[must_use]
    pub fn is_of(&self, key: &Bytes32, subject: CodeSubject<'_>) -> bool {
        bool::from(self.mac.ct_eq(&mac(key, subject)))
    }
}

fn mac(key: &Bytes32, subject: CodeSubject<'_>) -> [u8; MAC_BYTES] {
    let mut mac = Hmac::<Sha256>::new_from_slice(&key.0).expect("HMAC takes keys of any length");
    // Neither an event's id nor an address has a zero byte.
    for part in ["stanchion/invitation/v1", subject.event.as_str(), subject.email] {
        mac.update(part.as_bytes());
        mac.update(&[0]);
    }
    // Generation 0 is left out, so that codes that were sent before there were generations stay
    // valid.
    if subject.generation > 0 {
        mac.update(subject.generation.to_string().as_bytes());
    }
    let whole: [u8; 32] = mac.finalize().into_bytes().into();
    whole[..MAC_BYTES].try_into().expect("ten of thirty-two")
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: Bytes32 = Bytes32([7; 32]);

    fn event(id: &str) -> EventId {
        EventId::parse(id).unwrap()
    }

    const SHOW: &str = "show";
    const FAN: &str = "fan@example.org";

    fn is_of(given: GivenCode, key: &Bytes32, (id, email, generation): (&str, &str, i32)) -> bool {
        let event = &event(id);
        given.is_of(
            key,
            CodeSubject {
                event,
                email,
                generation,
            },
        )
    }

    fn code_of(generation: i32) -> String {
        let subject = CodeSubject {
            event: &event(SHOW),
            email: FAN,
            generation,
        };
        code(&KEY, 1042, subject)
    }

    #[test]
    fn a_code_is_of_one_key_one_event_one_address_and_one_generation() {
        for generation in [0, 1, 12] {
            let text = code_of(generation);
            for spelled in [text.clone(), text.to_uppercase(), format!(" {text}\n")] {
                let given = GivenCode::parse(&spelled).unwrap();
                assert_eq!(given.invitation_id, 1042);
                assert!(is_of(given, &KEY, (SHOW, FAN, generation)));
            }
            let given = GivenCode::parse(&text).unwrap();
            assert!(!is_of(given, &Bytes32([8; 32]), (SHOW, FAN, generation)));
            for (event, email, generation) in [
                ("sho", FAN, generation),
                (SHOW, "fan2@example.org", generation),
                (SHOW, FAN, generation + 1),
                (SHOW, FAN, generation + 2),
            ] {
                assert!(
                    !is_of(given, &KEY, (event, email, generation)),
                    "{event} {email} {generation}"
                );
            }
        }
    }

    #[test]
    fn a_code_that_was_touched_is_no_code_or_nobodys() {
        let text = code_of(1);
        for position in 5..text.len() {
            let mut touched = text.clone().into_bytes();
            touched[position] = if touched[position] == b'0' { b'1' } else { b'0' };
            let given = GivenCode::parse(std::str::from_utf8(&touched).unwrap()).unwrap();
            assert!(!is_of(given, &KEY, (SHOW, FAN, 1)), "{position}");
        }
    }

    #[test]
    fn what_has_no_form_is_no_code() {
        let tail = "0".repeat(2 * MAC_BYTES);
        for text in [
            String::new(),
            "1".to_owned(),
            format!("-{tail}"),
            format!("+1-{tail}"),
            format!("1-{tail}0"),
            format!("1-{}", &tail[1..]),
            format!("1-{}", "g".repeat(2 * MAC_BYTES)),
            format!("9223372036854775808-{tail}"),
            format!("{}-{tail}", "0".repeat(MAX_LENGTH)),
        ] {
            assert_eq!(GivenCode::parse(&text), None, "{text}");
        }
        assert!(GivenCode::parse(&format!("9223372036854775807-{tail}")).is_some());
        let longest = format!("{}-{tail}", "0".repeat(MAX_LENGTH - 1 - tail.len()));
        assert!(GivenCode::parse(&longest).is_some());
    }
}
