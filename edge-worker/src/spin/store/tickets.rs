//! How a shard's script writes the tickets of a draw, and a person: see `scripts/shard/shard.lua`.

use stanchion_shared::{
    draw::{
        digest::{FrozenShard, ShardDigest},
        record::CarriedTickets,
    },
    epochs::EpochStart,
    ids::{Bytes32, Shard},
};

use super::reply::Reply;
use crate::{
    platform::StoreError,
    queue::{person::Person, shard_tickets::ShardTickets},
};

/// A shard's tickets in one draw.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tickets {
    pub(super) counts: [u32; 3],
    pub(super) digest: ShardDigest,
    /// Which epochs gave them, in order.
    pub(super) epochs: Vec<EpochStart>,
}

impl Tickets {
    /// Reads `count0 count1 count2 digest declared epoch epoch …`.
    pub(super) fn parse(text: &str) -> Result<Tickets, StoreError> {
        parse(text).ok_or_else(|| StoreError(format!("a shard's tickets are not as agreed: {text}")))
    }

    /// As the decision core has them.
    fn of_shard(&self, shard: Shard, carried: Vec<CarriedTickets>) -> ShardTickets {
        let (digest, counts) = (self.digest, self.counts);
        ShardTickets {
            frozen: FrozenShard { shard, digest, counts },
            epochs: self.epochs_with_tickets(),
            carried,
        }
    }

    /// The epochs that have tickets here: one that ended before it gave a number has none.
    fn epochs_with_tickets(&self) -> Vec<EpochStart> {
        let ends = self.epochs.iter().skip(1).map(|start| start.from).chain([self.counts]);
        let with_tickets = self.epochs.iter().zip(ends).filter(|(start, end)| start.from != *end);
        with_tickets.map(|(start, _)| *start).collect()
    }
}

/// Reads a shard's tickets in a draw and what they carry, each of which may be missing: a shard may
/// have declared a draw and then have been too late for it.
pub(super) fn read_tickets(shard: Shard, reply: &mut Reply) -> Result<ShardTickets, StoreError> {
    let tickets = reply.optional_bytes()?;
    let carried = reply.optional_json()?.unwrap_or_default();
    match tickets {
        Some(text) => Ok(Tickets::parse(&String::from_utf8_lossy(&text))?.of_shard(shard, carried)),
        None => Ok(ShardTickets::none(shard)),
    }
}

/// Writes what [`read_tickets`] reads, of a draw that the coordinator was told of in `epoch`.
pub(super) fn write_tickets(tickets: &ShardTickets, epoch: u32) -> Vec<u8> {
    let [verified, human, suspect] = tickets.frozen.counts;
    let digest = hex::encode(tickets.frozen.digest.0.0);
    let mut text = format!("{verified} {human} {suspect} {digest} {epoch}");
    for EpochStart { epoch, from } in &tickets.epochs {
        text += &format!(" {epoch}/{}/{}/{}", from[0], from[1], from[2]);
    }
    text.into_bytes()
}

fn parse(text: &str) -> Option<Tickets> {
    fn three<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<[u32; 3]> {
        let mut next = || parts.next()?.parse().ok();
        Some([next()?, next()?, next()?])
    }
    let start = |text: &str| {
        let (epoch, from) = text.split_once('/')?;
        Some(EpochStart {
            epoch: epoch.parse().ok()?,
            from: three(from.split('/'))?,
        })
    };
    let mut parts = text.split(' ');
    let counts = three(parts.by_ref())?;
    let digest = ShardDigest(Bytes32::parse(parts.next()?).ok()?);
    let declared = parts.next()?;
    let _epoch: u32 = declared.strip_suffix('+').unwrap_or(declared).parse().ok()?;
    Some(Tickets {
        counts,
        digest,
        epochs: parts.map(start).collect::<Option<_>>()?,
    })
}

