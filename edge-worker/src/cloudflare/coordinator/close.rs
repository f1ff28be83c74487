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
    draw::digest::FrozenShard,
    identity::{Draw, EventId, Shard},
    timestamp::UnixMillis,
};
use worker::{Error, Result};

use super::{
    super::{configuration::configuration, messages::Freeze, now, objects},
    Coordinator, tables,
};
use crate::{event::FrozenDraw, platform::StoreError};

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
            if event.rules.closed_at(draw) > now {
                return Ok(None);
            }
            let unfrozen = shards.iter().filter(|(_, frozen)| frozen.is_none());
            let unfrozen = unfrozen.map(|(&shard, _)| shard).collect();
            self.change_rules(event, |rules| rules.progress.closing = Some(draw))?;
            Ok(Some(Closing {
                event_id: event.rules.fixed.event_id.clone(),
                draw,
                unfrozen,
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
            let secret = tables::load_chain(&self.database)?
                .secret(draw)
                .ok_or_else(|| Error::RustError("the chain of secrets has ended".to_owned()))?;
            let frozen = FrozenDraw {
                draw,
                shards: frozen,
                lives: Vec::new(), // a Durable Object's storage never goes back
                secret,
            };
            let record = self.change_rules(event, |rules| rules.close(frozen, &config.signing_keys, now))?;
            if let Some(record) = record {
                tables::save_record(&self.database, &record)?;
            }
            tables::forget_announcements(&self.database, draw)
        })?;
        Ok(())
    }
}
