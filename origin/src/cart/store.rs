//! Carts in Redis: a hash per cart, in a slot of its own (a cart may hold seats of several sections).

use std::sync::{Arc, LazyLock};

use redis::{RedisResult, Script, Value, from_redis_value};
use sha2::{Digest, Sha256};
use stanchion_shared::{admission::ShopClaims, timestamp::UnixMillis};

use crate::inventory::{
    connection::{Link, Links},
    section::CHECKOUT_LOCK_MS,
};

static ADD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/add.lua")));

/// How long a cart is remembered after its session: a checkout begun in the last second has its extended locks by then.
pub const KEPT_AFTER_SESSION_MS: u64 = 2 * CHECKOUT_LOCK_MS;

/// One seat in a cart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartEntry {
    /// The seat.
    pub seat_id: String,
    /// Its section.
    pub section: String,
    /// When its lock is over.
    pub ends: UnixMillis,
}

/// Answer to an addition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// The whole cart.
    Cart(Vec<CartEntry>),
    /// It would hold more than it may; nothing was changed.
    Full,
}

/// One cart. Its id is also the owner of its locks.
#[derive(Clone)]
pub struct Cart {
    links: Arc<Links>,
    key: String,
    /// See [`cart_id`].
    pub id: String,
    kept_until: UnixMillis,
}

/// The cart of a session: 32 hex digits. The session's own name stays out of answers and Redis.
#[must_use]
pub fn cart_id(claims: &ShopClaims) -> String {
    let digest = Sha256::digest(format!("stanchion/cart/v1\0{}\0{}", claims.event, claims.jti));
    hex::encode(&digest[..16])
}

impl Cart {
    /// The cart of `claims`' session.
    #[must_use]
    pub fn of(links: &Arc<Links>, claims: &ShopClaims) -> Cart {
        let session_ends = UnixMillis(claims.exp.saturating_mul(1000)).min(UnixMillis::MAX);
        let id = cart_id(claims);
        let kept_until = session_ends.plus(KEPT_AFTER_SESSION_MS);
        Cart {
            links: links.clone(),
            key: key(&id),
            id,
            kept_until,
        }
    }

    /// Adds seats of one section that were just locked, unless the cart would then hold more than `most`.
    ///
    /// # Errors
    /// Redis.
    pub async fn add(&self, most: usize, section: &str, seats: &[(String, UnixMillis)]) -> RedisResult<Added> {
        let answer: Vec<Value> = self
            .links
            .run(|mut link| {
                let mut call = ADD.key(&self.key);
                call.arg(most).arg(self.kept_until.0).arg(section);
                seats.iter().for_each(|(seat, ends)| {
                    call.arg(seat).arg(ends.0);
                });
                async move { call.invoke_async(&mut link.connection).await }
            })
            .await?;
        let mut answer = answer.into_iter();
        let word: String = from_redis_value(answer.next().unwrap_or(Value::Nil))?;
        match word.as_str() {
            "added" => Ok(Added::Cart(entries(from_redis_value(Value::Array(answer.collect()))?))),
            _ => Ok(Added::Full),
        }
    }

    /// What is in it, also seats whose locks are over by now.
    ///
    /// # Errors
    /// Redis.
    pub async fn read(&self) -> RedisResult<Vec<CartEntry>> {
        let read = redis::cmd("HGETALL").arg(&self.key).to_owned();
        let run = |mut link: Link| {
            let read = read.clone();
            async move { read.query_async(&mut link.connection).await }
        };
        self.links.run(run).await.map(entries)
    }

    /// Takes seats out; what is left.
    ///
    /// # Errors
    /// Redis.
    pub async fn remove(&self, seats: &[String]) -> RedisResult<Vec<CartEntry>> {
        remove(&self.links, &self.id, seats).await
    }
}

/// Takes seats out of a cart of which only the id is known (recovery has no session); what is left.
///
/// # Errors
/// Redis.
pub async fn remove(links: &Links, cart_id: &str, seats: &[String]) -> RedisResult<Vec<CartEntry>> {
    let key = key(cart_id);
    let mut pipeline = redis::pipe();
    if !seats.is_empty() {
        pipeline.hdel(&key, seats).ignore();
    }
    pipeline.hgetall(&key);
    let run = |mut link: Link| {
        let pipeline = pipeline.clone();
        async move { pipeline.query_async(&mut link.connection).await }
    };
    let (left,): (Vec<(String, String)>,) = links.run(run).await?;
    Ok(entries(left))
}

fn key(cart_id: &str) -> String {
    format!("stanchion:cart:{{{cart_id}}}")
}

/// By section and seat, so that a cart looks the same each time.
fn entries(fields: Vec<(String, String)>) -> Vec<CartEntry> {
    let entry = |(seat_id, value): (String, String)| {
        let (ends, section) = value.split_once('|')?;
        Some(CartEntry {
            seat_id,
            section: section.to_owned(),
            ends: UnixMillis(ends.parse().ok()?),
        })
    };
    let mut entries: Vec<CartEntry> = fields.into_iter().filter_map(entry).collect();
    entries.sort_by(|a, b| (&a.section, &a.seat_id).cmp(&(&b.section, &b.seat_id)));
    entries
}
