//! The event, its messages, and what happens next by chance.

use super::*;

/// Steele, Lea, Flood: Fast Splittable Pseudorandom Number Generators (OOPSLA 2014).
pub(super) struct SplitMix64(pub(super) u64);

impl SplitMix64 {
    pub(super) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(super) fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }

    pub(super) fn one_in(&mut self, times: u64) -> bool {
        self.below(times) == 0
    }
}

pub(super) struct World {
    pub(super) random: SplitMix64,
    pub(super) now: UnixMillis,
    pub(super) event: EventState,
    pub(super) declared: BTreeMap<Draw, BTreeMap<Shard, Option<ShardTickets>>>,
    pub(super) reports: BTreeMap<Shard, ShardReport>,
    /// Reports on their way.
    pub(super) sent: Vec<ShardReport>,
    pub(super) run: ClosingRun,
    pub(super) shards: Vec<ModelShard>,
    pub(super) records: Vec<SignedRecord>,
    pub(super) receipts: Vec<ReceiptClaims>,
    /// When each of them was given.
    pub(super) joined_at: Vec<UnixMillis>,
    /// Draws that were closed later than the deadline allows, with some time for the steps.
    pub(super) last_close_ms: u64,
}

/// So many thousandths of a place a second from now on, as a release says.
pub(super) fn put_rate(event: &mut EventState, milli: u64, now: UnixMillis) {
    let change = ScheduleChange {
        rate: Some(Rate::from_milli(milli)),
        ..ScheduleChange::default()
    };
    event.schedule.change(change, now);
}

impl World {
    pub(super) fn new(seed: u64) -> World {
        let settings = EventSettings {
            name: "An evening".to_owned(),
            on_sale_time: ON_SALE,
            shards: ShardCount::new(SHARDS).unwrap(),
            draw_window_ms: DRAW_WINDOW_MS.least,
            turn_ms: TURN_MS.least,
            shopping_ms: SHOPPING_MS.least,
            challenge_max_number: 1_000,
            policy: QueuePolicy::default(),
        };
        let constants = EventConstants {
            event_id: EventId::parse("e").unwrap(),
            opened_at: ON_SALE.minus(3_000),
            key: EventKey(Bytes32([4; 32])),
            commitment: CHAIN.commitment(),
        };
        let mut random = SplitMix64(seed);
        let mut event = EventState::with_constants(constants, PutEvent { version: 1, settings }, Attempt(0));
        put_rate(&mut event, random.below(40_000), ON_SALE.minus(1_500));
        World {
            random,
            now: ON_SALE.minus(1_500),
            event,
            declared: BTreeMap::new(),
            reports: BTreeMap::new(),
            sent: Vec::new(),
            run: ClosingRun::default(),
            shards: (0..SHARDS).map(|shard| ModelShard::new(Shard(shard))).collect(),
            records: Vec::new(),
            receipts: Vec::new(),
            joined_at: Vec::new(),
            last_close_ms: 0,
        }
    }

    pub(super) fn is_silent(&self, shard: Shard) -> bool {
        self.now < self.shards[usize::from(shard.0)].silent_until
    }

    /// A shard tells the coordinator of a draw, and opens it if the answer arrives.
    pub(super) fn declare(&mut self, shard: Shard, draw: Draw, first_line: bool) {
        let first_line = first_line || !self.shards[usize::from(shard.0)].left_over.is_empty();
        let outcome = self.event.judge_declaration(draw);
        if outcome == DeclarationOutcome::Open {
            self.declared.entry(draw).or_default().entry(shard).or_default();
            if first_line {
                self.event.first_line_joins(draw, self.now);
            }
        }
        if self.random.one_in(20) {
            return; // the answer is lost
        }
        let known = &mut self.shards[usize::from(shard.0)];
        match outcome {
            DeclarationOutcome::Open => known.open(draw, first_line),
            DeclarationOutcome::Refused { frozen_through } => {
                known.frozen_through = known.frozen_through.max(Some(frozen_through));
            }
        }
    }

    pub(super) fn join(&mut self) {
        let mut name = [0; 16];
        name[..8].copy_from_slice(&self.random.next().to_be_bytes());
        let tag = Tag(name);
        let shard = tag.shard(self.event.settings.shards);
        let tier = Tier::ALL[self.random.below(3) as usize];
        for _ in 0..3 {
            let known = &self.shards[usize::from(shard.0)];
            let windows = self.event.settings.windows();
            let draw = windows.draw_after(known.frozen_through, self.now).unwrap();
            if known.may_number(draw, tier) {
                let mut receipt = self.shards[usize::from(shard.0)].number(draw, tier, tag);
                receipt.announced = self.announcement_digest();
                self.receipts.push(receipt);
                self.joined_at.push(self.now);
                if self.random.one_in(10) {
                    self.shards[usize::from(shard.0)].first_line_in.clear();
                }
                return;
            }
            if self.is_silent(shard) {
                return; // the fan is told to come again
            }
            self.declare(shard, draw, is_first_line(tier));
        }
    }

