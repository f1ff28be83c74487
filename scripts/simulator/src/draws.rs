//! The queue's draws by the real rules: numbers from shards, digests, records, seeds. The line is kept as a list of fans by
//! place, shuffled whole; the edge's way, place by place, checks one fan in so many.

use std::ops::Range;

use serde::Serialize;
use stanchion_shared::{
    draw::{
        chain::SecretChain,
        digest::{FrozenShard, ShardDigest},
        membership::Windows,
        place::{place, seed},
        record::{ClosingDraw, DrawRecord, SilentShards},
    },
    ids::{Bytes32, Draw, Shard, TicketNumber, Tier},
    timestamp::UnixMillis,
};

use crate::{
    options::{ON_SALE_TIME, OPENS_BEFORE_MS, SimulationSetting},
    people::{People, SimulatedJoin},
};
use stanchion_whole_shuffle::shuffled;

/// From the end of a window until its record is out, in ms: the coordinator's alarm, and the shards' answers.
pub(crate) const CLOSING_MS: u64 = 1_000;
/// Places worked out by the edge's way, too: of each tier of each draw the first and then one in so many.
const CHECKED_ONE_IN: usize = 1_000;

/// What the draws came to.
#[derive(Clone, Debug, Default, Serialize)]
pub(crate) struct DrawCounts {
    /// With a record.
    pub(crate) draws: u32,
    /// Places in them.
    pub(crate) places: u64,
    /// Places also worked out as the edge does it.
    pub(crate) places_checked: u64,
    /// Those that came out otherwise.
    pub(crate) places_wrong: u64,
}

/// A draw that has just closed.
pub(crate) struct SimulatedDraw {
    pub(crate) record: DrawRecord,
    /// Its joins, as positions in [`People::joins`].
    pub(crate) joins: Range<usize>,
    /// When the record was out.
    pub(crate) out_at: UnixMillis,
}

/// All draws so far.
pub(crate) struct Draws<'a> {
    setting: &'a SimulationSetting,
    people: &'a People,
    chain: SecretChain,
    commitment: Bytes32,
    previous: Bytes32,
    /// The first join that is in no draw yet.
    next: usize,
    pub(crate) last_closed: Option<Draw>,
    /// Fans by place; place 1 is the first.
    pub(crate) line: Vec<u32>,
    pub(crate) counts: DrawCounts,
}

