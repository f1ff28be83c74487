//! Closing draws, on the alarm: freeze every announced shard, wait for the beacon's round where one was announced, then
//! publish the record.
//!
//! What may happen at the awaits (for shards' answers and for the beacon's): announcements, of which those up to the closing
//! draw are refused since before the first shard was asked; puts, which cannot move the windows or the beacon any more (they
//! are fixed before the first draw is due) and whose schedule is read only in the last step; reports and reads. Two alarms
//! never run at once.
//!
//! While the first draw waits for its round, later ones are frozen as soon as they are due: a draw must be frozen before its
//! own round is out.
//!
//! A crash at any point changes nothing in the record: which shards are in it was decided with `closing`, a frozen shard
//! says the same for ever, a round has one signature, and everything else in it is fixed or follows from records before.

use std::{collections::BTreeMap, time::Duration};

use futures_util::future::join_all;
use stanchion_shared::{
    draw::{beacon::VerifiedRound, digest::FrozenShard},
    identity::{Draw, EventId, Shard},
    timestamp::UnixMillis,
};
use worker::{Error, Result, console_error};

use super::{
    super::{configuration::configuration, messages::Freeze, now, objects, origin},
    Coordinator,
    tables::{self, Event},
};
use crate::{
    beacon,
    event::{AwaitedRound, FrozenDraw, has_tickets},
    platform::StoreError,
};

/// A draw that could not be closed is tried again after this long, in ms.
pub(super) const RETRY_MS: u64 = 250;
/// A beacon that did not answer, or not with its round, is asked again after this long, in ms. Others ask it, too.
const ASK_AGAIN_MS: u64 = 1_000;
/// A beacon that has not answered after this long is asked again later: well before the round of a draw that ends meanwhile
/// is out, so that it is frozen first ([`stanchion_shared::policy::FREEZE_MS`]).
const BEACON_PATIENCE: Duration = Duration::from_millis(1_500);
/// Shards that are frozen at once.
const FREEZES_AT_ONCE: usize = 32;
/// Shards that are frozen in one alarm: a runtime bounds the messages of one invocation.
pub(super) const FREEZES_PER_ALARM: usize = 200;

/// What is left to do for a draw.
struct Closing {
    event_id: EventId,
    draw: Draw,
    unfrozen: Vec<Shard>,
}

/// What is to be done next.
enum Step {
    Freeze(Closing),
    /// All shards are frozen, and the beacon's round is out.
    Ask(Draw, AwaitedRound),
    /// All shards are frozen, and no round is needed.
    Finish(Draw),
    /// Nothing before this instant.
    Rest(UnixMillis),
}

impl Coordinator {
    /// Closes all draws that are due, in order, as far as one alarm may: with so many freezes as are `left` of
    /// [`FREEZES_PER_ALARM`]. Says before when the next draw must not be closed.
    pub(super) async fn close_due(&self, left: &mut usize) -> Result<UnixMillis> {
        let mut ask_not_before = UnixMillis(0);
        loop {
            match self.next_step(now(), ask_not_before)? {
                Step::Freeze(closing) => {
                    let asked = closing.unfrozen.len().min(*left);
                    *left -= asked;
                    for shards in closing.unfrozen[..asked].chunks(FREEZES_AT_ONCE) {
                        let asked = shards.iter().map(|&shard| self.freeze(&closing, shard));
                        self.note_frozen(closing.draw, join_all(asked).await)?;
                    }
                    if asked < closing.unfrozen.len() {
                        return Ok(now());
                    }
                }
                Step::Ask(draw, awaited) => match self.ask(&awaited).await {
                    Ok(round) => self.finish(draw, Some(round))?,
                    Err(error) => {
                        console_error!("a draw waits for its beacon: {error}");
                        ask_not_before = now().plus(ASK_AGAIN_MS);
                    }
                },
                Step::Finish(draw) => self.finish(draw, None)?,
                Step::Rest(until) => return Ok(until),
            }
        }
    }

    /// What is to be done at `now`. Draws that are to be frozen are from now on closed to announcements: on disk before any
    /// shard is asked, for no message leaves the object before that.
    fn next_step(&self, now: UnixMillis, ask_not_before: UnixMillis) -> Result<Step> {
        let step = self.change(|event| {
            let mut draws = event.announced.iter();
            let Some((&first, shards)) = draws.next() else {
                return Ok(Step::Rest(UnixMillis(0)));
            };
            if event.rules.closed_at(first) > now {
                return Ok(Step::Rest(UnixMillis(0)));
            }
            let Some(frozen) = all_frozen(shards) else {
                return self.to_freeze(event, first, now);
            };
            let Some(awaited) = event.rules.awaited(first).filter(|_| has_tickets(&frozen)) else {
                return Ok(Step::Finish(first));
            };
            let ask_at = awaited.at.max(ask_not_before);
            if ask_at <= now {
                return Ok(Step::Ask(first, awaited));
            }
            let mut until = ask_at;
            for (&draw, shards) in draws {
                let closed_at = event.rules.closed_at(draw);
                if closed_at > now {
                    until = until.min(closed_at);
                    break;
                }
                if all_frozen(shards).is_none() {
                    return self.to_freeze(event, draw, now);
                }
            }
            self.change_rules(event, |rules| rules.wait_for_round(first, &frozen))?;
            Ok(Step::Rest(until))
        })?;
        Ok(step.unwrap_or(Step::Rest(UnixMillis(0))))
    }

    fn to_freeze(&self, event: &mut Event, draw: Draw, now: UnixMillis) -> Result<Step> {
        let unfrozen = event.announced[&draw].iter().filter(|(_, frozen)| frozen.is_none());
        let unfrozen = unfrozen.map(|(&shard, _)| shard).collect();
        let ended = event.rules.ended(draw, now);
        self.change_rules(event, |rules| rules.begin_closing(ended))?;
        Ok(Step::Freeze(Closing {
            event_id: event.rules.fixed.event_id.clone(),
            draw,
            unfrozen,
        }))
    }

    /// Reads the round and verifies it.
    async fn ask(&self, awaited: &AwaitedRound) -> Result<VerifiedRound, StoreError> {
        let config = configuration(&self.env).map_err(StoreError)?;
        let send = |request| origin::fetch(request, BEACON_PATIENCE);
        beacon::fetch(awaited, &config.beacon_url, send).await
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

    /// Every shard is frozen, and the round is there: in one transaction the record, the place up to which the curve may go, and what is closed. Only
    /// with it the secret of the draw can be read anywhere.
    fn finish(&self, draw: Draw, beacon: Option<VerifiedRound>) -> Result<()> {
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
                beacon,
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

/// What all shards of a draw said, if all are frozen.
fn all_frozen(shards: &BTreeMap<Shard, Option<FrozenShard>>) -> Option<Vec<FrozenShard>> {
    shards.values().copied().collect()
}
