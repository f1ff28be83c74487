//! A shard of the model: rows that change all or not at all.

use std::collections::{BTreeMap, BTreeSet};

use stanchion_shared::{
    ids::{Bytes32, Draw, EventId, Shard, Tag, Tier},
    score::counts::ScoreCounts,
    timestamp::UnixMillis,
    wire::ReceiptClaims,
};

use crate::queue::{
    event::{has_first_line, is_first_line},
    person::{Person, TicketNumber as GivenNumber},
    shard_reports::{DrawReport, ShardReport},
    shard_tickets::{EnteredDraw, LeftOver, ShardTickets, carry, sum},
};

#[derive(Default)]
pub(super) struct ModelDraw {
    pub(super) tickets: Option<ShardTickets>,
    pub(super) log: Vec<(Tier, Tag)>,
    pub(super) entered: Option<[u32; 3]>,
}

pub(super) struct ModelShard {
    pub(super) shard: Shard,
    pub(super) frozen_through: Option<Draw>,
    pub(super) draws: BTreeMap<Draw, ModelDraw>,
    pub(super) left_over: Vec<EnteredDraw>,
    /// Draws that it declared with people of the first line; it forgets that at times.
    pub(super) first_line_in: BTreeSet<Draw>,
    pub(super) people: BTreeMap<Tag, Person>,
    /// Until then no message reaches it or leaves it.
    pub(super) silent_until: UnixMillis,
}

impl ModelShard {
    pub(super) fn new(shard: Shard) -> ModelShard {
        ModelShard {
            shard,
            frozen_through: None,
            draws: BTreeMap::new(),
            left_over: Vec::new(),
            first_line_in: BTreeSet::new(),
            people: BTreeMap::new(),
            silent_until: UnixMillis(0),
        }
    }

    pub(super) fn is_open(&self, draw: Draw) -> bool {
        self.frozen_through < Some(draw) && self.draws.contains_key(&draw)
    }

    pub(super) fn may_number(&self, draw: Draw, tier: Tier) -> bool {
        let has_first_line = || {
            let tickets = self.draws[&draw].tickets.as_ref();
            tickets.is_some_and(has_first_line) || self.first_line_in.contains(&draw)
        };
        self.is_open(draw) && (!is_first_line(tier) || has_first_line())
    }

    pub(super) fn open(&mut self, draw: Draw, first_line: bool) {
        if !first_line && !self.left_over.is_empty() {
            return; // declared again, with them
        }
        if first_line {
            self.first_line_in.insert(draw);
        }
        if self.frozen_through >= Some(draw) || self.draws.contains_key(&draw) {
            return;
        }
        let left_over: Vec<LeftOver> = self
            .left_over
            .drain(..)
            .map(|entered| self.draws[&entered.draw].left(entered))
            .collect();
        let (tickets, carried) = carry(self.shard, None, &left_over);
        for ticket in &carried {
            let person = &self.people[&ticket.tag];
            if let Some(person) = person.carried(ticket, draw, 0) {
                self.people.insert(ticket.tag, person);
            }
        }
        let opened = ModelDraw {
            tickets: Some(tickets),
            log: carried.iter().map(|ticket| (ticket.tier, ticket.tag)).collect(),
            entered: None,
        };
        self.draws.insert(draw, opened);
    }

    pub(super) fn number(&mut self, draw: Draw, tier: Tier, tag: Tag) -> ReceiptClaims {
        let in_draw = self.draws.get_mut(&draw).unwrap();
        let tickets = in_draw.tickets.as_mut().unwrap();
        let number = tickets.give(tier, tag);
        let digest = tickets.frozen.digest;
        in_draw.log.push((tier, tag));
        let given = GivenNumber {
            epoch: 0,
            draw,
            number,
            digest,
        };
        self.people.insert(tag, Person::default().with_ticket(tier, given));
        ReceiptClaims {
            event_id: EventId::parse("e").unwrap(),
            draw: draw.0,
            tier: tier.into(),
            shard: self.shard,
            number,
            tag,
            digest: digest.0,
            announced: Bytes32([0; 32]), // the world's to say
        }
    }

    pub(super) fn freeze(&mut self, draw: Draw) -> ShardTickets {
        self.frozen_through = self.frozen_through.max(Some(draw));
        let known = self.draws.get(&draw).and_then(|one| one.tickets.clone());
        known.unwrap_or_else(|| ShardTickets::none(self.shard))
    }

    pub(super) fn settle(&mut self, entered: &[EnteredDraw]) {
        for &one in entered {
            self.frozen_through = self.frozen_through.max(Some(one.draw));
            let Some(draw) = self.draws.get_mut(&one.draw).filter(|draw| draw.entered.is_none()) else {
                continue;
            };
            draw.entered = Some(one.counts);
            if draw.tickets.as_ref().unwrap().frozen.counts != one.counts {
                self.left_over.push(one);
                self.left_over.sort_unstable_by_key(|left| left.draw);
            }
        }
    }

    pub(super) fn report(&self, now: UnixMillis) -> ShardReport {
        let open = self.draws.iter().filter(|(draw, _)| self.is_open(**draw));
        let draws = open.map(|(&draw, one)| DrawReport {
            draw,
            is_frozen: false,
            tickets: one.tickets.clone().unwrap(),
        });
        ShardReport {
            shard: self.shard,
            joined: 0,
            scores: ScoreCounts::default(),
            draws: draws.collect(),
            heard_at: now,
        }
    }
}

impl ModelDraw {
    pub(super) fn left(&self, entered: EnteredDraw) -> LeftOver {
        LeftOver {
            entered,
            carried: self.tickets.as_ref().unwrap().carried.clone(),
            log: self.log[sum(entered.counts) as usize..].to_vec(),
        }
    }
}