    pub(super) fn deliver_a_report(&mut self) {
        if self.sent.is_empty() {
            return;
        }
        // In any order, and some of them twice or never.
        let at = self.random.below(self.sent.len() as u64) as usize;
        let mut report = match self.random.below(4) {
            0 => self.sent[at].clone(),
            _ => self.sent.swap_remove(at),
        };
        if self.random.one_in(8) {
            return;
        }
        report.forget_through(self.event.progress.closed_through);
        match self.reports.get_mut(&report.shard) {
            Some(known) => drop(known.grow(report)),
            None => drop(self.reports.insert(report.shard, report)),
        }
    }

    pub(super) fn unfrozen(&self, after: Option<Draw>, through: Draw) -> Vec<(Draw, Shard)> {
        let draws = self.declared.range(..=through).filter(|(draw, _)| after < Some(**draw));
        let all = draws.flat_map(|(&draw, shards)| shards.iter().map(move |(&shard, known)| (draw, shard, known)));
        all.filter(|(.., known)| known.is_none())
            .map(|(draw, shard, _)| (draw, shard))
            .collect()
    }

    pub(super) fn note_frozen(&mut self, draw: Draw, tickets: ShardTickets) {
        let place = self
            .declared
            .get_mut(&draw)
            .and_then(|shards| shards.get_mut(&tickets.frozen.shard));
        if let Some(place @ None) = place {
            *place = Some(tickets);
        }
    }

    /// One step of closing.
    pub(super) fn close(&mut self) {
        let first = self.declared.first_key_value();
        let known = DeclaredDraws {
            first: first.map(|(&draw, _)| draw),
            frozen: first.and_then(|(_, shards)| shards.values().cloned().collect()),
        };
        match self.run.next_step(&self.event, &known, self.now) {
            ClosingStep::Rest(_) => {}
            ClosingStep::Freeze { after, through, .. } => {
                self.event.end_declarations(after, through, self.now);
                for (draw, shard) in self.unfrozen(after, through) {
                    if self.is_silent(shard) {
                        continue;
                    }
                    let said = self.shards[usize::from(shard.0)].freeze(draw);
                    if !self.random.one_in(10) {
                        self.note_frozen(draw, said); // otherwise the answer is lost
                    }
                }
                match self.unfrozen(after, through).is_empty() {
                    true => self.run.froze(through),
                    false => self.run.unanswered(self.now),
                }
            }
            ClosingStep::EnterSilent { after, through } => {
                let silent = self.unfrozen(after, through);
                for missed in self.event.enter_silent(&silent, &self.reports, self.now) {
                    self.note_frozen(missed.draw, missed.entered);
                }
                self.run.entered();
                if self.unfrozen(after, through).is_empty() {
                    self.run.froze(through);
                }
            }
            ClosingStep::Finish(draw) => {
                let shards = self.declared.remove(&draw).unwrap().into_values().flatten().collect();
                let frozen = FrozenDraw {
                    draw,
                    shards,
                    secret: CHAIN.secret(draw).unwrap(),
                    beacon: None,
                };
                self.last_close_ms = self.last_close_ms.max(self.now.since(self.event.closed_at(draw)));
                self.records.extend(self.event.close(frozen, &SIGNING, self.now));
            }
            other => panic!("no beacon was announced: {other:?}"),
        }
        if self.random.one_in(30) {
            self.run = ClosingRun::default(); // the coordinator crashed, and knows what is on disk
        }
    }

    /// The coordinator asks shards that missed a draw whether they are back.
    pub(super) fn settle(&mut self) {
        for (shard, entered) in self.event.unsettled() {
            if self.is_silent(shard) {
                continue;
            }
            self.shards[usize::from(shard.0)].settle(&entered);
            for _ in 0..3 {
                let known = &self.shards[usize::from(shard.0)];
                if known.left_over.is_empty() {
                    break;
                }
                let windows = self.event.settings.windows();
                let mut draw = windows.draw_after(known.frozen_through, self.now).unwrap();
                while known.draws.contains_key(&draw) {
                    draw = Draw(draw.0 + 1);
                }
                self.declare(shard, draw, false);
            }
            let is_done = self.shards[usize::from(shard.0)].left_over.is_empty();
            if is_done && !self.random.one_in(5) {
                self.event.settled(shard, &entered, self.now); // otherwise the answer is lost
            }
        }
    }

    pub(super) fn step(&mut self, joins: bool) {
        self.now = self.now.plus(self.random.below(80));
        let shard = Shard(self.random.below(u64::from(SHARDS)) as u16);
        match self.random.below(12) {
            0..=4 if joins => self.join(),
            5 | 6 if !self.is_silent(shard) => {
                let report = self.shards[usize::from(shard.0)].report(self.now);
                self.sent.push(report);
            }
            7 => self.deliver_a_report(),
            8 if joins && self.random.one_in(12) => {
                let silent_for = self.random.below(4_000);
                self.shards[usize::from(shard.0)].silent_until = self.now.plus(silent_for);
            }
            9 => self.settle(),
            10 if joins && self.random.one_in(10) => {
                let milli = [0, self.random.below(40_000)][self.random.below(2) as usize];
                put_rate(&mut self.event, milli, self.now);
            }
            _ => self.close(),
        }
    }
}
