//! One section's seats in Redis: every operation is one script, one round trip, all or nothing.

use std::{collections::HashSet, sync::Arc};

use redis::{FromRedisValue, RedisResult, Script, Value, from_redis_value};
use stanchion_shared::{identity::EventId, timestamp::UnixMillis};

use super::{connection::Links, scripts};

/// How long a lock lives at least once its checkout has begun: long enough for every retry towards the provider.
pub const CHECKOUT_LOCK_MS: u64 = 300_000;

/// The section's `loaded` mark is missing or belongs to another Redis process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unloaded;

/// What an operation answers: Redis may fail, the section may not be loaded, and only then it answers.
pub type SectionResult<T> = RedisResult<Result<T, Unloaded>>;

/// A seat and the instant its lock is over.
pub type LockEnd = (String, UnixMillis);

/// Answer to a lock request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Lock {
    /// All are the owner's.
    Locked {
        /// When the seats locked by this request are free again.
        ends: UnixMillis,
        /// The ones the owner held before, which keep their ends.
        held_before: Vec<LockEnd>,
    },
    /// These are held or sold; nothing was locked.
    Taken(Vec<String>),
    /// The session is over by Redis's clock; nothing was locked.
    SessionOver,
}

/// Answer to a release.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Release {
    /// So many were the owner's and are available now.
    Released(u64),
    /// These are being paid for; nothing was released.
    BeingPaid(Vec<String>),
}

/// Answer to an extension.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Extend {
    /// All are still the owner's; the first of their ends.
    Extended(UnixMillis),
    /// These are not the owner's any more; nothing was changed.
    Lost(Vec<String>),
}

/// Answer to a sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sale {
    /// How many became sold by this.
    pub newly_sold: u64,
    /// Seats that another order has: PostgreSQL and Redis contradict each other.
    pub contradictions: Vec<String>,
}

/// How many seats are in which state. `available = capacity - locked - sold`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// All seats.
    pub capacity: u64,
    /// In carts.
    pub locked: u64,
    /// Gone.
    pub sold: u64,
}

impl Counts {
    /// Seats that can be locked.
    #[must_use]
    pub fn available(&self) -> u64 {
        self.capacity.saturating_sub(self.locked + self.sold)
    }
}

/// A section at one instant.
#[derive(Clone, Debug)]
pub struct SectionState {
    /// Redis's clock at that instant.
    pub as_of: UnixMillis,
    /// Its counters.
    pub counts: Counts,
    /// Seats that are not available, with the first letter of their holder: `S` is sold, all others are locked.
    pub held: Vec<(String, char)>,
}

/// What to lock, for whom, for how long.
pub struct LockRequest<'a> {
    /// Whose lock it is: the cart's id.
    pub owner: &'a str,
    /// How long the lock lives unless the session ends before.
    pub lock_ms: u64,
    /// The lock ends at the latest here (the shop token's `exp`).
    pub not_after: UnixMillis,
    /// Seats of this section, each once, at least one.
    pub seats: &'a [String],
}

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

    /// Begins a checkout: the locks get at least `at_least_ms` from now, once.
    ///
    /// # Errors
    /// Redis.
    pub async fn extend(&self, owner: &str, at_least_ms: u64, seats: &[String]) -> SectionResult<Extend> {
        let mut arguments = vec![owner.to_owned(), at_least_ms.to_string()];
        arguments.extend_from_slice(seats);
        let (word, values) = self.invoke(&scripts::EXTEND, &arguments).await?;
        Ok(Ok(match word.as_str() {
            "extended" => Extend::Extended(UnixMillis(first(values)?)),
            "lost" => Extend::Lost(all(values)?),
            _ => return Ok(Err(Unloaded)),
        }))
    }

    /// Ends a checkout without a sale: the seats stay in the cart until their locks end.
    ///
    /// # Errors
    /// Redis.
    pub async fn unpin(&self, owner: &str, seats: &[String]) -> SectionResult<u64> {
        let (word, values) = self.invoke(&scripts::UNPIN, &with_owner(owner, seats)).await?;
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

    /// Makes the seats of a void order available again, sold to it or locked for its cart.
    ///
    /// # Errors
    /// Redis.
    pub async fn free(&self, order: &str, owner: &str, seats: &[String]) -> SectionResult<u64> {
        let mut arguments = vec![order.to_owned(), owner.to_owned()];
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
