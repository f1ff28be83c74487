//! The queue ticket: the signed text that a fan holds and shows at every request.
//!
//! It carries all that the edge needs to know of the fan, so the edge stores nothing per fan. It is
//! binary, signed with HMAC-SHA-256 and encoded as base64url; fans need not read it.
//!
//! Layout, with integers in big-endian order: version (1 byte), key id (1), epoch (4), draw (4),
//! tier (1), shard (2), number (4), tag (16), serial (4), place or 0 (8), epoch of the place (4),
//! event id (1 to 64), HMAC (32). The highest bit of a place says that it is in the second line.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use crate::{
    draw::record::Line,
    ids::{Bytes32, Draw, EventId, Place, Serial, Shard, Tag, TicketNumber, Tier},
};

const VERSION: u8 = 2;
const FIXED_LENGTH: usize = 49;
const MAC_LENGTH: usize = 32;
/// See [`DrawnPlace::line`].
const SECOND_LINE: u64 = 1 << 63;
/// Longest queue ticket as text, in bytes.
pub const MAX_LENGTH: usize = (FIXED_LENGTH + EventId::MAX_LENGTH + MAC_LENGTH).div_ceil(3) * 4;
/// Most keys at once. A rotation needs two.
pub const MAX_KEYS: usize = 8;

/// The content of a queue ticket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueTicket {
    /// The event.
    pub event_id: EventId,
    /// The epoch of the shard that numbered it, see [`crate::epochs`]. 0 where stores cannot go
    /// back.
    pub epoch: u32,
    /// The draw it is in.
    pub draw: Draw,
    /// Its tier, shard and number within the draw.
    pub numbered: TicketNumber,
    /// The person.
    pub tag: Tag,
    /// How many tickets this person has had. A claim refuses all but the newest.
    pub serial: Serial,
    /// The place, once it is known. It is kept in the ticket so that the shuffle runs once per fan.
    pub place: Option<DrawnPlace>,
}

/// A place, and the epoch of the coordinator that drew it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DrawnPlace {
    /// The place.
    pub place: Place,
    /// The line in which it is.
    pub line: Line,
    /// The epoch, see [`crate::epochs::Epochs::trust_place`]. 0 where stores cannot go back.
    pub epoch: u32,
}

/// The text is not a queue ticket that one of the keys signed. The error gives no reason, because a
/// reason helps only forgers.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("this is not a valid queue ticket")]
pub struct InvalidTicket;

/// The text of the keys is not of the form `kid:64 hex digits`, separated by commas.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error(
    "ticket keys are written kid:64 hex digits, separated by commas, 1 to 8 of them with different kids from 0 to 255"
)]
pub struct InvalidTicketKeys;

/// Keys for queue tickets. The first one signs and all verify, so that a key rotation drops nobody.
pub struct TicketKeys {
    keys: Vec<(u8, Hmac<Sha256>)>,
}

impl TicketKeys {
    /// Parses `kid:hex,kid:hex`.
    ///
    /// # Errors
    /// [`InvalidTicketKeys`] if the text has another form, a key id twice, or more than
    /// [`MAX_KEYS`] keys.
    pub fn parse(text: &str) -> Result<TicketKeys, InvalidTicketKeys> {
        let mut keys: Vec<(u8, Hmac<Sha256>)> = Vec::new();
        for part in text.split(',') {
            let (kid, hex) = part.trim().split_once(':').ok_or(InvalidTicketKeys)?;
            let kid = kid.parse().map_err(|_| InvalidTicketKeys)?;
            let key = Bytes32::parse(hex).map_err(|_| InvalidTicketKeys)?;
            if keys.iter().any(|(other, _)| *other == kid) || keys.len() == MAX_KEYS {
                return Err(InvalidTicketKeys);
            }
            keys.push((
                kid,
                Hmac::new_from_slice(&key.0).expect("HMAC takes keys of any length"),
            ));
        }
        Ok(TicketKeys { keys })
    }

