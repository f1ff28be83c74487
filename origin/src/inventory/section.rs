//! One section's seats in Redis: every operation is one script, one round trip, all or nothing.

use std::{collections::HashSet, sync::Arc};

use redis::{FromRedisValue, RedisResult, Script, Value, from_redis_value};
use stanchion_shared::{ids::EventId, timestamp::UnixMillis};

use super::{
    error::InventoryError,
    scripts,
    types::{
        ExtendResult, LockRequest, LockResult, PayingOrder, SaleResult, SeatCounts, SectionId, SectionState,
        UnlockResult,
    },
};
use crate::{error::InternalError, redis_connections::RedisPool};

/// One section: its name and its keys, which share a hash slot.
#[derive(Clone)]
pub struct Section {
    redis: Arc<RedisPool>,
    id: SectionId,
    keys: [String; 3],
}

impl Section {
    pub(super) fn new(redis: Arc<RedisPool>, event: &EventId, section: &str) -> Section {
        let key = |what| format!("stanchion:{{{event}:{section}}}:{what}");
        Section {
            redis,
            id: SectionId {
                event_id: event.clone(),
                code: section.to_owned(),
            },
            keys: [key("meta"), key("held"), key("due")],
        }
    }

    /// The section's event and code.
    #[must_use]
    pub fn id(&self) -> &SectionId {
        &self.id
    }

    /// The error for a section that is not loaded.
    pub(super) fn unloaded(&self) -> InventoryError {
        InventoryError::Unloaded(self.id.clone())
    }

    /// Builds the section. Returns true unless it was loaded already.
    ///
    /// # Errors
    /// Redis.
    pub async fn load(&self, capacity: u64, sold: &[(String, String)]) -> Result<bool, InventoryError> {
        let mut arguments = vec![capacity.to_string()];
        arguments.extend(sold.iter().flat_map(|(seat, order)| [seat.clone(), order.clone()]));
        let (word, _) = self.invoke(&scripts::LOAD, &arguments).await?;
        Ok(word == "loaded")
    }

    /// Locks all of the seats or none.
    ///
    /// # Errors
    /// Redis; [`InventoryError::Unloaded`].
    pub async fn lock(&self, request: &LockRequest<'_>) -> Result<LockResult, InventoryError> {
        let mut arguments = vec![
            request.owner.to_owned(),
            request.lock_ms.to_string(),
            request.not_after.0.to_string(),
        ];
        arguments.extend_from_slice(request.seats);
        let (word, values) = self.invoke(&scripts::LOCK, &arguments).await?;
        Ok(match word.as_str() {
            "locked" => {
                let mut values = values.into_iter();
                let ends = next_instant(&mut values)?;
                let mut held_before = Vec::new();
                while let Some(seat) = values.next() {
                    held_before.push((parse(seat)?, next_instant(&mut values)?));
                }
                LockResult::Locked { ends, held_before }
            }
            "taken" => LockResult::Taken(all(values)?),
            "over" => LockResult::SessionOver,
            _ => return Err(unknown_word(&word)),
        })
    }

    /// Gives the owner's seats back, unless one is being paid for.
    ///
    /// # Errors
    /// Redis; [`InventoryError::Unloaded`].
    pub async fn unlock(&self, owner: &str, seats: &[String]) -> Result<UnlockResult, InventoryError> {
        let (word, values) = self.invoke(&scripts::UNLOCK, &with_owner(owner, seats)).await?;
        Ok(match word.as_str() {
            "unlocked" => UnlockResult::Unlocked(first(values)?),
            "paying" => UnlockResult::BeingPaid(all(values)?),
            _ => return Err(unknown_word(&word)),
        })
    }

    /// Begins a checkout: pins the seats to it, and lets their locks live at least `at_least_ms`
    /// from now. A lock is extended once.
    ///
    /// # Errors
    /// Redis; [`InventoryError::Unloaded`].
    pub async fn extend(
        &self,
        paying: PayingOrder<'_>,
        at_least_ms: u64,
        seats: &[String],
    ) -> Result<ExtendResult, InventoryError> {
        let mut arguments = vec![
            paying.cart.to_owned(),
            paying.attempt.to_string(),
            at_least_ms.to_string(),
        ];
        arguments.extend_from_slice(seats);
        let (word, values) = self.invoke(&scripts::EXTEND, &arguments).await?;
        Ok(match word.as_str() {
            "extended" => ExtendResult::Extended(UnixMillis(first(values)?)),
            "lost" => ExtendResult::Lost(all(values)?),
            "overtaken" => ExtendResult::Overtaken,
            _ => return Err(unknown_word(&word)),
        })
    }

    /// Ends a checkout without a sale: the seats stay in the cart until their locks end. Returns
    /// how many seats were pinned.
    ///
    /// # Errors
    /// Redis; [`InventoryError::Unloaded`].
    pub async fn unpin(&self, paying: PayingOrder<'_>, seats: &[String]) -> Result<u64, InventoryError> {
        let mut arguments = vec![paying.cart.to_owned(), paying.attempt.to_string()];
        arguments.extend_from_slice(seats);
        let (word, values) = self.invoke(&scripts::UNPIN, &arguments).await?;
        match word.as_str() {
            "unpinned" => Ok(first(values)?),
            _ => Err(unknown_word(&word)),
        }
    }

