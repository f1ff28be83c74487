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

/// A ticket may be asked for this often, in ms: what `poll_after_ms` asks for at the least.
pub(super) const POLL_EVERY_MS: u64 = 1_000;
/// So many polls of a ticket at once are no offence: tabs, reloads, a network that was away.
pub(super) const POLLS_AT_ONCE: u64 = 10;
const MINUTE_MS: u64 = 60_000;
/// Tickets, accounts and addresses that are surely remembered, each.
const REMEMBERED: usize = 16_384;
/// Of a ticket's text, what tells it from others: the end is its signature.
const TICKET_END: usize = 22;

thread_local! {
    static POLLS: RefCell<Pace<[u8; TICKET_END]>> = RefCell::new(Pace::new());
    static ACCOUNTS: RefCell<Pace<(EventId, Tag)>> = RefCell::new(Pace::new());
    static ADDRESSES: RefCell<Pace<(EventId, IpAddr)>> = RefCell::new(Pace::new());
}

/// Takes note of a poll, before anything of the ticket is checked.
///
/// # Errors
/// 429 `too_many_requests`.
pub(super) fn poll(ticket: &str, now: UnixMillis) -> Result<(), Refusal> {
    let Some(end) = ticket.as_bytes().last_chunk() else {
        return Ok(()); // no ticket; it is refused as such
    };
    POLLS.with_borrow_mut(|polls| polls.take(*end, POLL_EVERY_MS, POLLS_AT_ONCE, now))
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
    let per_minute = |most: u32| (MINUTE_MS / u64::from(most).clamp(1, MINUTE_MS), u64::from(most));
    if let Some(address) = address {
        let (every_ms, at_once) = per_minute(policy.joins_per_address_a_minute);
        let key = (event.clone(), network(address));
        ADDRESSES.with_borrow_mut(|addresses| addresses.take(key, every_ms, at_once, now))?;
    }
    let (every_ms, at_once) = per_minute(policy.joins_per_account_a_minute);
    ACCOUNTS.with_borrow_mut(|accounts| accounts.take((event.clone(), tag), every_ms, at_once, now))
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
    /// When the next request would be due if all came evenly.
    due: Recent<K, UnixMillis>,
}

impl<K: Eq + Hash + Clone> Pace<K> {
    fn new() -> Pace<K> {
        Pace {
            due: Recent::new(REMEMBERED),
        }
    }

    fn take(&mut self, key: K, every_ms: u64, at_once: u64, now: UnixMillis) -> Result<(), Refusal> {
        let due = self.due.find(&key).unwrap_or(now).max(now);
        let too_early_ms = due.since(now).saturating_sub(every_ms * (at_once - 1));
        if too_early_ms > 0 {
            return Err(too_many(too_early_ms));
        }
        self.due.put(key, due.plus(every_ms));
        Ok(())
    }
}

fn too_many(wait_ms: u64) -> Refusal {
    let seconds = wait_ms.div_ceil(1000);
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
        let mut take = |at| pace.take("a", 100, 3, UnixMillis(at)).is_ok();
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
        assert!(pace.take("a", 100, 1, UnixMillis(0)).is_ok());
        assert!(pace.take("b", 100, 1, UnixMillis(0)).is_ok());
        (0..50).for_each(|_| assert!(pace.take("a", 100, 1, UnixMillis(1)).is_err()));
        assert!(pace.take("a", 100, 1, UnixMillis(100)).is_ok());
    }

    #[test]
    fn a_network_of_ipv6_is_one_address() {
        let of = |text: &str| network(text.parse().unwrap());
        assert_eq!(of("2001:db8:1:2::1"), of("2001:db8:1:2:ffff::"));
        assert_ne!(of("2001:db8:1:2::1"), of("2001:db8:1:3::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
