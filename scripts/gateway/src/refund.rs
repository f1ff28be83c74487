//! A refund. Card refunds succeed at once, as most of Stripe's do.

use crate::identity::Serial;
use crate::intent::Millis;
use crate::metadata::Metadata;
use crate::money::{Currency, Minor};

/// Money given back, owned by the ledger and never changed.
#[derive(Clone, Debug)]
pub struct Refund {
    pub(crate) serial: Serial,
    /// Whose money.
    pub(crate) intent: Serial,
    pub(crate) amount: Minor,
    pub(crate) currency: Currency,
    pub(crate) reason: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) created: Millis,
}
