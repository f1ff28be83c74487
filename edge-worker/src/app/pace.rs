//! How often one ticket, one account, one address may ask. Counted in this instance's memory: it costs nothing and needs no
//! store, and a client's requests mostly meet the same instance. What has to be exact (one person, one place) is not here.

use std::{cell::RefCell, hash::Hash, net::IpAddr};

use http::header;
use stanchion_shared::{
    identity::{EventId, Tag},
    policy::LimitPolicy,
    timestamp::UnixMillis,
};

use super::{answer::Refusal, recent::Recent};

const MINUTE_MICROS: u64 = 60_000_000;
/// Tickets, accounts and addresses that are surely remembered, each.
const REMEMBERED: usize = 16_384;

thread_local! {
    // A tag is a person in one event, and no other event's tag is the same.
    static POLLS: RefCell<Pace<Tag>> = RefCell::new(Pace::new());
    static ACCOUNTS: RefCell<Pace<Tag>> = RefCell::new(Pace::new());
    static ADDRESSES: RefCell<Pace<(EventId, IpAddr)>> = RefCell::new(Pace::new());
}

/// Takes note of a poll by a person's ticket.
///
/// # Errors
/// 429 `too_many_requests`.
pub(super) fn poll(tag: Tag, policy: LimitPolicy, now: UnixMillis) -> Result<(), Refusal> {
    let a_minute = policy.polls_per_ticket_a_minute;
    POLLS.with_borrow_mut(|polls| polls.take(tag, a_minute, a_minute / 6, now))
}

/// Takes note of a join, or of a challenge for one.
///
/// # Errors
/// 429 `too_many_requests`.
pub(super) fn join(
    event: &EventId,
    tag: Tag,
    address: Option<IpAddr>,
    policy: LimitPolicy,
    now: UnixMillis,
) -> Result<(), Refusal> {
    // The account's first: what one account is refused costs its neighbours nothing.
    let a_minute = policy.joins_per_account_a_minute;
    ACCOUNTS.with_borrow_mut(|accounts| accounts.take(tag, a_minute, a_minute, now))?;
    let Some(address) = address else {
        return Ok(());
    };
    let a_minute = policy.joins_per_address_a_minute;
    let key = (event.clone(), network(address));
    ADDRESSES.with_borrow_mut(|addresses| addresses.take(key, a_minute, a_minute, now))
}

/// Whoever has an IPv6 address has the 2^64 of its network, too (RFC 6177).
fn network(address: IpAddr) -> IpAddr {
    match address {
        IpAddr::V4(_) => address,
        IpAddr::V6(address) => {
            let prefix = u128::from(address) >> 64 << 64;
            IpAddr::V6(prefix.into())
        }
    }
}

/// The generic cell rate algorithm (ITU-T I.371): one instant per key says all.
struct Pace<K> {
    /// When the next request would be due if all came evenly, in microseconds.
    due: Recent<K, u64>,
}

impl<K: Eq + Hash + Clone> Pace<K> {
    fn new() -> Pace<K> {
        Pace {
            due: Recent::new(REMEMBERED),
        }
    }

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

fn too_many(wait_micros: u64) -> Refusal {
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
        let mut pace = Pace::new();
        let mut take = |at| pace.take("a", 600, 3, UnixMillis(at)).is_ok();
        assert_eq!([take(0), take(0), take(0), take(0)], [true, true, true, false]);
        assert_eq!([take(99), take(100), take(100)], [false, true, false]);
        assert_eq!(
            [take(10_000), take(10_000), take(10_000), take(10_000)],
            [true, true, true, false]
        );
    }

    #[test]
    fn one_does_not_count_for_another_and_a_refusal_costs_nothing() {
        let mut pace = Pace::new();
        assert!(pace.take("a", 600, 1, UnixMillis(0)).is_ok());
        assert!(pace.take("b", 600, 1, UnixMillis(0)).is_ok());
        (0..50).for_each(|_| assert!(pace.take("a", 600, 1, UnixMillis(1)).is_err()));
        assert!(pace.take("a", 600, 1, UnixMillis(100)).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
