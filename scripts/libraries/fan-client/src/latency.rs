//! How long requests took, per kind, as histograms, which need the same memory for any number of fans.

use std::{collections::BTreeMap, sync::Mutex, time::Duration};

use hdrhistogram::Histogram;
use serde::Serialize;

/// What a request is for. Named in the display and in the report.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum RequestKind {
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
    /// Not a request: from wanting to send until one of this process's own sockets was free. Large values mean that the
    /// load test is the bottleneck, and not the on-sale.
    OwnQueue,
}

impl RequestKind {
    /// As shown to people.
    pub fn name(self) -> &'static str {
        match self {
            RequestKind::SignUp => "sign up",
            RequestKind::SignIn => "sign in",
            RequestKind::Redeem => "redeem",
            RequestKind::Pass => "fan pass",
            RequestKind::Challenge => "challenge",
            RequestKind::Join => "join",
            RequestKind::Status => "status",
            RequestKind::Leave => "leave",
            RequestKind::Event => "event",
            RequestKind::Seats => "seats",
            RequestKind::CartAdd => "cart add",
            RequestKind::CartRemove => "cart remove",
            RequestKind::CartRead => "cart read",
            RequestKind::Checkout => "checkout",
            RequestKind::Order => "order",
            RequestKind::QrCode => "qr code",
            RequestKind::OwnQueue => "(own queue)",
        }
    }
}

/// Longest latency that is distinguished from longer ones.
const LONGEST: Duration = Duration::from_secs(300);
/// Two digits: a percentile is exact to one percent.
const SIGNIFICANT_DIGITS: u8 = 2;

/// All histograms. Shared by all fans; a sample costs one short lock.
#[derive(Default)]
pub struct Latencies {
    by_kind: Mutex<BTreeMap<RequestKind, Histogram<u64>>>,
}

/// The latencies of one kind of request, in milliseconds.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LatencyPercentiles {
    /// Of these requests.
    pub kind: RequestKind,
    /// Answers that came.
    pub count: u64,
    /// Half of them took at most this.
    pub p50_ms: f64,
    /// 95 of a hundred took at most this.
    pub p95_ms: f64,
    /// 99 of a hundred took at most this.
    pub p99_ms: f64,
    /// The slowest took this.
    pub max_ms: f64,
}

fn empty() -> Histogram<u64> {
    let longest = u64::try_from(LONGEST.as_micros()).expect("300 seconds are few microseconds");
    Histogram::new_with_bounds(1, longest, SIGNIFICANT_DIGITS).expect("constants in range")
}

impl Latencies {
    /// Counts one answer that came.
    pub fn record(&self, kind: RequestKind, took: Duration) {
        let micros = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        let mut by_kind = self.by_kind.lock().expect("no holder panics");
        by_kind.entry(kind).or_insert_with(empty).saturating_record(micros);
    }

    /// As they are now, in the order of a fan's way.
    pub fn percentiles(&self) -> Vec<LatencyPercentiles> {
        let by_kind = self.by_kind.lock().expect("no holder panics");
        let told = |(&kind, histogram): (&RequestKind, &Histogram<u64>)| {
            let at = |quantile| histogram.value_at_quantile(quantile) as f64 / 1_000.0;
            LatencyPercentiles {
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
        (1..=100).for_each(|ms| latencies.record(RequestKind::Join, Duration::from_millis(ms)));
        latencies.record(RequestKind::Status, Duration::from_secs(1_000));
        let told = latencies.percentiles();
        assert_eq!((told[0].kind, told[0].count), (RequestKind::Join, 100));
        for (found, expected) in [(told[0].p50_ms, 50.0), (told[0].p95_ms, 95.0), (told[0].max_ms, 100.0)] {
            assert!((found - expected).abs() <= expected * 0.02, "{found} for {expected}");
        }
        // Beyond the longest it is still counted.
        assert_eq!(told[1].count, 1);
        assert!(told[1].max_ms >= 299_000.0);
    }
}
