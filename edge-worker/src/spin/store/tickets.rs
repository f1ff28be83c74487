//! How a shard's script writes the tickets of a draw, and a person: see `scripts/shard/shard.lua`.

use stanchion_shared::{
    draw::digest::{FrozenShard, ShardDigest},
    identity::{Bytes32, Shard},
    lives::Life,
};

use crate::{person::Person, platform::StoreError};

/// A shard's tickets in one draw.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Tickets {
    pub(super) counts: [u32; 3],
    pub(super) digest: ShardDigest,
    /// Which lives gave them, in order.
    pub(super) lives: Vec<Life>,
}

impl Tickets {
    pub(super) const NONE: Tickets = Tickets {
        counts: [0; 3],
        digest: ShardDigest::EMPTY,
        lives: Vec::new(),
    };

    /// Reads `count0 count1 count2 digest announced life life …`.
    pub(super) fn parse(text: &str) -> Result<Tickets, StoreError> {
        parse(text).ok_or_else(|| StoreError(format!("a shard's tickets are not as agreed: {text}")))
    }

    pub(super) fn frozen(&self, shard: Shard) -> FrozenShard {
        FrozenShard {
            shard,
            digest: self.digest,
            counts: self.counts,
        }
    }

    /// The lives that have tickets here: one that ended before it gave a number has none.
    pub(super) fn lives_with_tickets(&self) -> Vec<Life> {
        let ends = self.lives.iter().skip(1).map(|life| life.from).chain([self.counts]);
        let with_tickets = self.lives.iter().zip(ends).filter(|(life, end)| life.from != *end);
        with_tickets.map(|(life, _)| *life).collect()
    }
}

fn parse(text: &str) -> Option<Tickets> {
    fn three<'a>(mut parts: impl Iterator<Item = &'a str>) -> Option<[u32; 3]> {
        let mut next = || parts.next()?.parse().ok();
        Some([next()?, next()?, next()?])
    }
    let life = |text: &str| {
        let (epoch, from) = text.split_once('/')?;
        Some(Life {
            epoch: epoch.parse().ok()?,
            from: three(from.split('/'))?,
        })
    };
    let mut parts = text.split(' ');
    let counts = three(parts.by_ref())?;
    let digest = ShardDigest(Bytes32::parse(parts.next()?).ok()?);
    let _announced: u32 = parts.next()?.parse().ok()?;
    Some(Tickets {
        counts,
        digest,
        lives: parts.map(life).collect::<Option<_>>()?,
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
    let mut person: Person = serde_json::from_str(next()?).map_err(|_| broken())?;
    if let Some(held) = &mut person.held {
        held.number = number;
        held.digest = ShardDigest(digest);
    }
    Ok(person)
}

/// What [`read_person`] reads; [`person_json`] is its end. Who has no ticket has a number and a digest that nobody looks at.
pub(super) fn write_person(person: &Person) -> Vec<u8> {
    let held = person.held.as_ref();
    let (number, digest) = held.map_or((0, ShardDigest::EMPTY), |held| (held.number, held.digest));
    let digest = hex::encode(digest.0.0);
    format!("{number}:{digest}:{}", person_json(person)).into_bytes()
}

/// A person for whom a script will put number and digest before it.
pub(super) fn person_json(person: &Person) -> String {
    serde_json::to_string(person).expect("a person serialises")
}

#[cfg(test)]
mod tests {
    use stanchion_shared::identity::{Draw, Tier};

    use super::*;
    use crate::person::Numbered;

    fn life(epoch: u32, from: [u32; 3]) -> Life {
        Life { epoch, from }
    }

    #[test]
    fn tickets_are_read_as_the_scripts_write_them() {
        let digest = "ab".repeat(32);
        let tickets = Tickets::parse(&format!("1 20 3 {digest} 9 7/0/0/0 8/1/5/3 9/1/5/3")).unwrap();
        assert_eq!(tickets.counts, [1, 20, 3]);
        assert_eq!(tickets.digest, ShardDigest(Bytes32([0xab; 32])));
        assert_eq!(tickets.lives, [life(7, [0; 3]), life(8, [1, 5, 3]), life(9, [1, 5, 3])]);
        assert_eq!(tickets.lives_with_tickets(), [life(7, [0; 3]), life(9, [1, 5, 3])]);
        let none = Tickets::parse(&format!("0 0 0 {} 9", "00".repeat(32))).unwrap();
        assert_eq!(none, Tickets::NONE);
        for text in [
            "",
            "1 2",
            "1 2 3 ab 9",
            &format!("1 2 3 {digest} 9 7/0/0"),
            &format!("1 2 3 {digest} x"),
        ] {
            assert!(Tickets::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_person_comes_back_with_the_number_and_digest_that_a_script_gave() {
        let numbered = |number, digest| Numbered {
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
