//! The queue's draws by the real rules: numbers from shards, digests, records, seeds. Both lines are kept as lists of fans by
//! place, shuffled whole; the edge's way, place by place, checks one fan in so many.

use std::ops::Range;

use serde::Serialize;
use stanchion_shared::{
    draw::{
        chain::SecretChain,
        digest::{FrozenShard, ShardDigest},
        membership::Windows,
        place::{place, seed},
        record::{ClosingDraw, DrawRecord, Line, RecordSecondLine, SilentShards},
    },
    ids::{Bytes32, Draw, Place, Shard, TicketNumber, Tier},
    schedule::{Schedule, SecondLine},
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
    /// Fans by place; place 1 is the first. Suspects are in it once their places cannot be taken back.
    line: Vec<u32>,
    /// Suspects by their numbers in the second line; number 1 is the first.
    second_line: Vec<u32>,
    /// So many of them are in `line`.
    moved_up: u64,
    /// The last draw that somebody of the first line has joined.
    first_line_in: Option<Draw>,
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
            second_line: Vec::new(),
            moved_up: 0,
            first_line_in: None,
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

    /// Everybody who was drawn.
    pub(crate) fn drawn(&self) -> u64 {
        (self.line.len() + self.second_line.len()) as u64 - self.moved_up
    }

    /// Fans by the places of a line.
    pub(crate) fn fans(&self, line: Line) -> &[u32] {
        match line {
            Line::First => &self.line,
            Line::Second => &self.second_line,
        }
    }

    /// Whose turn it is with a place that is served.
    pub(crate) fn fan_at(&self, place: Place) -> u32 {
        let index = place.0 as usize - 1;
        match index.checked_sub(self.line.len()) {
            None => self.line[index],
            Some(behind) => self.second_line[self.moved_up as usize + behind],
        }
    }

    /// Somebody joins. The first one of the first line in a draw takes back the places of suspects.
    pub(crate) fn joins(&mut self, join: &SimulatedJoin, schedule: &mut Schedule) {
        let at = ON_SALE_TIME.minus(OPENS_BEFORE_MS).plus(join.joins_ms());
        let draw = self.windows().draw_at(at);
        if self.people.tiers[join.fan() as usize] == Tier::Suspect || self.first_line_in >= draw {
            return;
        }
        self.first_line_in = draw;
        schedule.take_back(at);
        if let Some(line) = schedule.second_line() {
            let moved = &self.second_line[self.moved_up as usize..line.moved_up as usize];
            self.line.extend(moved);
            self.moved_up = line.moved_up;
        }
    }

    /// The last place that opens now, and how the second line goes on.
    pub(crate) fn line_and_second_line(&self) -> (u64, SecondLine) {
        let after_place = self.line.len() as u64;
        let last_place = match self.first_line_in > self.last_closed {
            true => after_place,
            false => self.drawn(),
        };
        let moved_up = self.moved_up;
        (last_place, SecondLine { after_place, moved_up })
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
            second_line: Some(RecordSecondLine {
                before: self.second_line.len() as u64,
                moved_up: self.moved_up,
            }),
        };
        let record = DrawRecord::close(closing, self.setting.event.shards, &frozen);
        for tier in Tier::ALL {
            self.line_up(&record, tier, joins.clone());
        }
        self.previous = record.hash();
        self.last_closed = Some(draw);
        self.counts.draws += 1;
        self.counts.places = self.drawn();
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

    /// Puts a tier of a draw at the end of its line.
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
        let in_order = order.into_iter().map(|element| elements[element as usize]);
        match record.line_of(tier) {
            Line::First => self.line.extend(in_order),
            Line::Second => self.second_line.extend(in_order),
        }
        for (element, &fan) in elements.iter().enumerate().step_by(CHECKED_ONE_IN) {
            let shard = self.people.tags[fan as usize].shard(self.setting.event.shards);
            self.check(record, tier, shard, element - begins[usize::from(shard.0)], fan);
        }
    }

    fn check(&mut self, record: &DrawRecord, tier: Tier, shard: Shard, number: usize, fan: u32) {
        let number = u32::try_from(number).expect("a shard numbers with 32 bits");
        let found = place(record, TicketNumber { tier, shard, number });
        let line = self.fans(record.line_of(tier));
        let stands_there = found.is_some_and(|place| line[place.0 as usize - 1] == fan);
        self.counts.places_checked += 1;
        self.counts.places_wrong += u64::from(!stands_there);
    }
}
