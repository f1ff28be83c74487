//! How long requests took, per kind, as histograms: constant memory whatever the number of fans.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use hdrhistogram::Histogram;
use serde::Serialize;

/// What a request is for. Named in the display and in the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Kind {
    /// `POST /accounts`.
    SignUp,
    /// `POST /sessions`.
    SignIn,
    /// `POST /events/{id}/registration` with a code.
    Redeem,
    /// `GET /events/{id}/pass`.
    Pass,
    /// `GET /queue/challenge`.
    Challenge,
    /// `POST /queue/join`.
    Join,
    /// `GET /queue/status`.
    Status,
    /// `POST /queue/leave`.
    Leave,
    /// `GET /events/{id}`.
    Event,
    /// `GET /events/{id}/seats`.
    Seats,
    /// `POST /cart/seats`.
    CartAdd,
    /// `DELETE /cart/seats`.
    CartRemove,
    /// `GET /cart`.
    CartRead,
    /// `POST /checkout`.
    Checkout,
    /// `GET /orders…`.
    Order,
    /// `GET /tickets/{id}/qr.svg`.
    QrCode,
    /// Not a request: from wanting to send until one of the rush's own sockets was free. Large values mean that the
    /// rush, not the on-sale, is the bottleneck.
    OwnQueue,
}

impl Kind {
    /// As shown to people.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::SignUp => "sign up",
            Kind::SignIn => "sign in",
            Kind::Redeem => "redeem",
            Kind::Pass => "fan pass",
            Kind::Challenge => "challenge",
            Kind::Join => "join",
            Kind::Status => "status",
            Kind::Leave => "leave",
            Kind::Event => "event",
            Kind::Seats => "seats",
            Kind::CartAdd => "cart add",
            Kind::CartRemove => "cart remove",
            Kind::CartRead => "cart read",
            Kind::Checkout => "checkout",
            Kind::Order => "order",
            Kind::QrCode => "qr code",
            Kind::OwnQueue => "(own queue)",
        }
    }
}

/// Longest latency that is told apart from longer ones.
const LONGEST: Duration = Duration::from_secs(300);
/// Two digits: a percentile is exact to one percent.
const SIGNIFICANT_DIGITS: u8 = 2;

/// All histograms. Shared by all fans; a sample costs one short lock.
#[derive(Default)]
pub(crate) struct Latencies {
    by_kind: Mutex<BTreeMap<Kind, Histogram<u64>>>,
}

/// What is told of one kind, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) kind: Kind,
    pub(crate) count: u64,
    pub(crate) p50_ms: f64,
    pub(crate) p95_ms: f64,
    pub(crate) p99_ms: f64,
    pub(crate) max_ms: f64,
}

fn empty() -> Histogram<u64> {
    let longest = u64::try_from(LONGEST.as_micros()).expect("300 seconds are few microseconds");
    Histogram::new_with_bounds(1, longest, SIGNIFICANT_DIGITS).expect("constants in range")
}

impl Latencies {
    /// Counts one answer that came.
    pub(crate) fn record(&self, kind: Kind, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let mut by_kind = self.by_kind.lock().expect("no holder panics");
        by_kind.entry(kind).or_insert_with(empty).saturating_record(micros);
    }

    /// As they are now, in the order of a fan's way.
    pub(crate) fn percentiles(&self) -> Vec<Percentiles> {
        let by_kind = self.by_kind.lock().expect("no holder panics");
        let told = |(&kind, histogram): (&Kind, &Histogram<u64>)| {
            let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
            Percentiles {
                kind,
                count: histogram.len(),
                p50_ms: at(0.50),
                p95_ms: at(0.95),
                p99_ms: at(0.99),
                max_ms: histogram.max() as f64 / 1_000.0,
            }
        };
        by_kind.iter().map(told).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_samples() {
        let latencies = Latencies::default();
        (1..=100).for_each(|ms| latencies.record(Kind::Join, Duration::from_millis(ms)));
        latencies.record(Kind::Status, Duration::from_secs(1_000));
        let told = latencies.percentiles();
        assert_eq!((told[0].kind, told[0].count), (Kind::Join, 100));
        for (found, expected) in [(told[0].p50_ms, 50.0), (told[0].p95_ms, 95.0), (told[0].max_ms, 100.0)] {
            assert!((found - expected).abs() <= expected * 0.02, "{found} for {expected}");
        }
        // Beyond the longest it is still counted.
        assert_eq!(told[1].count, 1);
        assert!(told[1].max_ms >= 299_000.0);
    }
}
