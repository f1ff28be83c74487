//! What the origin says: the event, and once a second the release. The coordinator stamps the instants.

use stanchion_shared::{
    draw::{chain::SecretChain, membership::Windows},
    identity::{Bytes32, EventId, EventKey},
    schedule::{Change, EFFECT_DELAY_MS, Rate, Schedule},
    timestamp::UnixMillis,
    wire::{FIXED_BEFORE_ON_SALE_MS, PutAccepted, PutEvent},
};
use worker::Result;

use super::{
    super::{
        messages::{Attempt, PutEventMessage, PutReleaseMessage},
        now,
    },
    Coordinator,
    tables::{self, Event, Fixed, Progress, Pulse, Put},
};
use crate::platform::PutOutcome;

/// The arrival windows that a put describes.
pub(super) fn windows(put: &PutEvent) -> Windows {
    Windows {
        on_sale_time: put.on_sale_time,
        draw_window_ms: put.draw_window_ms,
    }
}

/// The same operation again gets the same answer; an older or equal version of another is refused.
fn judge_version(pulse: &Pulse, attempt: Attempt, version: u64) -> Option<PutOutcome> {
    if pulse.attempt == Some(attempt) {
        return Some(accepted(pulse));
    }
    (version <= pulse.version).then_some(PutOutcome::Stale { last: pulse.version })
}

fn accepted(pulse: &Pulse) -> PutOutcome {
    PutOutcome::Accepted(PutAccepted {
        version: pulse.version,
        effective_at: pulse.effective_at,
    })
}

/// What the put would change of what is fixed.
fn judge_fixed(before: &PutEvent, put: &PutEvent, now: UnixMillis) -> Option<String> {
    if put.shards != before.shards {
        let shards = before.shards.get();
        return Some(format!("The first put fixed the number of shards at {shards}."));
    }
    let fixed_from = before.on_sale_time.minus(FIXED_BEFORE_ON_SALE_MS);
    (windows(put) != windows(before) && now >= fixed_from).then(|| {
        format!("on_sale_time and draw_window_ms are fixed since {fixed_from}, 60 seconds before the on-sale.")
    })
}

impl Coordinator {
    pub(super) fn put_event(&self, message: PutEventMessage) -> Result<PutOutcome> {
        let now = now();
        let changed = self.change(|event| self.change_event(event, &message, now))?;
        match changed {
            Some(outcome) => Ok(outcome),
            None => self.create_event(message, now),
        }
    }

    fn change_event(&self, event: &mut Event, message: &PutEventMessage, now: UnixMillis) -> Result<PutOutcome> {
        let put = &message.put;
        if let Some(outcome) = judge_version(&event.pulse, message.attempt, put.version) {
            return Ok(outcome);
        }
        if let Some(sentence) = judge_fixed(&event.put.put, put, now) {
            return Ok(PutOutcome::Fixed(sentence));
        }
        let mut effective_at = now.plus(EFFECT_DELAY_MS);
        if put.turn_ms != event.put.put.turn_ms {
            effective_at = tables::change_schedule(&self.database, &mut event.schedule, |schedule| {
                schedule.change(turn_of(put), now)
            })?;
        }
        event.put.longest_shopping_ms = event.put.longest_shopping_ms.max(put.shopping_ms);
        event.put.put = put.clone();
        event.pulse.version = put.version;
        event.pulse.attempt = Some(message.attempt);
        event.pulse.effective_at = effective_at;
        self.database.save("put", &event.put)?;
        self.database.save("pulse", &event.pulse)?;
        // The on-sale may be sooner now.
        self.arm(event, UnixMillis(0))?;
        Ok(accepted(&event.pulse))
    }

    fn create_event(&self, message: PutEventMessage, now: UnixMillis) -> Result<PutOutcome> {
        let PutEventMessage { event_id, put, attempt } = message;
        let chain = SecretChain::generate(random_32());
        let created = self.database.transaction(|| {
            self.database.run(tables::SCHEMA, vec![])?;
            let mut schedule = Schedule::default();
            let effective_at = tables::change_schedule(&self.database, &mut schedule, |schedule| {
                schedule.change(turn_of(&put), now)
            })?;
            let event = Event {
                fixed: new_event(event_id, &chain, now),
                pulse: Pulse {
                    version: put.version,
                    attempt: Some(attempt),
                    effective_at,
                    ..Pulse::default()
                },
                put: Put {
                    longest_shopping_ms: put.shopping_ms,
                    put,
                },
                progress: Progress::START,
                schedule,
                announced: Default::default(),
                joined: Default::default(),
            };
            tables::save_chain(&self.database, &chain)?;
            self.database.save("event", &event.fixed)?;
            self.database.save("put", &event.put)?;
            self.database.save("pulse", &event.pulse)?;
            self.database.save("progress", &event.progress)?;
            Ok(event)
        })?;
        let outcome = accepted(&created.pulse);
        *self.event.borrow_mut() = Some(created);
        Ok(outcome)
    }

    pub(super) fn put_release(&self, message: PutReleaseMessage) -> Result<PutOutcome> {
        let now = now();
        let changed = self.change(|event| self.change_release(event, &message, now))?;
        Ok(changed.unwrap_or(PutOutcome::UnknownEvent))
    }

    fn change_release(&self, event: &mut Event, message: &PutReleaseMessage, now: UnixMillis) -> Result<PutOutcome> {
        let put = &message.put;
        if let Some(outcome) = judge_version(&event.pulse, message.attempt, put.version) {
            return Ok(outcome);
        }
        let rate = if put.paused { Rate::ZERO } else { put.rate_per_second };
        let change = Change {
            rate: Some(rate),
            ..turn_of(&event.put.put)
        };
        // The lease first: a stop that it ends must be in the curve before the curve goes on.
        let effective_at = tables::change_schedule(&self.database, &mut event.schedule, |schedule| {
            schedule.renew(put.lease_ms, now);
            schedule.change(change, now)
        })?;
        event.pulse = Pulse {
            version: put.version,
            attempt: Some(message.attempt),
            effective_at,
            lease_until: event.schedule.lease_until(),
            paused: put.paused,
            sold_out: put.sold_out,
        };
        self.database.save("pulse", &event.pulse)?;
        Ok(accepted(&event.pulse))
    }
}

fn turn_of(put: &PutEvent) -> Change {
    Change {
        turn_ms: Some(put.turn_ms),
        ..Change::default()
    }
}

fn new_event(event_id: EventId, chain: &SecretChain, opened_at: UnixMillis) -> Fixed {
    Fixed {
        event_id,
        opened_at,
        key: EventKey(random_32()),
        commitment: chain.commitment(),
    }
}

fn random_32() -> Bytes32 {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).expect("Workers have crypto.getRandomValues");
    Bytes32(bytes)
}
