//! What the control API tells of events: their settings as they hold, and which events there are.

use serde::{Deserialize, Serialize, Serializer, ser::Error as _};

use super::PutEvent;
use crate::ids::EventId;

/// `GET /api/v1/control/events/{id}`: the JSON of a [`PutEvent`], with the version that holds. With a
/// larger version it can be put again. Its `policy` is there even where every part has its default.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SettingsAnswer(pub PutEvent);

impl Serialize for SettingsAnswer {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut put = serde_json::to_value(&self.0).map_err(S::Error::custom)?;
        put["policy"] = serde_json::to_value(&self.0.settings.policy).map_err(S::Error::custom)?;
        put.serialize(serializer)
    }
}

/// `GET /api/v1/control/events`: a page of the events that were ever put, in the order of their first
/// puts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EventsAnswer {
    /// Which page, from 0.
    pub page: u32,
    /// The events of the page.
    pub events: Vec<ListedEvent>,
    /// The next page; `None`: no event is on a later one yet.
    pub next_page: Option<u32>,
}

/// An event in [`EventsAnswer`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ListedEvent {
    /// The event.
    pub event_id: EventId,
    /// The protected site that it guards; `None`: it is of Stanchion's own shop, or no site names it.
    pub site: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_back_can_be_put_again() {
        let text = r#"{"version":7,"name":"Show","on_sale_time":"2027-01-15T08:00:00.000Z","shards":64,"draw_window_ms":5000,"turn_ms":600000,"shopping_ms":600000,"challenge_max_number":50000}"#;
        let plain: PutEvent = serde_json::from_str(text).unwrap();
        let mut guarding = plain.clone();
        guarding.settings.policy.gate = serde_json::from_str(
            r#"{"rules": [{"hosts": ["A.example"], "methods": ["POST"], "query": [{"parameter": "a"}]}]}"#,
        )
        .unwrap();
        for put in [plain, guarding] {
            let told = serde_json::to_value(SettingsAnswer(put.clone())).unwrap();
            assert_eq!(told["policy"]["gate"]["mode"], "queue");
            assert_eq!(serde_json::from_value::<PutEvent>(told).unwrap(), put);
        }
    }
}
