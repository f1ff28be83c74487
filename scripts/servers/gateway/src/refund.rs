//! A refund. Card refunds succeed at once, as most of Stripe's do.

use crate::ids::IdSerial;
use crate::intent::Millis;
use crate::metadata::Metadata;
use crate::money::{Amount, Currency};

/// Money given back, owned by the ledger and never changed.
#[derive(Clone, Debug)]
pub struct Refund {
    pub(crate) serial: IdSerial,
    /// The intent whose money is given back.
    pub(crate) intent: IdSerial,
    pub(crate) amount: Amount,
    pub(crate) currency: Currency,
    pub(crate) reason: Option<String>,
    pub(crate) metadata: Metadata,
    pub(crate) created: Millis,
}
