//! Carts in Redis: a hash per cart, in a slot of its own (a cart may hold seats of several sections).

use std::sync::{Arc, LazyLock};

use redis::{RedisResult, Script, Value, from_redis_value};
use sha2::{Digest, Sha256};
use stanchion_shared::{admission::ShopClaims, timestamp::UnixMillis};
use uuid::Uuid;

use crate::inventory::{
    connection::{Link, Links},
    section::CHECKOUT_LOCK_MS,
};

static ADD: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/add.lua")));
static TAKE_OUT: LazyLock<Script> = LazyLock::new(|| Script::new(include_str!("scripts/take_out.lua")));

/// How long a cart is remembered after its session: a checkout begun in the last second has its extended locks by then.
pub const KEPT_AFTER_SESSION_MS: u64 = 2 * CHECKOUT_LOCK_MS;

/// One seat that a cart lists. Whether it is held, and until when, its section knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CartEntry {
    /// The seat.
    pub seat_id: String,
    /// Its section.
    pub section: String,
    /// As it is in Redis: tells this addition of the seat from any other.
    value: String,
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

    /// Adds seats of one section that were just locked, unless the cart would then list more than `most`.
    ///
    /// # Errors
    /// Redis.
    pub async fn add(&self, most: usize, section: &str, seats: &[String]) -> RedisResult<Added> {
        // One for all attempts of this call: it is one addition, however often it has to be sent.
        let entry = Uuid::new_v4().simple().to_string();
        let answer: Vec<Value> = self
            .links
            .run(|mut link| {
                let mut call = ADD.key(&self.key);
                call.arg(most)
                    .arg(self.kept_until.0)
                    .arg(&entry)
                    .arg(section)
                    .arg(seats);
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
        read(&self.links, &self.id).await
    }
}

/// What is in a cart of which only the id is known: recovery has no session.
///
/// # Errors
/// Redis.
pub async fn read(links: &Links, cart_id: &str) -> RedisResult<Vec<CartEntry>> {
    let read = redis::cmd("HGETALL").arg(key(cart_id)).to_owned();
    let run = |mut link: Link| {
        let read = read.clone();
        async move { read.query_async(&mut link.connection).await }
    };
    links.run(run).await.map(entries)
}

/// Takes out what was seen in a cart before its locks were found to be gone; what is left. What was added again since
/// then stays.
///
/// # Errors
/// Redis.
pub async fn take_out(links: &Links, cart_id: &str, seen: &[CartEntry]) -> RedisResult<Vec<CartEntry>> {
    let key = key(cart_id);
    let run = |mut link: Link| {
        let mut call = TAKE_OUT.key(&key);
        seen.iter().for_each(|entry| {
            call.arg(&entry.seat_id).arg(&entry.value);
        });
        async move { call.invoke_async(&mut link.connection).await }
    };
    links.run(run).await.map(entries)
}

/// Takes seats out that were sold to the cart's order: nobody can lock them again, so no addition of them can be newer.
///
/// # Errors
/// Redis.
pub async fn take_out_sold(links: &Links, cart_id: &str, seats: &[String]) -> RedisResult<()> {
    let command = redis::cmd("HDEL").arg(key(cart_id)).arg(seats).to_owned();
    let run = |mut link: Link| {
        let command = command.clone();
        async move { command.query_async(&mut link.connection).await }
    };
    links.run(run).await
}

fn key(cart_id: &str) -> String {
    format!("stanchion:cart:{{{cart_id}}}")
}

/// By section and seat, so that a cart looks the same each time.
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