impl<'a> Draws<'a> {
    pub(crate) fn new(setting: &'a SimulationSetting, people: &'a People) -> Draws<'a> {
        let chain = SecretChain::generate(Bytes32([!(setting.seed as u8); 32]));
        Draws {
            setting,
            people,
            commitment: chain.commitment(),
            chain,
            previous: Bytes32([0; 32]),
            next: 0,
            last_closed: None,
            line: Vec::with_capacity(setting.fans as usize),
            counts: DrawCounts::default(),
        }
    }

    pub(crate) fn commitment(&self) -> Bytes32 {
        self.commitment
    }

    /// Everybody has a place.
    pub(crate) fn all_closed(&self) -> bool {
        self.next == self.people.joins.len()
    }

    fn windows(&self) -> Windows {
        Windows {
            on_sale_time: ON_SALE_TIME,
            draw_window_ms: self.setting.event.draw_window_ms,
        }
    }

    /// Closes the next draw if it is due at `now`. Windows without joins are no draws.
    pub(crate) fn close_due(&mut self, now: UnixMillis) -> Option<SimulatedDraw> {
        let (windows, opened) = (self.windows(), ON_SALE_TIME.minus(OPENS_BEFORE_MS));
        let draw_of = |join: &SimulatedJoin| {
            let draw = windows.draw_at(opened.plus(join.joins_ms()));
            draw.expect("nobody comes after the chain of secrets has ended")
        };
        let draw = draw_of(self.people.joins.get(self.next)?);
        if windows.closed_at(draw).plus(CLOSING_MS) > now {
            return None;
        }
        let rest = &self.people.joins[self.next..];
        let joins = self.next..self.next + rest.partition_point(|join| draw_of(join) <= draw);
        self.next = joins.end;
        let record = self.close(draw, joins.clone());
        Some(SimulatedDraw {
            record,
            joins,
            out_at: now,
        })
    }

    fn close(&mut self, draw: Draw, joins: Range<usize>) -> DrawRecord {
        let windows = self.windows();
        let frozen = self.freeze(joins.clone());
        let closing = ClosingDraw {
            event_id: &self.setting.event_id,
            draw,
            opened_at: windows.opened_at(draw, ON_SALE_TIME.minus(OPENS_BEFORE_MS)),
            closed_at: windows.closed_at(draw),
            first_place: self.line.len() as u64 + 1,
            commitment: self.commitment,
            secret: self.chain.secret(draw).expect("a draw that was joined has a secret"),
            beacon: None,
            previous: self.previous,
            epochs: Vec::new(),
            silent: SilentShards::default(),
        };
        let record = DrawRecord::close(closing, self.setting.event.shards, &frozen);
        for tier in Tier::ALL {
            self.line_up(&record, tier, joins.clone());
        }
        self.previous = record.hash();
        self.last_closed = Some(draw);
        self.counts.draws += 1;
        self.counts.places = self.line.len() as u64;
        record
    }

    /// What the shards say of these joins.
    fn freeze(&self, joins: Range<usize>) -> Vec<FrozenShard> {
        let shards = self.setting.event.shards;
        let mut frozen: Vec<FrozenShard> = shards
            .all()
            .map(|shard| FrozenShard {
                shard,
                digest: ShardDigest::EMPTY,
                counts: [0; 3],
            })
            .collect();
        for join in &self.people.joins[joins] {
            let (tag, tier) = (
                self.people.tags[join.fan() as usize],
                self.people.tiers[join.fan() as usize],
            );
            let one = &mut frozen[usize::from(tag.shard(shards).0)];
            one.digest = one.digest.with(tier, tag);
            one.counts[tier.index()] += 1;
        }
        frozen.retain(|one| one.counts != [0; 3]);
        frozen
    }

    /// Puts a tier of a draw at the end of the line.
    fn line_up(&mut self, record: &DrawRecord, tier: Tier, joins: Range<usize>) {
        let counts = &record.tiers[tier.index()];
        // Where each shard's numbers begin among the tier's elements.
        let mut begins = vec![0usize; usize::from(self.setting.event.shards.get())];
        let mut before = 0;
        for &(shard, count) in &counts.shards {
            begins[usize::from(shard.0)] = before;
            before += count as usize;
        }
        let mut next = begins.clone();
        let mut elements = vec![0u32; before];
        for join in &self.people.joins[joins] {
            let fan = join.fan() as usize;
            if self.people.tiers[fan] == tier {
                let number = &mut next[usize::from(self.people.tags[fan].shard(self.setting.event.shards).0)];
                elements[*number] = join.fan();
                *number += 1;
            }
        }
        let order = shuffled(counts.count, seed(record, tier).0);
        self.line
            .extend(order.into_iter().map(|element| elements[element as usize]));
        for (element, &fan) in elements.iter().enumerate().step_by(CHECKED_ONE_IN) {
            let shard = self.people.tags[fan as usize].shard(self.setting.event.shards);
            self.check(record, tier, shard, element - begins[usize::from(shard.0)], fan);
        }
    }

    fn check(&mut self, record: &DrawRecord, tier: Tier, shard: Shard, number: usize, fan: u32) {
        let number = u32::try_from(number).expect("a shard numbers with 32 bits");
        let found = place(record, TicketNumber { tier, shard, number });
        let stands_there = found.is_some_and(|place| self.line[place.0 as usize - 1] == fan);
        self.counts.places_checked += 1;
        self.counts.places_wrong += u64::from(!stands_there);
    }
}
