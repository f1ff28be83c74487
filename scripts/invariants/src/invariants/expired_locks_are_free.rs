//! Invariant 7: A seat can be locked by another fan within one second after its lock has expired, and not before.

use super::{Findings, Invariant};
use crate::evidence::Handover;

/// A seat must change hands within this time, in ms.
const WITHIN_MS: u64 = 1_000;

/// Judges handovers. The end of a lock is by Redis's clock, the times of answers by this machine's. Both are on one machine
/// or kept by NTP. "Before" is judged by when the answer arrived: a lock that was granted earlier was answered earlier.
pub(crate) fn judge(handovers: &[Handover]) -> Invariant {
    let mut findings = Findings::default();
    let mut slowest = 0;
    for handover in handovers {
        let Handover {
            seat, lock_expires_at, ..
        } = handover;
        findings.require(handover.refused_until.is_some(), || {
            format!("seat {seat}: nobody was refused, so nothing was measured")
        });
        let Some(locked_at) = handover.locked_at else {
            findings.fault(format!("seat {seat} was never free again, in {} tries", handover.tries));
            continue;
        };
        findings.require(locked_at >= *lock_expires_at, || {
            format!(
                "seat {seat} changed hands {} ms before its lock ended",
                lock_expires_at.since(locked_at)
            )
        });
        let took = locked_at.since(*lock_expires_at);
        findings.require(took <= WITHIN_MS, || {
            format!("seat {seat} changed hands {took} ms after its lock ended")
        });
        slowest = slowest.max(took);
    }
    if handovers.is_empty() {
        findings.missing("no seat changed hands");
    } else {
        let tries: u32 = handovers.iter().map(|handover| handover.tries).sum();
        findings.saw(format!(
            "{} seats changed hands, the slowest {slowest} ms after its lock ended, none before; {tries} tries",
            handovers.len()
        ));
    }
    findings.close(7)
}

#[cfg(test)]
mod tests {
    use super::*;
    use stanchion_shared::timestamp::UnixMillis;

    fn handover(locked_at: Option<u64>) -> Handover {
        Handover {
            seat: "1-A-1".to_owned(),
            lock_expires_at: UnixMillis(10_000),
            tries: 20,
            refused_until: Some(UnixMillis(9_990)),
            sent_at: locked_at.map(|at| UnixMillis(at - 5)),
            locked_at: locked_at.map(UnixMillis),
        }
    }

    #[test]
    fn within_a_second_holds() {
        assert!(judge(&[handover(Some(10_000)), handover(Some(11_000))]).held);
    }

    #[test]
    fn too_early_too_late_and_never_do_not() {
        assert!(!judge(&[handover(Some(9_999))]).held);
        assert!(!judge(&[handover(Some(11_001))]).held);
        assert!(!judge(&[handover(None)]).held);
        assert!(!judge(&[handover(Some(10_000)), handover(None)]).held);
    }

    #[test]
    fn nothing_measured_shows_nothing() {
        assert!(!judge(&[]).held);
        assert!(
            !judge(&[Handover {
                refused_until: None,
                ..handover(Some(10_010))
            }])
            .held
        );
    }
}
