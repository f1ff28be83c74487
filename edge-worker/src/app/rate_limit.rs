//! How often one queue ticket, one account and one address may ask. Requests are counted in this
//! instance's memory, which costs nothing and needs no store, and a client's requests mostly reach
//! the same instance. Rules that must be exact, such as one place for one person, are not here.

use std::{cell::RefCell, hash::Hash, net::IpAddr};

use http::header;
use stanchion_shared::{
    account_token::AccountClaims,
    ids::{EventId, Tag},
    policy::RateLimitPolicy,
    timestamp::UnixMillis,
};

use super::{cache::lru::Lru, http::refusal::Refusal};

/// Requests of one account that the origin answers, in a minute.
const ORIGIN_REQUESTS_A_MINUTE: u32 = 120;
/// So many of them may come at once.
const ORIGIN_REQUESTS_AT_ONCE: u32 = 30;
const MINUTE_MICROS: u64 = 60_000_000;
/// How many tickets are surely remembered, and how many accounts, and how many addresses.
const REMEMBERED: usize = 16_384;

thread_local! {
    // A tag is a person in one event. No other event has the same tag.
    static POLLS: RefCell<RateLimit<Tag>> = RefCell::new(RateLimit::new());
    static ACCOUNTS: RefCell<RateLimit<Tag>> = RefCell::new(RateLimit::new());
    // By issuer and subject: an account is the same in every event.
    static ORIGIN_REQUESTS: RefCell<RateLimit<(String, String)>> = RefCell::new(RateLimit::new());
    static ADDRESSES: RefCell<RateLimit<(EventId, IpAddr)>> = RefCell::new(RateLimit::new());
}

/// Counts a poll with a person's queue ticket.
///
/// # Errors
/// 429 `too_many_requests`.
pub(crate) fn poll(tag: Tag, policy: RateLimitPolicy, now: UnixMillis) -> Result<(), Refusal> {
    let a_minute = policy.polls_per_ticket_a_minute;
    POLLS.with_borrow_mut(|polls| polls.take(tag, a_minute, a_minute / 6, now))
}

/// Counts a join, or a challenge for one.
///
/// # Errors
/// 429 `too_many_requests`.
pub(crate) fn join(
    event: &EventId,
    tag: Tag,
    address: Option<IpAddr>,
    policy: RateLimitPolicy,
    now: UnixMillis,
) -> Result<(), Refusal> {
    // The account comes first: what one account is refused does not count for its address.
    let a_minute = policy.joins_per_account_a_minute;
    ACCOUNTS.with_borrow_mut(|accounts| accounts.take(tag, a_minute, a_minute, now))?;
    let Some(address) = address else {
        return Ok(());
    };
    let a_minute = policy.joins_per_address_a_minute;
    let key = (event.clone(), network(address));
    ADDRESSES.with_borrow_mut(|addresses| addresses.take(key, a_minute, a_minute, now))
}

/// Counts a request of an account that the origin answers.
///
/// # Errors
/// 429 `too_many_requests`.
pub(crate) fn origin_request(account: &AccountClaims, now: UnixMillis) -> Result<(), Refusal> {
    let key = (account.iss.clone(), account.sub.clone());
    let (a_minute, at_once) = (ORIGIN_REQUESTS_A_MINUTE, ORIGIN_REQUESTS_AT_ONCE);
    ORIGIN_REQUESTS.with_borrow_mut(|requests| requests.take(key, a_minute, at_once, now))
}

/// The network of an address: a client with one IPv6 address has the 2^64 addresses of its network
/// (RFC 6177).
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let prefix = u128::from(address) >> 64 << 64;
            IpAddr::V6(prefix.into())
        }
    }
}

/// The generic cell rate algorithm (ITU-T I.371), which needs one instant per key.
struct RateLimit<K> {
    /// When the next request of a key would be due if all came evenly, in microseconds.
    due: Lru<K, u64>,
}

impl<K: Eq + Hash + Clone> RateLimit<K> {
    fn new() -> RateLimit<K> {
        RateLimit {
            due: Lru::new(REMEMBERED),
        }
    }

    /// Counts a request of `key`: `at_once` may come at once, and `a_minute` each minute.
    fn take(&mut self, key: K, a_minute: u32, at_once: u32, now: UnixMillis) -> Result<(), Refusal> {
        let every = (MINUTE_MICROS / u64::from(a_minute.max(1))).max(1);
        let now = now.0.saturating_mul(1000);
        let due = self.due.find(&key).map_or(now, |due| due.max(now));
        let allowed_before = every * u64::from(at_once.max(1) - 1);
        let too_early = (due - now).saturating_sub(allowed_before);
        if too_early > 0 {
            return Err(too_many(too_early));
        }
        self.due.put(key, due + every);
        Ok(())
    }
}

pub(super) fn too_many(wait_micros: u64) -> Refusal {
    let seconds = wait_micros.div_ceil(1_000_000);
    Refusal::new(
        429,
        "too_many_requests",
        format!("That is too often: wait {seconds} s. Your place does not depend on it."),
    )
    .with(header::RETRY_AFTER, seconds.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_at_once_and_then_one_each_interval() {
        let mut limit = RateLimit::new();
        let mut take = |at| limit.take("a", 600, 3, UnixMillis(at)).is_ok();
        assert_eq!([take(0), take(0), take(0), take(0)], [true, true, true, false]);
        assert_eq!([take(99), take(100), take(100)], [false, true, false]);
        assert_eq!(
            [take(10_000), take(10_000), take(10_000), take(10_000)],
            [true, true, true, false]
        );
    }

    #[test]
    fn one_does_not_count_for_another_and_a_refusal_costs_nothing() {
        let mut limit = RateLimit::new();
        assert!(limit.take("a", 600, 1, UnixMillis(0)).is_ok());
        assert!(limit.take("b", 600, 1, UnixMillis(0)).is_ok());
        (0..50).for_each(|_| assert!(limit.take("a", 600, 1, UnixMillis(1)).is_err()));
        assert!(limit.take("a", 600, 1, UnixMillis(100)).is_ok());
    }

    #[test]
    fn an_account_may_ask_the_origin_so_often_and_another_as_often() {
        let now = UnixMillis(1_000);
        let of = |subject| AccountClaims::new("issuer", subject, 0, 1);
        for subject in ["one", "two"] {
            for _ in 0..ORIGIN_REQUESTS_AT_ONCE {
                assert!(origin_request(&of(subject), now).is_ok());
            }
            assert!(origin_request(&of(subject), now).is_err());
        }
        let later = now.plus(60_000 / u64::from(ORIGIN_REQUESTS_A_MINUTE));
        assert!(origin_request(&of("one"), later).is_ok());
        assert!(origin_request(&of("one"), later).is_err());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
