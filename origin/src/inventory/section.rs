//! One section's seats in Redis: every operation is one script, one round trip, all or nothing.

use std::{collections::HashSet, sync::Arc};

use redis::{FromRedisValue, RedisResult, Script, Value, from_redis_value};
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};

pub use super::words::{
    Counts, Extend, Lock, LockEnd, LockRequest, Paying, Release, Sale, SectionResult, SectionState, Unloaded,
};
use super::{connection::Links, scripts};

/// How long a lock lives at least once its checkout has begun: long enough for every retry towards the provider.
pub const CHECKOUT_LOCK_MS: u64 = 300_000;

/// The keys of one section; they share a hash slot.
#[derive(Clone)]
pub struct Section {
    links: Arc<Links>,
    keys: [String; 3],
}

impl Section {
    pub(super) fn new(links: Arc<Links>, event: &EventId, section: &str) -> Section {
        let key = |what| format!("stanchion:{{{event}:{section}}}:{what}");
        Section {
            links,
            keys: [key("meta"), key("held"), key("due")],
        }
    }

    /// Builds the section; true unless it was loaded already.
    ///
    /// # Errors
    /// Redis.
    pub async fn load(&self, capacity: u64, sold: &[(String, String)]) -> RedisResult<bool> {
        let mut arguments = vec![capacity.to_string()];
        arguments.extend(sold.iter().flat_map(|(seat, order)| [seat.clone(), order.clone()]));
        let (word, _) = self.invoke(&scripts::LOAD, &arguments).await?;
        Ok(word == "loaded")
    }

    /// Locks all of the seats or none.
    ///
    /// # Errors
    /// Redis.
    pub async fn lock(&self, request: &LockRequest<'_>) -> SectionResult<Lock> {
        let mut arguments = vec![
            request.owner.to_owned(),
            request.lock_ms.to_string(),
            request.not_after.0.to_string(),
        ];
        arguments.extend_from_slice(request.seats);
        let (word, values) = self.invoke(&scripts::LOCK, &arguments).await?;
        Ok(Ok(match word.as_str() {
            "locked" => {
                let mut values = values.into_iter();
                let ends = next_instant(&mut values)?;
                let mut held_before = Vec::new();
                while let Some(seat) = values.next() {
                    held_before.push((from_redis_value(seat)?, next_instant(&mut values)?));
                }
                Lock::Locked { ends, held_before }
            }
            "taken" => Lock::Taken(all(values)?),
            "over" => Lock::SessionOver,
            _ => return Ok(Err(Unloaded)),
        }))
    }

    /// Gives the owner's seats back, unless one is being paid for.
    ///
    /// # Errors
    /// Redis.
    pub async fn release(&self, owner: &str, seats: &[String]) -> SectionResult<Release> {
        let (word, values) = self.invoke(&scripts::RELEASE, &with_owner(owner, seats)).await?;
        Ok(Ok(match word.as_str() {
            "released" => Release::Released(first(values)?),
            "paying" => Release::BeingPaid(all(values)?),
            _ => return Ok(Err(Unloaded)),
        }))
    }

    /// Begins a checkout: the seats are pinned to it, and their locks get at least `at_least_ms` from now, once.
    ///
    /// # Errors
    /// Redis.
    pub async fn extend(&self, paying: Paying<'_>, at_least_ms: u64, seats: &[String]) -> SectionResult<Extend> {
        let mut arguments = vec![
            paying.cart.to_owned(),
            paying.attempt.to_string(),
            at_least_ms.to_string(),
        ];
        arguments.extend_from_slice(seats);
        let (word, values) = self.invoke(&scripts::EXTEND, &arguments).await?;
        Ok(Ok(match word.as_str() {
            "extended" => Extend::Extended(UnixMillis(first(values)?)),
            "lost" => Extend::Lost(all(values)?),
            "overtaken" => Extend::Overtaken,
            _ => return Ok(Err(Unloaded)),
        }))
    }

    /// Ends a checkout without a sale: the seats stay in the cart until their locks end. How many were pinned to it.
    ///
    /// # Errors
    /// Redis.
    pub async fn unpin(&self, paying: Paying<'_>, seats: &[String]) -> SectionResult<u64> {
        let mut arguments = vec![paying.cart.to_owned(), paying.attempt.to_string()];
        arguments.extend_from_slice(seats);
        let (word, values) = self.invoke(&scripts::UNPIN, &arguments).await?;
        if word == "unpinned" {
            Ok(Ok(first(values)?))
        } else {
            Ok(Err(Unloaded))
        }
    }

