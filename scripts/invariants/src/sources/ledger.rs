//! The payment gateway's own books: what was held, charged and given back, order by order.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::SourceError;

/// One payment intent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct LedgerIntent {
    pub(crate) id: String,
    /// Stripe's word.
    pub(crate) status: String,
    pub(crate) currency: String,
    /// Held and not taken, minor units.
    pub(crate) held: i64,
    /// Taken, minor units.
    pub(crate) captured: i64,
    /// Given back of what was taken, minor units.
    pub(crate) refunded: i64,
    pub(crate) metadata: BTreeMap<String, String>,
}

impl LedgerIntent {
    /// The order it is for.
    pub(crate) fn order_id(&self) -> Option<&str> {
        self.metadata.get("order_id").map(String::as_str)
    }

    /// What the fan has lost, minor units.
    pub(crate) fn net(&self) -> i64 {
        self.captured - self.refunded
    }
}

#[derive(Deserialize)]
struct GatewayLedger {
    intents: Vec<LedgerIntent>,
}

/// All intents, oldest first.
///
/// # Errors
/// The gateway cannot be reached, or does not know the key.
pub async fn read(gateway_url: &str, key: &str) -> Result<Vec<LedgerIntent>, SourceError> {
    let request = reqwest::Client::new()
        .get(format!("{gateway_url}/_control/ledger"))
        .bearer_auth(key);
    let answer = request
        .send()
        .await
        .map_err(SourceError::Ledger)?
        .error_for_status()
        .map_err(SourceError::Ledger)?;
    let view: GatewayLedger = answer.json().await.map_err(SourceError::Ledger)?;
    Ok(view.intents)
}
