//! What everybody can read of the model's event, and the check that fans make with it.

use super::{world::put_rate, *};

pub(super) fn is_suspect(receipt: &ReceiptClaims) -> bool {
    receipt.tier == u8::from(Tier::Suspect)
}

impl World {
    pub(super) fn announcement_digest(&self) -> Bytes32 {
        self.snapshot().announcement().digest()
    }

    pub(super) fn snapshot(&self) -> stanchion_shared::snapshot::Snapshot {
        self.event.snapshot(Default::default(), Default::default(), self.now)
    }

    /// Until every shard is back, and everything is drawn.
    pub(super) fn finish(&mut self) {
        for shard in &mut self.shards {
            shard.silent_until = UnixMillis(0);
        }
        for _ in 0..100_000 {
            self.step(false);
            let is_drawn = self.declared.is_empty() && self.event.progress.missed.is_empty();
            if is_drawn && self.shards.iter().all(|shard| shard.left_over.is_empty()) {
                put_rate(&mut self.event, 1_000, self.now);
                return;
            }
        }
        panic!("it is never drawn");
    }

    pub(super) fn queue(&self) -> QueueAnswer {
        let snapshot = self.snapshot();
        QueueAnswer {
            event_id: snapshot.event_id.clone(),
            name: "An evening".to_owned(),
            phase: snapshot.phase(self.now),
            on_sale_time: ON_SALE,
            draw_window_ms: snapshot.settings.draw_window_ms,
            commitment: snapshot.commitment,
            beacon: None,
            shards: snapshot.shards(),
            joined: 0,
            draws_closed: 0,
            last_place: 0,
            in_second_line: 0,
            served: 0,
            rate_per_second: Rate::ZERO,
            paused: false,
            captcha: None,
            as_of: self.now,
            drawing: None,
        }
    }

    pub(super) fn record(&self, draw: u32) -> Option<&DrawRecord> {
        let mut records = self.records.iter().map(|signed| &signed.record);
        records.find(|record| record.draw.0 == draw)
    }

    /// The place of a receipt in its line, by the records alone.
    pub(super) fn place(&self, receipt: &ReceiptClaims) -> u64 {
        let numbered = TicketNumber {
            tier: Tier::try_from(receipt.tier).unwrap(),
            shard: receipt.shard,
            number: receipt.number,
        };
        let own = self.record(receipt.draw).expect("a draw with tickets has a record");
        if !own.leaves_over(numbered) {
            return place(own, numbered).expect("it is counted").0;
        }
        let carrying = self.records.iter().find(|signed| carries(receipt, &signed.record));
        let carrying = &carrying.expect("another draw carries it").record;
        let carried = carrying.number_of_carried(own, numbered).expect("it is among them");
        place(carrying, carried).expect("it is counted").0
    }

    /// When the turn of a receipt comes, by its place and the curve.
    pub(super) fn turn_at(&self, receipt: &ReceiptClaims) -> UnixMillis {
        let place = Place(self.place(receipt));
        let schedule = &self.event.schedule;
        let in_line = match is_suspect(receipt) {
            true => schedule.place_in_line(place.0),
            false => Some(place),
        };
        schedule.turn_at(in_line.unwrap()).expect("all are served in the end")
    }

    /// A suspect never goes before a person of the first line who waits, but for those whose turns were
    /// decided when that person joined.
    pub(super) fn first_line_goes_first(&self) {
        let mut waits: Vec<(UnixMillis, UnixMillis)> = Vec::new();
        let mut suspects: Vec<UnixMillis> = Vec::new();
        for (receipt, joined_at) in self.receipts.iter().zip(&self.joined_at) {
            match is_suspect(receipt) {
                true => suspects.push(self.turn_at(receipt)),
                false => waits.push((joined_at.plus(EFFECT_DELAY_MS), self.turn_at(receipt))),
            }
        }
        for turn_at in suspects {
            let passed = waits.iter().find(|(since, until)| *since < turn_at && turn_at < *until);
            assert_eq!(passed, None, "a suspect had a turn at {turn_at}");
        }
    }

    /// The public list of a shard in a draw: as much of it as is entered.
    pub(super) fn log(&self, record: &DrawRecord, shard: Shard) -> Vec<u8> {
        let entered = sum(record.counts_of(shard)) as usize;
        let log = self.shards[usize::from(shard.0)].draws.get(&record.draw);
        let log = log.map(|draw| &draw.log[..entered]).unwrap_or_default();
        log.iter().flat_map(|&(tier, tag)| log_entry(tier, tag)).collect()
    }

    /// What the check of a fan says.
    pub(super) fn verify(&self, receipt: &ReceiptClaims, told: u64) {
        let own = self.record(receipt.draw).unwrap();
        let last = match is_left_over(receipt, own) {
            true => self.records.iter().position(|signed| carries(receipt, &signed.record)),
            false => self.records.iter().position(|signed| signed.record.draw == own.draw),
        };
        let records = self.records[..=last.unwrap()].to_vec();
        let drawn = &records.last().unwrap().record;
        let shards = self.event.settings.shards.all();
        let logs = shards.map(|shard| (shard, self.log(drawn, shard)));
        let published = Published {
            keys: SIGNING.verifying().unwrap(),
            queue: self.queue(),
            logs: logs.filter(|(_, log)| !log.is_empty()).collect(),
            earlier_log: self.log(own, receipt.shard),
            records,
        };
        let claimed = FanClaim {
            receipt: SIGNING.sign_claims(ReceiptClaims::TOKEN_TYPE, receipt),
            place: Some(told),
            ..FanClaim::default()
        };
        let verdict = verify(&claimed, &published);
        assert_eq!(verdict.fault, None, "{receipt:?}");
    }
}
