//! Whether an event of this origin may have a queue policy.

use stanchion_shared::policy::{QueuePolicy, gate::GateMode};

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
            "queue.release is for protected sites: here the event's limits say how fast fans are admitted.",
        ));
    }
    if queue.gate.idle_ms.is_some() {
        return Err(InvalidField::new(
            "queue.gate.idle_ms is for protected sites: here a session lasts as long as its cart may.",
        ));
    }
    // What is guarded here is fixed, and nothing passes it without a session: these two would mean `queue`.
    if matches!(queue.gate.mode, GateMode::QueueAll | GateMode::Passthrough) {
        return Err(InvalidField::new(
            "queue.gate.mode is queue, when_busy or reject: the other modes are for protected sites.",
        ));
    }
    // Nobody without an account can pay here, so a visitor's place would be wasted.
    if queue.identity.anonymous {
        return Err(InvalidField::new(
            "queue.identity.anonymous is for protected sites: here only an account can pay.",
        ));
    }
    queue
        .check()
        .map_err(|sentence| InvalidField::new(format!("queue.{sentence}.")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mode_that_would_have_no_effect_here_is_refused_by_name() {
        let with_mode = |mode| {
            let mut queue = QueuePolicy::default();
            queue.gate.mode = mode;
            check_policy(&queue)
        };
        for mode in [GateMode::QueueAll, GateMode::Passthrough] {
            let InvalidField(sentence) = with_mode(mode).unwrap_err();
            assert!(sentence.contains("queue.gate.mode"), "{mode:?}: {sentence}");
        }
        for mode in [GateMode::Queue, GateMode::WhenBusy, GateMode::Reject] {
            assert_eq!(with_mode(mode), Ok(()), "{mode:?}");
        }
    }
}
