//! What admins do to an event, and what the edge and the audit log hear of it.

#[path = "../stage/mod.rs"]
mod stage;

mod creation;
mod launch;
mod steering;
mod watching;

use reqwest::Method;
use serde_json::Value;
use stage::Stage;

pub(crate) async fn audit(stage: &Stage) -> Vec<Value> {
    stage.admin(Method::GET, "/audit", None).await.ok()["entries"]
        .as_array()
        .unwrap()
        .clone()
}
