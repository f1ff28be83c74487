//! Between origin and edge: puts of event settings and releases, and the statistics.

use serde::{Deserialize, Serialize};

use super::is_zero;
use crate::{
    event_settings::EventSettings,
    ids::{EventId, ShardCount},
    meter::SiteMeterReport,
    policy::QueuePolicy,
    schedule::Rate,
    score::counts::ScoreCounts,
    sessions::{NewestEnded, SessionTotals},
    snapshot::MissingShard,
    timestamp::UnixMillis,
};

/// `PUT /api/v1/control/events/{id}`: the version, and beside it in the same JSON object the
/// [`EventSettings`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "PutEventFields", into = "PutEventFields")]
pub struct PutEvent {
    /// From PostgreSQL. It grows with every put of either kind; a version that is not larger than
    /// the last one accepted gets 409.
    pub version: u64,
    /// What the edge must know of the event.
    pub settings: EventSettings,
}

/// The JSON of [`PutEvent`]: one flat object. `serde(flatten)` cannot refuse unknown fields, so the
/// fields are listed.
#[derive(Serialize, Deserialize)]
#[serde(rename = "PutEvent", deny_unknown_fields)]
struct PutEventFields {
    version: u64,
    name: String,
    on_sale_time: UnixMillis,
    shards: ShardCount,
    draw_window_ms: u64,
    turn_ms: u64,
    shopping_ms: u64,
    challenge_max_number: u64,
    #[serde(default, skip_serializing_if = "QueuePolicy::is_default")]
    policy: QueuePolicy,
}

impl From<PutEventFields> for PutEvent {
    fn from(fields: PutEventFields) -> PutEvent {
        PutEvent {
            version: fields.version,
            settings: EventSettings {
                name: fields.name,
                on_sale_time: fields.on_sale_time,
                shards: fields.shards,
                draw_window_ms: fields.draw_window_ms,
                turn_ms: fields.turn_ms,
                shopping_ms: fields.shopping_ms,
                challenge_max_number: fields.challenge_max_number,
                policy: fields.policy,
            },
        }
    }
}

impl From<PutEvent> for PutEventFields {
    fn from(put: PutEvent) -> PutEventFields {
        let settings = put.settings;
        PutEventFields {
            version: put.version,
            name: settings.name,
            on_sale_time: settings.on_sale_time,
            shards: settings.shards,
            draw_window_ms: settings.draw_window_ms,
            turn_ms: settings.turn_ms,
            shopping_ms: settings.shopping_ms,
            challenge_max_number: settings.challenge_max_number,
            policy: settings.policy,
        }
    }
}

/// `PUT /api/v1/control/events/{id}/release`: the release that the origin puts once a second. It
/// contains durations only, because the edge stamps instants.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PutRelease {
    /// The version, as in [`PutEvent`].
    pub version: u64,
    /// Places per second, from 2 s after the edge accepted this.
    pub rate_per_second: Rate,
    /// Admission stops this long after the edge accepted this, unless the lease is renewed. See
    /// [`LEASE_MS`](crate::schedule::LEASE_MS).
    pub lease_ms: u64,
    /// Whether an admin paused admission. The rate is then 0.
    pub paused: bool,
    /// Whether no seat is available and none is held.
    pub sold_out: bool,
    /// Most shopping sessions at once, where the gate's mode is `when_busy`
    /// ([`crate::policy::gate::GateMode::WhenBusy`]). `None`: nobody comes in without a turn.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub at_once: Option<u32>,
}

/// The response to both puts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutAccepted {
    /// The version that is in force now.
    pub version: u64,
    /// When it takes effect at every edge.
    pub effective_at: UnixMillis,
}

/// The response to a put of an event's settings: [`PutAccepted`], and beside it in the same JSON
/// object what the settings may not do as their author expects.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PutEventAnswer {
    /// What every put is answered.
    #[serde(flatten)]
    pub accepted: PutAccepted,
    /// Sentences for people; left out if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub warnings: Vec<String>,
}

/// `GET /api/v1/control/events/{id}/stats`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EdgeStats {
    /// The event.
    pub event_id: EventId,
    /// The clock of the coordinator.
    pub as_of: UnixMillis,
    /// The last version that was accepted.
    pub version: u64,
    /// Queue tickets issued in all draws; some seconds behind.
    pub joined: u64,
    /// Number of draws that are closed.
    pub draws_closed: u32,
    /// The last place of the line, see [`crate::snapshot::Snapshot::last_place`].
    pub last_place: u64,
    /// Suspects of closed draws who have no place in the line. Absent in JSON if there are none.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub in_second_line: u64,
    /// Places served by now.
    pub served: u64,
    /// The last place whose fan, and every fan before, could have asked since the turn came
    /// ([`crate::snapshot::Snapshot::called`]).
    pub called: u64,
    /// How joins were scored; some seconds behind.
    #[serde(default)]
    pub scores: ScoreCounts,
    /// Shards that did not answer when a draw was closed, and have not since. Their fans after the
    /// last report get a place in a later draw.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<MissingShard>,
    /// What the meter of a protected site sees and decided last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub meter: Option<SiteMeterReport>,
    /// How many shopping sessions began and are over, and how many run; up to two seconds behind.
    #[serde(default)]
    pub sessions: SessionTotals,
    /// The last of the sessions that ended before their shop tokens do.
    #[serde(default, skip_serializing_if = "NewestEnded::is_empty")]
    pub ended: NewestEnded,
}

#[cfg(test)]
mod tests {
    use super::*;

    const PUT: &str = r#"{"version":7,"name":"Show","on_sale_time":"2027-01-15T08:00:00.000Z","shards":64,"draw_window_ms":5000,"turn_ms":600000,"shopping_ms":600000,"challenge_max_number":50000}"#;

    #[test]
    fn a_put_without_warnings_is_answered_as_ever() {
        let accepted = PutAccepted {
            version: 7,
            effective_at: UnixMillis(2_000),
        };
        let answer = |warnings: &[&str]| PutEventAnswer {
            accepted: accepted.clone(),
            warnings: warnings.iter().map(|warning| (*warning).to_owned()).collect(),
        };
        assert_eq!(
            serde_json::to_string(&answer(&[])).unwrap(),
            serde_json::to_string(&accepted).unwrap()
        );
        let warned = serde_json::to_string(&answer(&["a sentence"])).unwrap();
        assert!(warned.ends_with(r#","warnings":["a sentence"]}"#), "{warned}");
        assert_eq!(serde_json::from_str::<PutAccepted>(&warned).unwrap(), accepted);
    }

    #[test]
    fn the_version_and_the_settings_are_one_object_and_nothing_unknown_is_in_it() {
        let put: PutEvent = serde_json::from_str(PUT).unwrap();
        assert_eq!((put.version, put.settings.name.as_str()), (7, "Show"));
        assert_eq!(serde_json::to_string(&put).unwrap(), PUT);
        let surplus = PUT.replace("\"turn_ms\"", "\"surplus\":1,\"turn_ms\"");
        let refused = serde_json::from_str::<PutEvent>(&surplus).unwrap_err().to_string();
        assert!(refused.contains("unknown field `surplus`"), "{refused}");
    }
}
