//! Carts in Redis: one hash per cart. It has a hash slot of its own, because a cart may list seats
//! of several sections.

use std::sync::{Arc, LazyLock};

use redis::{RedisResult, Script, Value, from_redis_value};
use sha2::{Digest, Sha256};
use stanchion_shared::{ids::EventId, shop_token::ShopClaims, timestamp::UnixMillis};
use uuid::Uuid;

use crate::{
    inventory::lock_times::CHECKOUT_LOCK_MS,
    redis_connections::{IdentifiedConnection, RedisPool},
};

static ADD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/add.lua")));
static TAKE_OUT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/take_out.lua")));

/// How long a cart is stored after its session: the extended locks of a checkout that began in the
/// last second live so long.
pub const KEPT_AFTER_SESSION_MS: u64 = 2 * CHECKOUT_LOCK_MS;

/// One seat that a cart lists. Its section knows whether and until when it is held.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartEntry {
    /// The seat.
    pub seat_id: String,
    /// Its section.
    pub section: String,
    /// The value in Redis, which tells this addition of the seat from any other.
    value: String,
}

/// The result of an addition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Added {
    /// The whole cart.
    Cart(Vec<CartEntry>),
    /// The cart would list too many seats; nothing was changed.
    Full,
}

/// One cart. Its id is also the owner of its locks.
#[derive(Clone)]
pub struct Cart {
    redis: Arc<RedisPool>,
    key: String,
    /// See [`cart_id`].
    pub id: String,
    kept_until: UnixMillis,
}

/// The id of a session's cart: 32 hex digits. The session's own id stays out of answers and Redis.
#[must_use]
pub fn cart_id(claims: &ShopClaims) -> String {
    cart_id_of(&claims.event, &claims.jti)
}

/// As [`cart_id`], of the session with this name.
pub(super) fn cart_id_of(event: &EventId, session: &str) -> String {
    let digest = Sha256::digest(format!("stanchion/cart/v1\0{event}\0{session}"));
    hex::encode(&digest[..16])
}

impl Cart {
    /// The cart of `claims`' session.
    #[must_use]
    pub fn of(redis: &Arc<RedisPool>, claims: &ShopClaims) -> Cart {
        let session_ends = UnixMillis(claims.exp.saturating_mul(1000)).min(UnixMillis::MAX);
        let id = cart_id(claims);
        let kept_until = session_ends.plus(KEPT_AFTER_SESSION_MS);
        Cart {
            redis: redis.clone(),
            key: key(&id),
            id,
            kept_until,
        }
    }

    /// Adds seats of one section that were just locked, unless the cart would then list more than
    /// `most`.
    ///
    /// # Errors
    /// Redis.
    pub async fn add(&self, most: usize, section: &str, seats: &[String]) -> RedisResult<Added> {
        // One value for all attempts of this call: it is one addition, however often it is sent.
        let entry = Uuid::new_v4().simple().to_string();
        let answer: Vec<Value> = self
            .redis
            .run(|mut connected| {
                let mut call = ADD.key(&self.key);
                call.arg(most)
                    .arg(self.kept_until.0)
                    .arg(&entry)
                    .arg(section)
                    .arg(seats);
                async move { call.invoke_async(&mut connected.connection).await }
            })
            .await?;
        let mut answer = answer.into_iter();
        let word: String = from_redis_value(answer.next().unwrap_or(Value::Nil))?;
        match word.as_str() {
            "added" => Ok(Added::Cart(entries(from_redis_value(Value::Array(answer.collect()))?))),
            _ => Ok(Added::Full),
        }
    }

    /// Reads the entries, also those with expired locks.
    ///
    /// # Errors
    /// Redis.
    pub async fn read(&self) -> RedisResult<Vec<CartEntry>> {
        read(&self.redis, &self.id).await
    }
}

/// Reads the entries of a cart by its id: recovery has no session.
///
/// # Errors
/// Redis.
pub async fn read(redis: &RedisPool, cart_id: &str) -> RedisResult<Vec<CartEntry>> {
    let read = redis::cmd("HGETALL").arg(key(cart_id)).to_owned();
    let run = |mut connected: IdentifiedConnection| {
        let read = read.clone();
        async move { read.query_async(&mut connected.connection).await }
    };
    redis.run(run).await.map(entries)
}

/// Takes out entries that were read from a cart before their locks were found to be gone. An entry
/// that was added again since then stays. Returns the entries that are left.
///
/// # Errors
/// Redis.
pub async fn take_out(redis: &RedisPool, cart_id: &str, seen: &[CartEntry]) -> RedisResult<Vec<CartEntry>> {
    let key = key(cart_id);
    let run = |mut connected: IdentifiedConnection| {
        let mut call = TAKE_OUT.key(&key);
        seen.iter().for_each(|entry| {
            call.arg(&entry.seat_id).arg(&entry.value);
        });
        async move { call.invoke_async(&mut connected.connection).await }
    };
    redis.run(run).await.map(entries)
}

/// Takes out seats that were sold to the cart's order. They cannot be locked again, so no addition
/// of them can be newer.
///
/// # Errors
/// Redis.
pub async fn take_out_sold(redis: &RedisPool, cart_id: &str, seats: &[String]) -> RedisResult<()> {
    let command = redis::cmd("HDEL").arg(key(cart_id)).arg(seats).to_owned();
    let run = |mut connected: IdentifiedConnection| {
        let command = command.clone();
        async move { command.query_async(&mut connected.connection).await }
    };
    redis.run(run).await
}

fn key(cart_id: &str) -> String {
    format!("stanchion:cart:{{{cart_id}}}")
}

/// Sorted by section and seat, so that a cart looks the same each time.
fn entries(fields: Vec<(String, String)>) -> Vec<CartEntry> {
    let entry = |(seat_id, value): (String, String)| {
        let (_, section) = value.split_once('|')?;
        Some(CartEntry {
            seat_id,
            section: section.to_owned(),
            value,
        })
    };
    let mut entries: Vec<CartEntry> = fields.into_iter().filter_map(entry).collect();
    entries.sort_by(|a, b| (&a.section, &a.seat_id).cmp(&(&b.section, &b.seat_id)));
    entries
}