    fn mac(&self, kid: u8, message: &[u8]) -> Option<Hmac<Sha256>> {
        let (_, key) = self.keys.iter().find(|(known, _)| *known == kid)?;
        let mut mac = key.clone();
        mac.update(message);
        Some(mac)
    }

    /// Signs a ticket with the first key and returns it as text.
    #[must_use]
    pub fn sign(&self, ticket: &QueueTicket) -> String {
        let kid = self.keys[0].0;
        let mut bytes = Vec::with_capacity(FIXED_LENGTH + EventId::MAX_LENGTH + MAC_LENGTH);
        bytes.extend_from_slice(&[VERSION, kid]);
        bytes.extend_from_slice(&ticket.epoch.to_be_bytes());
        bytes.extend_from_slice(&ticket.draw.0.to_be_bytes());
        bytes.push(ticket.numbered.tier.into());
        bytes.extend_from_slice(&ticket.numbered.shard.0.to_be_bytes());
        bytes.extend_from_slice(&ticket.numbered.number.to_be_bytes());
        bytes.extend_from_slice(&ticket.tag.0);
        bytes.extend_from_slice(&ticket.serial.0.to_be_bytes());
        let (place, epoch) = ticket.place.map_or((0, 0), |drawn| match drawn.line {
            Line::First => (drawn.place.0, drawn.epoch),
            Line::Second => (drawn.place.0 | SECOND_LINE, drawn.epoch),
        });
        bytes.extend_from_slice(&place.to_be_bytes());
        bytes.extend_from_slice(&epoch.to_be_bytes());
        bytes.extend_from_slice(ticket.event_id.as_str().as_bytes());
        let mac = self
            .mac(kid, &bytes)
            .expect("the first key is in the set")
            .finalize()
            .into_bytes();
        bytes.extend_from_slice(&mac);
        URL_SAFE_NO_PAD.encode(bytes)
    }

    /// Whether the first key signed a ticket that is already verified. A ticket of another key
    /// should be signed anew while that key is still configured.
    #[must_use]
    pub fn is_by_first(&self, text: &str) -> bool {
        // Four characters encode three bytes: the version, the key id and the next byte.
        let start = text.get(..4).and_then(|start| URL_SAFE_NO_PAD.decode(start).ok());
        start.is_some_and(|start| start[1] == self.keys[0].0)
    }

    /// Verifies a ticket and returns its content.
    ///
    /// # Errors
    /// [`InvalidTicket`] for every text that differs by a bit from what [`TicketKeys::sign`] makes
    /// with one of these keys.
    pub fn verify(&self, text: &str) -> Result<QueueTicket, InvalidTicket> {
        if text.len() > MAX_LENGTH {
            return Err(InvalidTicket);
        }
        let bytes = URL_SAFE_NO_PAD.decode(text).map_err(|_| InvalidTicket)?;
        if bytes.len() <= FIXED_LENGTH + MAC_LENGTH || bytes[0] != VERSION {
            return Err(InvalidTicket);
        }
        let (message, mac) = bytes.split_at(bytes.len() - MAC_LENGTH);
        self.mac(message[1], message)
            .ok_or(InvalidTicket)?
            .verify_slice(mac)
            .map_err(|_| InvalidTicket)?;
        parse(message).ok_or(InvalidTicket)
    }
}

