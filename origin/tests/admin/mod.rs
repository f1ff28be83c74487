//! Changes of an event by admins, at the edge and in the audit log.

mod audit_and_stats;
mod creation;
mod launch;
mod steering;

use crate::harness::TestOrigin;
use reqwest::Method;
use serde_json::Value;

pub(crate) async fn audit(origin: &TestOrigin) -> Vec<Value> {
    origin.admin(Method::GET, "/audit", None).await.ok()["entries"]
        .as_array()
        .unwrap()
        .clone()
}
