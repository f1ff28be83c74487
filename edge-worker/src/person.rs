//! What a shard decides for one person: keep, revive or replace a ticket; open or find a shopping window. Pure: the shard
//! brings what it stored, the clock and the draw, and stores what comes back.

use serde::{Deserialize, Serialize};
use stanchion_shared::{
    draw::digest::ShardDigest,
    identity::{Draw, Serial, Tier},
    timestamp::UnixMillis,
};

use crate::platform::{Claim, ClaimOutcome, Held, Join, Leave, LeaveOutcome, Window};

/// Used proofs are remembered this long after they have expired, in ms: the clocks of edges differ.
pub(crate) const PROOFS_KEPT_MS: u64 = 60_000;

/// A person as a shard remembers them, for as long as the event lives.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Person {
    /// The newest ticket; the only one that can be alive.
    pub(crate) held: Held,
    /// It was given up.
    left: bool,
    /// The worst tier a score ever gave: a later join never improves it.
    worst_tier: Tier,
    /// Length of the shopping window when it was claimed: a change of the setting does not move a window that runs.
    shopping_ms: u64,
    /// A shop token of an earlier ticket may live until then.
    busy_until: UnixMillis,
}

/// What a join does to a person who is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum JoinStep {
    /// The ticket they have stays theirs.
    Keep,
    /// They get a new ticket in the draw that is open, and this one is dead.
    Renew,
}

/// A number that a draw just gave.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Numbered {
    /// Life of the store, see [`stanchion_shared::lives`].
    pub(crate) epoch: u32,
    /// The draw.
    pub(crate) draw: Draw,
    /// From 0 within draw, tier and shard.
    pub(crate) number: u32,
    /// The shard's digest with it.
    pub(crate) digest: ShardDigest,
}

/// The tier of a person's next ticket: the worse of what is remembered and what the score gives now.
pub(crate) fn tier_of(known: Option<&Person>, scored: Tier) -> Tier {
    known.map_or(scored, |person| person.worst_tier.max(scored))
}

impl Person {
    /// With a first ticket, or with one more: the serial says how many there were. `tier` is [`tier_of`] this person.
    pub(crate) fn with_ticket(before: Option<&Person>, tier: Tier, numbered: Numbered) -> Person {
        let claimed_until = |person: &Person| person.held.claimed.as_ref().map_or(UnixMillis(0), |one| one.ends_at);
        Person {
            held: Held {
                epoch: numbered.epoch,
                draw: numbered.draw,
                tier,
                number: numbered.number,
                serial: Serial(before.map_or(1, |person| person.held.serial.0 + 1)),
                digest: numbered.digest,
                claimed: None,
            },
            left: false,
            worst_tier: tier,
            shopping_ms: 0,
            busy_until: before.map_or(UnixMillis(0), |person| person.busy_until.max(claimed_until(person))),
        }
    }

    /// Judges a join while a new number would be in `draw` (`None`: there are no draws any more). Remembers the tier and
    /// revives a ticket that was given up in a draw which is still open.
    pub(crate) fn join(&mut self, join: &Join, draw: Option<Draw>) -> JoinStep {
        self.worst_tier = self.worst_tier.max(join.tier);
        if self.left {
            if draw != Some(self.held.draw) {
                return JoinStep::Renew;
            }
            self.left = false;
            return JoinStep::Keep;
        }
        // Only a ticket of an earlier draw can be over, and only as long as it is the one that was judged to be.
        let earlier = draw.is_none_or(|draw| self.held.draw < draw);
        let as_judged = join.replaces.is_some_and(|replaces| {
            replaces.serial == self.held.serial && replaces.claimed == self.held.claimed.is_some()
        });
        if earlier && as_judged {
            JoinStep::Renew
        } else {
            JoinStep::Keep
        }
    }

    /// Finds the shopping window or opens it.
    pub(crate) fn claim(&mut self, claim: &Claim, now: UnixMillis) -> ClaimOutcome {
        if !self.is_newest(claim.epoch, claim.serial) || self.left {
            return ClaimOutcome::Dead;
        }
        if let Some(window) = &mut self.held.claimed {
            // Never shorter: the stops given are those that the asking edge still knows.
            let ends_at = claim.stops.end_of(window.claimed_at, self.shopping_ms);
            window.ends_at = window.ends_at.max(ends_at);
            return ClaimOutcome::Window(window.clone());
        }
        if claim.only_if_claimed {
            return ClaimOutcome::Dead;
        }
        if self.busy_until > now {
            return ClaimOutcome::Busy { until: self.busy_until };
        }
        let claimed_at = now.max(claim.turn_at);
        let window = Window {
            session: claim.session.clone(),
            claimed_at,
            ends_at: claim.stops.end_of(claimed_at, claim.shopping_ms),
        };
        self.shopping_ms = claim.shopping_ms;
        self.held.claimed = Some(window.clone());
        ClaimOutcome::Window(window)
    }

