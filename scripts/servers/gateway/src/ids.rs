//! Ids in Stripe's form, `pi_…`, that no two objects share, not even across two runs of the gateway.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

const DIGITS: &[u8; 36] = b"0123456789abcdefghijklmnopqrstuvwxyz";

/// Hands out serials.
#[derive(Debug)]
pub struct Serials {
    run: String,
    next: AtomicU64,
}

impl Serials {
    /// A new run. Its start in nanoseconds keeps its ids apart from those of a gateway that ran before, whose ids the
    /// origin's database may still hold.
    #[must_use]
    pub fn new() -> Self {
        let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        let nanoseconds = u64::try_from(start.as_nanos()).unwrap_or(u64::MAX);
        Self {
            run: base36(nanoseconds, 13),
            next: AtomicU64::new(1),
        }
    }

    /// A serial that is used once only.
    pub fn next(&self) -> IdSerial {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        IdSerial(format!("{}{}", self.run, base36(number, 11)).into())
    }
}

impl Default for Serials {
    fn default() -> Self {
        Self::new()
    }
}

/// The part of an id after its prefix: 24 letters and digits.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct IdSerial(Arc<str>);

impl IdSerial {
    /// The serial of an id with this prefix, whether or not it was ever handed out.
    #[must_use]
    pub fn of(id: &str, prefix: &str) -> Option<Self> {
        id.strip_prefix(prefix)?.strip_prefix('_').map(|rest| Self(rest.into()))
    }

    /// The id with this prefix.
    #[must_use]
    pub fn with(&self, prefix: &str) -> String {
        format!("{prefix}_{self}")
    }
}

impl fmt::Display for IdSerial {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

fn base36(mut number: u64, width: usize) -> String {
    let mut digits = vec![b'0'; width];
    for digit in digits.iter_mut().rev() {
        *digit = DIGITS[(number % 36) as usize];
        number /= 36;
    }
    String::from_utf8(digits).expect("the digits are ASCII")
}
