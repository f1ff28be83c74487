//! Whether an event of this origin may have a queue policy.

use stanchion_shared::policy::QueuePolicy;

use crate::error::InvalidField;

/// Checks the limits of a policy.
///
/// # Errors
/// The sentence names the field and its limits.
pub(crate) fn check_policy(queue: &QueuePolicy) -> Result<(), InvalidField> {
    // With a release of its own the edge would take no message of the meter any more: neither a
    // pause nor that all is sold would reach it.
    if queue.release.is_some() {
        return Err(InvalidField::new(
            "queue.release is for sites without an origin of ours: here the event's limits say how fast fans are admitted.",
        ));
    }
    if queue.gate.idle_ms.is_some() {
        return Err(InvalidField::new(
            "queue.gate.idle_ms is for sites without an origin of ours: here a session lasts as long as its cart may.",
        ));
    }
    // Nobody without an account can pay here, so a visitor's place would be wasted.
    if queue.identity.anonymous {
        return Err(InvalidField::new(
            "queue.identity.anonymous is for sites without an origin of ours: here only an account can pay.",
        ));
    }
    queue
        .check()
        .map_err(|sentence| InvalidField::new(format!("queue.{sentence}.")))
}
