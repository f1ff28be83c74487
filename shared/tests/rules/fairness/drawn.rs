//! A draw of many people by the real rules: tags by HMAC, numbers from shards in the order of
//! joins, and a record.

use std::thread;

use stanchion_shared::{
    draw::{
        digest::{FrozenShard, ShardDigest},
        place::place,
        record::{ClosingDraw, DrawRecord, SilentShards},
    },
    ids::{Bytes32, Draw, EventId, EventKey, Shard, ShardCount, Tag, TicketNumber, Tier},
    timestamp::UnixMillis,
};
use stanchion_statistics::{ChiSquare, Correlation};

/// Number of rows and columns of the tables.
const CELLS: usize = 50;

/// A person in the draw.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Person {
    /// The number of the account, in the order in which accounts were made.
    pub(crate) account: u32,
    pub(crate) shard: Shard,
    pub(crate) tier: Tier,
    pub(crate) number: u32,
}

/// The property with which a place is compared.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Against {
    JoinOrder,
    Shard,
    AccountOrder,
}

/// A closed draw.
pub(crate) struct Drawn {
    pub(crate) record: DrawRecord,
    /// The people, in the order in which they joined.
    pub(crate) people: Vec<Person>,
    shards: ShardCount,
}

impl Drawn {
    /// Closes a draw of people who joined in this order. The digests stay empty, because they only
    /// salt the seed, as `secret` does.
    pub(crate) fn of(joins: impl Iterator<Item = (u32, Tier)>, shards: u16, secret: Bytes32) -> Drawn {
        let (key, shards) = (EventKey(Bytes32([3; 32])), ShardCount::new(shards).unwrap());
        let mut frozen: Vec<FrozenShard> = shards
            .all()
            .map(|shard| FrozenShard {
                shard,
                digest: ShardDigest::EMPTY,
                counts: [0; 3],
            })
            .collect();
        let people = joins
            .map(|(account, tier)| {
                let shard = Tag::of(&key, "https://accounts.example", &account.to_string()).shard(shards);
                let count = &mut frozen[usize::from(shard.0)].counts[tier.index()];
                *count += 1;
                Person {
                    account,
                    shard,
                    tier,
                    number: *count - 1,
                }
            })
            .collect();
        let event_id = EventId::parse("fair").unwrap();
        let closing = ClosingDraw {
            event_id: &event_id,
            draw: Draw::PRE_QUEUE,
            opened_at: UnixMillis(0),
            closed_at: UnixMillis(1),
            first_place: 1,
            commitment: Bytes32([0; 32]),
            secret,
            beacon: None,
            previous: Bytes32([0; 32]),
            epochs: Vec::new(),
            silent: SilentShards::default(),
            second_line: None,
        };
        Drawn {
            record: DrawRecord::close(closing, shards, &frozen),
            people,
            shards,
        }
    }

    /// The places of all people, computed on all cores.
    pub(crate) fn places(&self) -> Vec<u64> {
        let cores = thread::available_parallelism().map_or(1, usize::from);
        let part = self.people.len().div_ceil(cores);
        thread::scope(|scope| {
            let parts = self.people.chunks(part).map(|people| {
                let placed = move || -> Vec<u64> { people.iter().map(|person| self.place(person)).collect() };
                scope.spawn(placed)
            });
            let parts: Vec<_> = parts.collect();
            parts.into_iter().flat_map(|part| part.join().unwrap()).collect()
        })
    }

    fn place(&self, person: &Person) -> u64 {
        let Person {
            shard, tier, number, ..
        } = *person;
        place(&self.record, TicketNumber { tier, shard, number })
            .expect("counted")
            .0
    }

    /// The smaller of two chances inside a tier, by correlation and by table: that the place
    /// depends on the other property as much as here although the draw is fair. It is doubled,
    /// because there are two.
    pub(crate) fn chance(&self, places: &[u64], tier: Tier, against: Against) -> f64 {
        let counts = &self.record.tiers[tier.index()];
        let of_tier = self.people.iter().zip(places).filter(|(person, _)| person.tier == tier);
        let mut correlation = Correlation::default();
        let mut table = vec![vec![0; CELLS]; CELLS];
        for (joined, (person, &place)) in of_tier.enumerate() {
            let (rank, among) = match against {
                Against::JoinOrder => (joined, counts.count as usize),
                Against::Shard => (usize::from(person.shard.0), usize::from(self.shards.get())),
                Against::AccountOrder => (person.account as usize, self.people.len()),
            };
            let place = (place - counts.first_place) as usize;
            correlation.add(rank as f64, place as f64);
            table[rank * CELLS / among][place * CELLS / counts.count as usize] += 1;
        }
        2.0 * correlation.chance().min(ChiSquare::independent(&table).chance())
    }
}
