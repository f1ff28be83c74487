//! How often one network may do what costs the origin more than the edge: sign in or up, and ask for
//! what no cache has. The counts are shared by all instances, because a client can reach many
//! of them.
//!
//! An instance that knows that a network is over its limit refuses by itself until the minute ends.
//! So a flood costs one message per allowed request and instance, and a poll costs nothing.

use std::{cell::RefCell, pin::pin, time::Duration};

use futures_util::future::{Either, select};
use stanchion_shared::{
    network::{self, Network},
    timestamp::UnixMillis,
};

use super::{cache::lru::Lru, http::refusal::Refusal, rate_limit::too_many};
use crate::platform::{CountKey, CountOneMore, HttpRequest, IntervalCount, Platform, QueueStore, StoreError};

/// The time within which requests are counted, in ms.
const INTERVAL_MS: u64 = 60_000;
/// Sign-ins and sign-ups from one address (in IPv6, one /64) in a minute. Thousands of people may
/// share the address of a carrier; the origin's own limits are per ten minutes.
const SIGN_INS_PER_ADDRESS: u32 = 120;
/// Sign-ins and sign-ups from one /48 in a minute. Its /56 may have half as many.
const SIGN_INS_PER_SITE: u32 = 480;
/// Requests without an account that no cache answers, from one address (in IPv6, one /64) in a
/// minute.
const UNCACHED_PER_ADDRESS: u32 = 240;
/// Requests without an account that no cache answers, from one /48 in a minute. Its /56 may have
/// half as many.
const UNCACHED_PER_SITE: u32 = 960;
/// A count that does not come within this time limits nobody: the origin has limits of its own.
const PATIENCE: Duration = Duration::from_millis(300);
/// Networks that are surely remembered as over their limit.
const REMEMBERED: usize = 4_096;

/// What is paced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Paced {
    /// `POST /api/v1/sessions` and `POST /api/v1/accounts`.
    SignIn,
    /// What no cache answers and no account asks: searches, events, the picture of a barcode.
    Uncached,
}

impl Paced {
    /// The name in keys.
    fn name(self) -> &'static str {
        match self {
            Paced::SignIn => "sign-in",
            Paced::Uncached => "uncached",
        }
    }

    /// The most in a minute, for the networks around an address in their order: the narrowest
    /// first.
    fn most(self) -> [u32; network::IPV6_LENGTHS.len()] {
        let (address, site) = match self {
            Paced::SignIn => (SIGN_INS_PER_ADDRESS, SIGN_INS_PER_SITE),
            Paced::Uncached => (UNCACHED_PER_ADDRESS, UNCACHED_PER_SITE),
        };
        [address, site / 2, site]
    }
}

thread_local! {
    /// Until when a network is over its limit.
    static OVER: RefCell<Lru<CountKey, UnixMillis>> = RefCell::new(Lru::new(REMEMBERED));
}

/// Counts a request. An address that is not public is a proxy's, or nobody's, and is not counted.
///
/// # Errors
/// 429 `too_many_requests`.
pub(crate) async fn count<P: Platform>(platform: &P, request: &HttpRequest, paced: Paced) -> Result<(), Refusal> {
    let networks = platform
        .client_address(request)
        .map(network::around)
        .unwrap_or_default();
    let secret = &platform.config().challenge_key;
    let key = |network: &Network| CountKey(network.name(secret, paced.name()));
    let keys: Vec<CountKey> = networks.iter().map(key).collect();
    let Some(place) = keys.last().copied() else {
        return Ok(());
    };
    let now = platform.now();
    refuse_known(&keys, now)?;
    let message = CountOneMore {
        place,
        keys: keys.clone(),
        interval_ms: INTERVAL_MS,
    };
    match counted(platform, message).await {
        Ok(counts) => judge(&keys, &counts, paced.most(), now),
        Err(error) => {
            platform.warn(&format!("{} is not paced: {error}", paced.name()));
            Ok(())
        }
    }
}

/// Refuses a network that is known to be over its limit.
fn refuse_known(keys: &[CountKey], now: UnixMillis) -> Result<(), Refusal> {
    let until = OVER.with_borrow_mut(|over| keys.iter().filter_map(|key| over.find(key)).max());
    match until.filter(|until| *until > now) {
        Some(until) => Err(refusal(until.since(now))),
        None => Ok(()),
    }
}

/// Refuses a request that a network's count does not allow, and remembers the network.
fn judge(keys: &[CountKey], counts: &[IntervalCount], most: [u32; 3], now: UnixMillis) -> Result<(), Refusal> {
    let over = keys
        .iter()
        .zip(counts)
        .zip(most)
        .filter(|((_, counted), most)| counted.count > *most);
    let mut longest = None;
    for ((key, counted), _) in over {
        OVER.with_borrow_mut(|over| over.put(*key, now.plus(counted.ends_in_ms)));
        longest = longest.max(Some(counted.ends_in_ms));
    }
    longest.map_or(Ok(()), |ends_in_ms| Err(refusal(ends_in_ms)))
}

fn refusal(wait_ms: u64) -> Refusal {
    too_many(wait_ms.max(1).saturating_mul(1_000))
}

async fn counted<P: Platform>(platform: &P, message: CountOneMore) -> Result<Vec<IntervalCount>, StoreError> {
    let store = platform.store();
    match select(pin!(store.count_one_more(message)), pin!(platform.sleep(PATIENCE))).await {
        Either::Left((counts, _)) => counts,
        Either::Right(((), _)) => Err(StoreError("the counts do not come in time".to_owned())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_count_at_the_limit_passes_and_one_above_it_is_refused_until_its_minute_ends() {
        for paced in [Paced::SignIn, Paced::Uncached] {
            for (at, most) in paced.most().into_iter().enumerate() {
                let key =
                    |number: u8| CountKey([number + 16 * at as u8 + 100 * u8::from(paced == Paced::Uncached); 16]);
                let keys = [key(0), key(1), key(2)];
                let counts = |count| {
                    let mut counts = [IntervalCount {
                        count: 1,
                        ends_in_ms: 9_000,
                    }; 3];
                    counts[at].count = count;
                    counts
                };
                let now = UnixMillis(1_000_000);
                assert!(
                    judge(&keys, &counts(most), paced.most(), now).is_ok(),
                    "{paced:?} {most}"
                );
                assert!(refuse_known(&keys, now).is_ok());
                assert!(
                    judge(&keys, &counts(most + 1), paced.most(), now).is_err(),
                    "{paced:?} {most}"
                );
                assert!(refuse_known(&keys, now.plus(8_999)).is_err());
                assert!(refuse_known(&keys, now.plus(9_000)).is_ok(), "the minute is over");
            }
        }
    }

    #[test]
    fn a_wider_network_may_do_more_than_a_narrower_one() {
        for paced in [Paced::SignIn, Paced::Uncached] {
            let [address, household, site] = paced.most();
            assert!(address < household && household < site, "{paced:?}");
        }
    }
}
