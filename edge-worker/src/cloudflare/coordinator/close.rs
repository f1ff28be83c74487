//! Closing draws, on the alarm: freeze every announced shard, then publish the record.
//!
//! What may happen at the awaits (they are all for shards' answers): announcements, of which those up to the closing draw
//! are refused since before the first shard was asked; puts, which cannot move the windows any more (they are fixed before
//! the first draw is due) and whose schedule is read only in the last step; reports and reads. Two alarms never run at once.
//!
//! A crash at any point changes nothing in the record: which shards are in it was decided with `closing`, a frozen shard
//! says the same for ever, and everything else in it is fixed or follows from records before.

use futures_util::future::join_all;
use stanchion_shared::{
    draw::{
        digest::FrozenShard,
        record::{ClosingDraw, DrawRecord, SignedRecord},
    },
    identity::{Draw, EventId, Shard},
    schedule::Change,
    timestamp::UnixMillis,
};
use worker::{Error, Result};

use super::{
    super::{configuration::configuration, messages::Freeze, now, objects},
    Coordinator, closed_at, puts,
    tables::{self, Event},
};
use crate::{app::config::EdgeConfig, platform::StoreError};

/// A draw that could not be closed is tried again after this long, in ms.
pub(super) const RETRY_MS: u64 = 250;
/// Shards that are frozen at once.
const FREEZES_AT_ONCE: usize = 32;
/// Shards that are frozen in one alarm: a runtime bounds the messages of one invocation.
const FREEZES_PER_ALARM: usize = 200;

/// What is left to do for a draw.
struct Closing {
    event_id: EventId,
    draw: Draw,
    unfrozen: Vec<Shard>,
}

impl Coordinator {
    /// Closes all draws that are due, in order, as far as one alarm may. Says before when the next alarm must not ring.
    pub(super) async fn close_due(&self) -> Result<UnixMillis> {
        let mut left = FREEZES_PER_ALARM;
        while let Some(closing) = self.begin(now())? {
            let asked = closing.unfrozen.len().min(left);
            for shards in closing.unfrozen[..asked].chunks(FREEZES_AT_ONCE) {
                let asked = shards.iter().map(|&shard| self.freeze(&closing, shard));
                self.note_frozen(closing.draw, join_all(asked).await)?;
            }
            if asked < closing.unfrozen.len() {
                return Ok(now());
            }
            left -= asked;
            self.finish(closing.draw)?;
        }
        Ok(UnixMillis(0))
    }

    /// The first draw that is due, from now on closed to announcements. On disk before any shard is asked: no message
    /// leaves the object before that.
    fn begin(&self, now: UnixMillis) -> Result<Option<Closing>> {
        let begun = self.change(|event| {
            let Some((&draw, shards)) = event.announced.first_key_value() else {
                return Ok(None);
            };
            if closed_at(event, draw) > now {
                return Ok(None);
            }
            if event.progress.closing != Some(draw) {
                event.progress.closing = Some(draw);
                self.database.save("progress", &event.progress)?;
            }
            let unfrozen = shards.iter().filter(|(_, frozen)| frozen.is_none());
            Ok(Some(Closing {
                event_id: event.fixed.event_id.clone(),
                draw,
                unfrozen: unfrozen.map(|(&shard, _)| shard).collect(),
            }))
        })?;
        Ok(begun.flatten())
    }

    /// Freezes the draw in one shard.
    async fn freeze(&self, closing: &Closing, shard: Shard) -> Result<FrozenShard, StoreError> {
        let draw = closing.draw;
        let asked = self.objects.shard(&closing.event_id, shard, Freeze { shard, draw });
        objects::patiently(asked).await
    }

    /// Stores what shards answered, in one commit, so that a crash asks only for the rest. The first that did not answer is
    /// the error: the draw waits for it.
    fn note_frozen(&self, draw: Draw, answers: Vec<Result<FrozenShard, StoreError>>) -> Result<()> {
        let mut unanswered = None;
        self.change(|event| {
            let shards = event.announced.get_mut(&draw);
            let shards = shards.ok_or_else(|| Error::RustError("a draw was closed while it was frozen".to_owned()))?;
            for answer in answers {
                match answer {
                    Ok(frozen) => {
                        tables::save_frozen(&self.database, draw, &frozen)?;
                        shards.insert(frozen.shard, Some(frozen));
                    }
                    Err(error) => unanswered = unanswered.take().or(Some(error)),
                }
            }
            Ok(())
        })?;
        unanswered.map_or(Ok(()), |error| Err(Error::RustError(error.to_string())))
    }

    /// Every shard is frozen: in one transaction the record, the place up to which the curve may go, and what is closed. Only
    /// with it the secret of the draw can be read anywhere.
    fn finish(&self, draw: Draw) -> Result<()> {
        let config = configuration(&self.env).map_err(Error::RustError)?;
        let now = now();
        self.change(|event| {
            let shards = event.announced.remove(&draw).unwrap_or_default();
            let frozen: Option<Vec<FrozenShard>> = shards.into_values().collect();
            let frozen = frozen.ok_or_else(|| Error::RustError("a shard is not frozen".to_owned()))?;
            // Shards may announce a draw and then be too late for it. A draw without tickets has no record.
            if frozen.iter().any(|shard| shard.counts != [0; 3]) {
                let record = self.record(event, draw, &frozen, &config)?;
                tables::save_record(&self.database, &record)?;
                let change = Change {
                    last_place: Some(record.record.last_place()),
                    ..Change::default()
                };
                tables::change_schedule(&self.database, &mut event.schedule, |schedule| {
                    schedule.change(change, now)
                })?;
                event.progress.last_closed = Some(draw);
                event.progress.draws_closed += 1;
                event.progress.last_place = record.record.last_place();
                event.progress.last_hash = record.record.hash();
            }
            tables::forget_announcements(&self.database, draw)?;
            event.progress.closed_through = Some(draw);
            event.progress.closing = None;
            self.database.save("progress", &event.progress)
        })?;
        Ok(())
    }

    fn record(&self, event: &Event, draw: Draw, frozen: &[FrozenShard], config: &EdgeConfig) -> Result<SignedRecord> {
        let secret = tables::load_chain(&self.database)?
            .secret(draw)
            .ok_or_else(|| Error::RustError("the chain of secrets has ended".to_owned()))?;
        let windows = puts::windows(&event.put.put);
        let closing = ClosingDraw {
            event_id: &event.fixed.event_id,
            draw,
            opened_at: windows.opened_at(draw, event.fixed.opened_at),
            closed_at: windows.closed_at(draw),
            first_place: event.progress.last_place + 1,
            commitment: event.fixed.commitment,
            secret,
            previous: event.progress.last_hash,
        };
        Ok(DrawRecord::close(closing, event.put.put.shards, frozen).sign(&config.signing_keys))
    }
}