fn parse(message: &[u8]) -> Option<QueueTicket> {
    fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
        let (head, tail) = rest.split_first_chunk()?;
        *rest = tail;
        Some(*head)
    }
    let rest = &mut &message[2..];
    let epoch = u32::from_be_bytes(take(rest)?);
    let draw = Draw(u32::from_be_bytes(take(rest)?));
    let [tier] = take(rest)?;
    let shard = Shard(u16::from_be_bytes(take(rest)?));
    let number = u32::from_be_bytes(take(rest)?);
    let numbered = TicketNumber {
        tier: Tier::try_from(tier).ok()?,
        shard,
        number,
    };
    let tag = Tag(take(rest)?);
    let serial = Serial(u32::from_be_bytes(take(rest)?));
    let place = u64::from_be_bytes(take(rest)?);
    let drawn_in = u32::from_be_bytes(take(rest)?);
    let place = (place > 0).then_some(DrawnPlace {
        place: Place(place & !SECOND_LINE),
        line: match place & SECOND_LINE {
            0 => Line::First,
            _ => Line::Second,
        },
        epoch: drawn_in,
    });
    let event_id = EventId::parse(std::str::from_utf8(rest).ok()?).ok()?;
    Some(QueueTicket {
        event_id,
        epoch,
        draw,
        numbered,
        tag,
        serial,
        place,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn keys(text: &str) -> TicketKeys {
        TicketKeys::parse(text).unwrap()
    }

    fn one() -> String {
        format!("7:{}", "ab".repeat(32))
    }

    fn ticket(event_id: &str) -> QueueTicket {
        QueueTicket {
            event_id: EventId::parse(event_id).unwrap(),
            epoch: 3,
            draw: Draw(4),
            numbered: TicketNumber {
                tier: Tier::Human,
                shard: Shard(5),
                number: 6,
            },
            tag: Tag([7; 16]),
            serial: Serial(8),
            place: Some(DrawnPlace {
                place: Place(9),
                line: Line::First,
                epoch: 10,
            }),
        }
    }

    #[test]
    fn a_ticket_comes_back_as_it_was() {
        for event_id in ["e".to_owned(), "x".repeat(EventId::MAX_LENGTH)] {
            let text = keys(&one()).sign(&ticket(&event_id));
            assert!(text.len() <= MAX_LENGTH);
            assert_eq!(keys(&one()).verify(&text), Ok(ticket(&event_id)));
        }
        let second = DrawnPlace {
            line: Line::Second,
            ..ticket("e").place.unwrap()
        };
        let second = QueueTicket {
            place: Some(second),
            ..ticket("e")
        };
        assert_eq!(keys(&one()).verify(&keys(&one()).sign(&second)), Ok(second));
        let undrawn = QueueTicket {
            place: None,
            ..ticket("e")
        };
        assert_eq!(keys(&one()).verify(&keys(&one()).sign(&undrawn)), Ok(undrawn));
    }

    #[test]
    fn a_rotated_key_still_verifies_and_a_removed_one_does_not() {
        let old = keys(&one()).sign(&ticket("e"));
        let both = format!("8:{},{}", "cd".repeat(32), one());
        assert_eq!(keys(&both).verify(&old), Ok(ticket("e")));
        assert_eq!(keys(&format!("8:{}", "cd".repeat(32))).verify(&old), Err(InvalidTicket));
        assert_eq!(keys(&format!("7:{}", "cd".repeat(32))).verify(&old), Err(InvalidTicket));
    }

    #[test]
    fn unusable_keys_are_refused() {
        let eight: Vec<_> = (0..8).map(|kid| format!("{kid}:{}", "ab".repeat(32))).collect();
        assert!(TicketKeys::parse(&eight.join(",")).is_ok());
        let nine = format!("{},9:{}", eight.join(","), "ab".repeat(32));
        let twice = format!("{},{}", one(), one());
        for text in ["", "7", "7:ab", "256:abab", nine.as_str(), twice.as_str()] {
            assert!(TicketKeys::parse(text).is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_mutation_is_accepted(at in 0usize..200, with in any::<u8>()) {
            let text = keys(&one()).sign(&ticket("some-event"));
            let mut bytes = text.clone().into_bytes();
            let at = at % bytes.len();
            prop_assume!(bytes[at] != with);
            bytes[at] = with;
            if let Ok(mutated) = String::from_utf8(bytes) {
                prop_assert_eq!(keys(&one()).verify(&mutated), Err(InvalidTicket));
            }
        }
    }
}