    /// A serial alone does not tell: a life that was lost may have given it to the same person.
    fn is_newest(&self, epoch: u32, serial: Serial) -> bool {
        (epoch, serial) == (self.held.epoch, self.held.serial)
    }

    /// Gives the ticket up.
    pub(crate) fn leave(&mut self, leave: &Leave) -> LeaveOutcome {
        if !self.is_newest(leave.epoch, leave.serial) {
            return LeaveOutcome::Dead;
        }
        self.left = true;
        LeaveOutcome::Left
    }
}

#[cfg(test)]
mod tests {
    use stanchion_shared::{
        draw::membership::Windows,
        identity::Tag,
        schedule::{Stop, Stops},
    };

    use super::*;
    use crate::platform::Replaces;

    mod one_account;

    const TAG: Tag = Tag([7; 16]);
    const EPOCH: u32 = 5;

    fn numbered(draw: u32, number: u32) -> Numbered {
        Numbered {
            epoch: EPOCH,
            draw: Draw(draw),
            number,
            digest: ShardDigest::EMPTY,
        }
    }

    fn join(tier: Tier, replaces: Option<Replaces>) -> Join {
        Join {
            tag: TAG,
            tier,
            proof: None,
            windows: Some(Windows {
                on_sale_time: UnixMillis(0),
                draw_window_ms: 1_000,
            }),
            replaces,
        }
    }

    fn claim(serial: u32, turn_at: u64) -> Claim {
        Claim {
            tag: TAG,
            epoch: EPOCH,
            serial: Serial(serial),
            turn_at: UnixMillis(turn_at),
            shopping_ms: 600,
            stops: Stops::default(),
            session: format!("session of {serial}"),
            only_if_claimed: false,
        }
    }

    fn leave(serial: u32) -> Leave {
        Leave {
            tag: TAG,
            epoch: EPOCH,
            serial: Serial(serial),
        }
    }

    fn over(serial: u32, claimed: bool) -> Option<Replaces> {
        Some(Replaces {
            serial: Serial(serial),
            claimed,
        })
    }

    fn first(draw: u32) -> Person {
        Person::with_ticket(None, Tier::Human, numbered(draw, 3))
    }

    #[test]
    fn joining_again_keeps_the_ticket_in_every_draw() {
        let mut person = first(0);
        for draw in [Some(Draw(0)), Some(Draw(5)), None] {
            assert_eq!(person.join(&join(Tier::Human, None), draw), JoinStep::Keep);
        }
        assert_eq!(person, first(0));
    }

    #[test]
    fn a_ticket_given_up_is_revived_in_its_draw_and_replaced_after_it() {
        let mut person = first(2);
        assert_eq!(person.leave(&leave(1)), LeaveOutcome::Left);
        assert_eq!(person.leave(&leave(1)), LeaveOutcome::Left);
        assert_eq!(person.join(&join(Tier::Human, None), Some(Draw(2))), JoinStep::Keep);
        assert_eq!(person, first(2));
        person.leave(&leave(1));
        assert_eq!(person.join(&join(Tier::Human, None), Some(Draw(3))), JoinStep::Renew);
        let renewed = Person::with_ticket(Some(&person), Tier::Human, numbered(3, 0));
        assert_eq!((renewed.held.serial, renewed.held.draw), (Serial(2), Draw(3)));
    }

    #[test]
    fn a_ticket_is_replaced_only_as_it_was_judged_and_only_after_its_draw() {
        for (replaces, draw, step) in [
            (over(1, false), Some(4), JoinStep::Renew),
            (over(1, false), None, JoinStep::Renew),
            (over(1, false), Some(2), JoinStep::Keep),
            (over(1, true), Some(4), JoinStep::Keep),
            (over(2, false), Some(4), JoinStep::Keep),
        ] {
            let judged = first(2).join(&join(Tier::Human, replaces), draw.map(Draw));
            assert_eq!(judged, step, "{replaces:?} {draw:?}");
        }
        let mut claimed = first(2);
        claimed.claim(&claim(1, 50), UnixMillis(100));
        assert_eq!(
            claimed.join(&join(Tier::Human, over(1, false)), Some(Draw(4))),
            JoinStep::Keep
        );
    }