    /// Marks seats as sold to `order`, whatever lock they have: PostgreSQL has decided.
    ///
    /// # Errors
    /// Redis; [`InventoryError::Unloaded`].
    pub async fn sell(&self, order: &str, seats: &[String]) -> Result<SaleResult, InventoryError> {
        let (word, values) = self.invoke(&scripts::SELL, &with_owner(order, seats)).await?;
        if word != "sold" {
            return Err(unknown_word(&word));
        }
        let mut values = values.into_iter();
        let newly_sold = next_instant(&mut values)?.0;
        Ok(SaleResult {
            newly_sold,
            contradictions: all(values.collect())?,
        })
    }

    /// Makes the seats of a void order available again, whether they were sold or pinned to it.
    /// Returns how many.
    ///
    /// # Errors
    /// Redis; [`InventoryError::Unloaded`].
    pub async fn free(&self, order: &str, paying: PayingOrder<'_>, seats: &[String]) -> Result<u64, InventoryError> {
        let mut arguments = vec![order.to_owned(), paying.cart.to_owned(), paying.attempt.to_string()];
        arguments.extend_from_slice(seats);
        let (word, values) = self.invoke(&scripts::FREE, &arguments).await?;
        match word.as_str() {
            "freed" => Ok(first(values)?),
            _ => Err(unknown_word(&word)),
        }
    }

    /// Per seat the end of the owner's lock, `None` where it holds none.
    ///
    /// # Errors
    /// Redis; [`InventoryError::Unloaded`].
    pub async fn owned(&self, owner: &str, seats: &[String]) -> Result<Vec<Option<UnixMillis>>, InventoryError> {
        let (word, values) = self.invoke(&scripts::OWNED, &with_owner(owner, seats)).await?;
        if word != "owned" {
            return Err(unknown_word(&word));
        }
        let ends: Vec<u64> = all(values)?;
        Ok(ends
            .into_iter()
            .map(|end| (end > 0).then_some(UnixMillis(end)))
            .collect())
    }

    /// Reads the seats and counters at one instant.
    ///
    /// # Errors
    /// Redis; [`InventoryError::Unloaded`].
    pub async fn read(&self) -> Result<SectionState, InventoryError> {
        let (word, values) = self.invoke(&scripts::READ, &[]).await?;
        if word != "seats" {
            return Err(unknown_word(&word));
        }
        let (as_of, capacity, locked, sold, held, over) = parse(Value::Array(values))?;
        let (held, over): (Vec<(String, String)>, HashSet<String>) = (held, over);
        let letter = |holder: &str| holder.chars().next().unwrap_or('S');
        let held = held.into_iter().filter(|(seat, _)| !over.contains(seat));
        Ok(SectionState {
            as_of: UnixMillis(as_of),
            counts: SeatCounts { capacity, locked, sold },
            held: held.map(|(seat, holder)| (seat, letter(&holder))).collect(),
        })
    }

    /// Reads the counters alone.
    ///
    /// # Errors
    /// Redis; [`InventoryError::Unloaded`].
    pub async fn counts(&self) -> Result<SeatCounts, InventoryError> {
        let (word, values) = self.invoke(&scripts::COUNTS, &[]).await?;
        if word != "counts" {
            return Err(unknown_word(&word));
        }
        let (capacity, locked, sold) = parse(Value::Array(values))?;
        Ok(SeatCounts { capacity, locked, sold })
    }

    /// Removes at most `most` locks that are over. Returns how many.
    ///
    /// # Errors
    /// Redis; [`InventoryError::Unloaded`].
    pub async fn sweep(&self, most: u64) -> Result<u64, InventoryError> {
        let (word, values) = self.invoke(&scripts::SWEEP, &[most.to_string()]).await?;
        match word.as_str() {
            "swept" => Ok(first(values)?),
            _ => Err(unknown_word(&word)),
        }
    }

    /// Runs one script. Returns the first word of its answer, and the rest.
    ///
    /// # Errors
    /// Redis, or the section is not loaded.
    async fn invoke(
        &self,
        script: &'static Script,
        arguments: &[String],
    ) -> Result<(String, Vec<Value>), InventoryError> {
        let answer: Vec<Value> = self
            .redis
            .run(|mut connected| {
                let mut call = script.prepare_invoke();
                self.keys.iter().for_each(|key| {
                    call.key(key);
                });
                call.arg(&*connected.run_id).arg(arguments);
                async move { call.invoke_async(&mut connected.connection).await }
            })
            .await?;
        let mut answer = answer.into_iter();
        let word: String = parse(answer.next().unwrap_or(Value::Nil))?;
        if word == "unloaded" {
            return Err(self.unloaded());
        }
        Ok((word, answer.collect()))
    }
}

fn with_owner(owner: &str, seats: &[String]) -> Vec<String> {
    let mut arguments = Vec::with_capacity(1 + seats.len());
    arguments.push(owner.to_owned());
    arguments.extend_from_slice(seats);
    arguments
}

fn unknown_word(word: &str) -> InventoryError {
    InternalError::new(format_args!("an inventory script answered '{word}'")).into()
}

fn parse<T: FromRedisValue>(value: Value) -> RedisResult<T> {
    Ok(from_redis_value(value)?)
}

fn all<T: FromRedisValue>(values: Vec<Value>) -> RedisResult<Vec<T>> {
    Ok(values.into_iter().map(from_redis_value).collect::<Result<_, _>>()?)
}

fn first<T: FromRedisValue>(values: Vec<Value>) -> RedisResult<T> {
    parse(values.into_iter().next().unwrap_or(Value::Nil))
}

fn next_instant(values: &mut impl Iterator<Item = Value>) -> RedisResult<UnixMillis> {
    Ok(UnixMillis(parse(values.next().unwrap_or(Value::Nil))?))
}