/// Reads `number:digest:JSON`.
pub(super) fn read_person(bytes: &[u8]) -> Result<Person, StoreError> {
    let broken = || StoreError("a person is not stored as agreed".to_owned());
    let text = std::str::from_utf8(bytes).map_err(|_| broken())?;
    let mut parts = text.splitn(3, ':');
    let mut next = || parts.next().ok_or_else(broken);
    let number = next()?.parse().map_err(|_| broken())?;
    let digest = Bytes32::parse(next()?).map_err(|_| broken())?;
    let mut person: Person = serde_json::from_slice(next()?.as_bytes()).map_err(|_| broken())?;
    if let Some(held) = &mut person.held {
        held.number = number;
        held.digest = ShardDigest(digest);
    }
    Ok(person)
}

/// Writes what [`read_person`] reads; [`person_json`] is its end. The number and digest of a person
/// without a ticket mean nothing.
pub(super) fn write_person(person: &Person) -> Vec<u8> {
    let held = person.held.as_ref();
    let (number, digest) = held.map_or((0, ShardDigest::EMPTY), |held| (held.number, held.digest));
    let digest = hex::encode(digest.0.0);
    format!("{number}:{digest}:{}", person_json(person)).into_bytes()
}

/// The JSON of a person, before which a script puts number and digest.
pub(super) fn person_json(person: &Person) -> String {
    serde_json::to_string(person).expect("a person serialises")
}

#[cfg(test)]
mod tests {
    use stanchion_shared::ids::{Draw, Tier};

    use super::*;
    use crate::queue::person::TicketNumber;

    fn start(epoch: u32, from: [u32; 3]) -> EpochStart {
        EpochStart { epoch, from }
    }

    #[test]
    fn tickets_are_read_as_the_scripts_write_them() {
        let digest = "ab".repeat(32);
        let tickets = Tickets::parse(&format!("1 20 3 {digest} 9 7/0/0/0 8/1/5/3 9/1/5/3")).unwrap();
        assert_eq!(tickets.counts, [1, 20, 3]);
        assert_eq!(tickets.digest, ShardDigest(Bytes32([0xab; 32])));
        assert_eq!(
            tickets.epochs,
            [start(7, [0; 3]), start(8, [1, 5, 3]), start(9, [1, 5, 3])]
        );
        assert_eq!(tickets.epochs_with_tickets(), [start(7, [0; 3]), start(9, [1, 5, 3])]);
        let none = Tickets::parse(&format!("0 0 0 {} 9+", "00".repeat(32))).unwrap();
        assert_eq!(none.of_shard(Shard(2), Vec::new()), ShardTickets::none(Shard(2)));
        let given = tickets.of_shard(Shard(2), Vec::new());
        let written = String::from_utf8(write_tickets(&given, 9)).unwrap();
        assert_eq!(written, format!("1 20 3 {digest} 9 7/0/0/0 9/1/5/3"));
        assert_eq!(Tickets::parse(&written).unwrap().of_shard(Shard(2), Vec::new()), given);
        for text in [
            "",
            "1 2",
            "1 2 3 ab 9",
            &format!("1 2 3 {digest} 9 7/0/0"),
            &format!("1 2 3 {digest} x"),
            &format!("1 2 3 {digest} 9-"),
        ] {
            assert!(Tickets::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_person_comes_back_with_the_number_and_digest_that_a_script_gave() {
        let numbered = |number, digest| TicketNumber {
            epoch: 5,
            draw: Draw(2),
            number,
            digest,
        };
        let given = ShardDigest(Bytes32([7; 32]));
        let placeholder = Person::default().with_ticket(Tier::Human, numbered(0, ShardDigest::EMPTY));
        let as_script_writes = format!("41:{}:{}", "07".repeat(32), person_json(&placeholder));
        let person = Person::default().with_ticket(Tier::Human, numbered(41, given));
        assert_eq!(read_person(as_script_writes.as_bytes()), Ok(person.clone()));
        assert_eq!(read_person(&write_person(&person)), Ok(person));
        assert_eq!(read_person(&write_person(&Person::default())), Ok(Person::default()));
        assert!(read_person(b"41:ab").is_err());
    }
}