    #[test]
    fn a_worse_score_is_remembered_and_a_better_one_improves_nothing() {
        let mut person = first(0);
        person.join(&join(Tier::Suspect, None), Some(Draw(0)));
        assert_eq!(person.held.tier, Tier::Human); // the number it has is in the log
        person.join(&join(Tier::Verified, None), Some(Draw(0)));
        assert_eq!(tier_of(Some(&person), Tier::Verified), Tier::Suspect);
        assert_eq!(tier_of(None, Tier::Verified), Tier::Verified);
    }

    #[test]
    fn asking_again_gives_the_same_window_and_only_stops_lengthen_it() {
        let mut person = first(0);
        let opened = person.claim(&claim(1, 50), UnixMillis(100));
        let window = Window {
            session: "session of 1".to_owned(),
            claimed_at: UnixMillis(100),
            ends_at: UnixMillis(700),
        };
        assert_eq!(opened, ClaimOutcome::Window(window.clone()));
        let again = Claim {
            session: "another".to_owned(),
            shopping_ms: 9_000,
            only_if_claimed: true,
            ..claim(1, 50)
        };
        assert_eq!(
            person.claim(&again, UnixMillis(5_000)),
            ClaimOutcome::Window(window.clone())
        );
        let mut stops = Stops::default();
        stops.push(Stop {
            from_ms: 200,
            to_ms: 300,
        });
        let after_stop = Claim { stops, ..again.clone() };
        let longer = Window {
            ends_at: UnixMillis(800),
            ..window
        };
        assert_eq!(
            person.claim(&after_stop, UnixMillis(5_000)),
            ClaimOutcome::Window(longer.clone())
        );
        // An edge that has forgotten the stop takes nothing away.
        assert_eq!(person.claim(&again, UnixMillis(5_000)), ClaimOutcome::Window(longer));
    }

    #[test]
    fn a_window_never_begins_before_the_turn() {
        let opened = first(0).claim(&claim(1, 500), UnixMillis(100));
        assert!(matches!(opened, ClaimOutcome::Window(window) if window.claimed_at == UnixMillis(500)));
    }

    #[test]
    fn only_the_newest_living_ticket_in_time_can_be_claimed() {
        let too_late = Claim {
            only_if_claimed: true,
            ..claim(1, 0)
        };
        assert_eq!(first(0).claim(&too_late, UnixMillis(1)), ClaimOutcome::Dead);
        assert_eq!(first(0).claim(&claim(2, 0), UnixMillis(1)), ClaimOutcome::Dead);
        let mut left = first(0);
        left.leave(&leave(1));
        assert_eq!(left.claim(&claim(1, 0), UnixMillis(1)), ClaimOutcome::Dead);
        assert_eq!(left.leave(&leave(2)), LeaveOutcome::Dead);
    }

    #[test]
    fn a_ticket_of_a_life_that_was_lost_is_dead_although_its_serial_was_given_again() {
        let of_lost_life = Claim {
            epoch: EPOCH + 1,
            ..claim(1, 0)
        };
        let mut person = first(0);
        assert_eq!(person.claim(&of_lost_life, UnixMillis(1)), ClaimOutcome::Dead);
        let given_up = Leave {
            epoch: EPOCH + 1,
            ..leave(1)
        };
        assert_eq!(person.leave(&given_up), LeaveOutcome::Dead);
        assert_eq!(person, first(0));
    }

    #[test]
    fn a_second_session_waits_for_the_end_of_the_first() {
        let mut person = first(0);
        person.claim(&claim(1, 0), UnixMillis(100)); // until 700
        person.leave(&leave(1));
        let mut second = Person::with_ticket(Some(&person), Tier::Human, numbered(1, 0));
        assert_eq!(
            second.claim(&claim(2, 0), UnixMillis(699)),
            ClaimOutcome::Busy { until: UnixMillis(700) }
        );
        second.leave(&leave(2));
        let mut third = Person::with_ticket(Some(&second), Tier::Human, numbered(2, 0));
        assert_eq!(
            third.claim(&claim(3, 0), UnixMillis(699)),
            ClaimOutcome::Busy { until: UnixMillis(700) }
        );
        assert!(matches!(
            third.claim(&claim(3, 0), UnixMillis(700)),
            ClaimOutcome::Window(_)
        ));
    }
}
