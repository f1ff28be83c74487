//! The payment gateway's own books: what was held, charged and given back, order by order.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::SourceError;

/// One payment intent.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Intent {
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

impl Intent {
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
struct LedgerView {
    intents: Vec<Intent>,
}

/// All intents, oldest first.
pub(crate) async fn read(gateway_url: &str, key: &str) -> Result<Vec<Intent>, SourceError> {
    let what = "the gateway's ledger";
    let failed = |error| SourceError::Http { what, error };
    let request = reqwest::Client::new()
        .get(format!("{gateway_url}/_control/ledger"))
        .bearer_auth(key);
    let answer = request
        .send()
        .await
        .map_err(failed)?
        .error_for_status()
        .map_err(failed)?;
    let view: LedgerView = answer.json().await.map_err(failed)?;
    Ok(view.intents)
}