    /// Marks seats as sold to `order`, whoever holds them: PostgreSQL has judged.
    ///
    /// # Errors
    /// Redis.
    pub async fn sell(&self, order: &str, seats: &[String]) -> SectionResult<Sale> {
        let (word, values) = self.invoke(&scripts::SELL, &with_owner(order, seats)).await?;
        if word != "sold" {
            return Ok(Err(Unloaded));
        }
        let mut values = values.into_iter();
        let newly_sold = next_instant(&mut values)?.0;
        Ok(Ok(Sale {
            newly_sold,
            contradictions: all(values.collect())?,
        }))
    }

    /// Makes the seats of a void order available again, sold to it or pinned to it.
    ///
    /// # Errors
    /// Redis.
    pub async fn free(&self, order: &str, paying: Paying<'_>, seats: &[String]) -> SectionResult<u64> {
        let mut arguments = vec![order.to_owned(), paying.cart.to_owned(), paying.attempt.to_string()];
        arguments.extend_from_slice(seats);
        let (word, values) = self.invoke(&scripts::FREE, &arguments).await?;
        if word == "freed" {
            Ok(Ok(first(values)?))
        } else {
            Ok(Err(Unloaded))
        }
    }

    /// Per seat the end of the owner's lock, `None` where it holds none.
    ///
    /// # Errors
    /// Redis.
    pub async fn owned(&self, owner: &str, seats: &[String]) -> SectionResult<Vec<Option<UnixMillis>>> {
        let (word, values) = self.invoke(&scripts::OWNED, &with_owner(owner, seats)).await?;
        if word != "owned" {
            return Ok(Err(Unloaded));
        }
        let ends: Vec<u64> = all(values)?;
        Ok(Ok(ends
            .into_iter()
            .map(|end| (end > 0).then_some(UnixMillis(end)))
            .collect()))
    }

    /// Everything at one instant.
    ///
    /// # Errors
    /// Redis.
    pub async fn read(&self) -> SectionResult<SectionState> {
        let (word, values) = self.invoke(&scripts::READ, &[]).await?;
        if word != "seats" {
            return Ok(Err(Unloaded));
        }
        let (as_of, capacity, locked, sold, held, over) = from_redis_value(Value::Array(values))?;
        let (held, over): (Vec<(String, String)>, HashSet<String>) = (held, over);
        let letter = |holder: &str| holder.chars().next().unwrap_or('S');
        let held = held.into_iter().filter(|(seat, _)| !over.contains(seat));
        Ok(Ok(SectionState {
            as_of: UnixMillis(as_of),
            counts: Counts { capacity, locked, sold },
            held: held.map(|(seat, holder)| (seat, letter(&holder))).collect(),
        }))
    }

    /// The counters alone.
    ///
    /// # Errors
    /// Redis.
    pub async fn counts(&self) -> SectionResult<Counts> {
        let (word, values) = self.invoke(&scripts::COUNTS, &[]).await?;
        if word != "counts" {
            return Ok(Err(Unloaded));
        }
        let (capacity, locked, sold) = from_redis_value(Value::Array(values))?;
        Ok(Ok(Counts { capacity, locked, sold }))
    }

    /// Removes at most `most` locks that are over; how many it were.
    ///
    /// # Errors
    /// Redis.
    pub async fn sweep(&self, most: u64) -> SectionResult<u64> {
        let (word, values) = self.invoke(&scripts::SWEEP, &[most.to_string()]).await?;
        if word == "swept" {
            Ok(Ok(first(values)?))
        } else {
            Ok(Err(Unloaded))
        }
    }

    /// Runs one script; its answer's first word and the rest.
    async fn invoke(&self, script: &'static Script, arguments: &[String]) -> RedisResult<(String, Vec<Value>)> {
        let answer: Vec<Value> = self
            .links
            .run(|mut link| {
                let mut call = script.prepare_invoke();
                self.keys.iter().for_each(|key| {
                    call.key(key);
                });
                call.arg(&*link.run_id).arg(arguments);
                async move { call.invoke_async(&mut link.connection).await }
            })
            .await?;
        let mut answer = answer.into_iter();
        let word = from_redis_value(answer.next().unwrap_or(Value::Nil))?;
        Ok((word, answer.collect()))
    }
}

fn with_owner(owner: &str, seats: &[String]) -> Vec<String> {
    let mut arguments = Vec::with_capacity(1 + seats.len());
    arguments.push(owner.to_owned());
    arguments.extend_from_slice(seats);
    arguments
}

fn all<T: FromRedisValue>(values: Vec<Value>) -> RedisResult<Vec<T>> {
    Ok(values.into_iter().map(from_redis_value).collect::<Result<_, _>>()?)
}

fn first<T: FromRedisValue>(values: Vec<Value>) -> RedisResult<T> {
    Ok(from_redis_value(values.into_iter().next().unwrap_or(Value::Nil))?)
}

fn next_instant(values: &mut impl Iterator<Item = Value>) -> RedisResult<UnixMillis> {
    Ok(UnixMillis(from_redis_value(values.next().unwrap_or(Value::Nil))?))
}
