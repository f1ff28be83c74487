//! Lives of a store. A store that can be restored from an older copy of its data (Redis) begins a new life whenever it may
//! have been: what its former life acknowledged after the copy was made is lost, and the same numbers are given again. So
//! tickets carry the life that numbered them, and places the life that drew them, each a random epoch; this module says
//! which of them are still worth something.
//!
//! A store that never goes back (a Durable Object) has one life, [`ONLY_LIFE`], and none of this is in its answers.

use serde::{Deserialize, Serialize};

use crate::{
    draw::place::Numbered,
    identity::{Draw, Shard},
};

/// Epoch of a store that never goes back. No store that can has it.
pub const ONLY_LIFE: u32 = 0;

/// A life of a shard, seen from one draw: in tier t it gave the numbers from `from[t]` up to where the next life begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Life {
    /// Which one; unique within the shard.
    pub epoch: u32,
    /// Its first number per tier.
    pub from: [u32; 3],
}

/// Whether a number was given by life `epoch`, of those which gave a draw's numbers (in order, up to `counts`).
///
/// A life that was lost is not among `lives`; of one that was partly lost, the numbers after the copy are beyond where the
/// next life begins.
#[must_use]
pub fn gave(lives: &[Life], counts: [u32; 3], epoch: u32, ticket: Numbered) -> bool {
    let Some(position) = lives.iter().position(|life| life.epoch == epoch) else {
        return false;
    };
    let tier = ticket.tier.index();
    let until = lives.get(position + 1).map_or(counts, |next| next.from);
    (lives[position].from[tier]..until[tier]).contains(&ticket.number)
}

/// What an edge knows of an event's lives; part of the snapshot, and empty where stores never go back.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lives {
    /// The coordinator's present life.
    pub coordinator: u32,
    /// Its former lives, as far as its data remembers them.
    pub ended: Vec<EndedLife>,
    /// The shards' lives. A shard that is not here is not judged before the record of the draw is there.
    pub shards: Vec<ShardLives>,
}

/// A former life of a coordinator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct EndedLife {
    /// Which one.
    pub epoch: u32,
    /// The draws that were closed in the data with which the next life began: their records are the ones it knew.
    pub closed_through: Option<Draw>,
}

/// A shard's lives, as far as draws that are not closed need them.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardLives {
    /// Which one.
    pub shard: Shard,
    /// Its present life: that one has lost nothing.
    pub epoch: u32,
    /// Draws in which former lives have tickets.
    pub draws: Vec<LivesInDraw>,
}

/// Whose tickets are in a draw that is not closed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LivesInDraw {
    /// The draw.
    pub draw: Draw,
    /// Tickets per tier.
    pub counts: [u32; 3],
    /// The lives that gave them, in order.
    pub lives: Vec<Life>,
}

impl Lives {
    /// Whether stores never go back here.
    #[must_use]
    pub fn is_only_life(&self) -> bool {
        *self == Lives::default()
    }

    /// Whether a place that was drawn in the coordinator's life `epoch` is what the record of `draw` says now. If not, the
    /// record may have been lost and the draw closed anew, so the place has to be worked out again.
    #[must_use]
    pub fn trust_place(&self, epoch: u32, draw: Draw) -> bool {
        let known_then = |life: &EndedLife| life.epoch == epoch && Some(draw) <= life.closed_through;
        epoch == self.coordinator || self.ended.iter().any(known_then)
    }

    /// Whether a ticket of a draw that is not closed is lost. Right for every ticket that was given before this was taken;
    /// a younger one may be of a life that is not known here yet.
    #[must_use]
    pub fn lost(&self, epoch: u32, draw: Draw, ticket: Numbered) -> bool {
        let Some(shard) = self.shards.iter().find(|one| one.shard == ticket.shard) else {
            return false;
        };
        let in_draw = shard.draws.iter().find(|one| one.draw == draw);
        shard.epoch != epoch && !in_draw.is_some_and(|one| gave(&one.lives, one.counts, epoch, ticket))
    }
}

#[cfg(test)]
mod tests {
    use proptest::{collection::vec, prelude::*};

    use super::*;
    use crate::identity::Tier;

    fn ticket(number: u32) -> Numbered {
        Numbered {
            tier: Tier::Human,
            shard: Shard(3),
            number,
        }
    }

    fn life(epoch: u32, from: u32) -> Life {
        Life {
            epoch,
            from: [0, from, 0],
        }
    }

    #[test]
    fn a_life_gave_the_numbers_up_to_where_the_next_one_begins() {
        let lives = [life(7, 0), life(9, 60)];
        for (epoch, number, given) in [
            (7, 0, true),
            (7, 59, true),
            (7, 60, false), // after the copy: lost
            (9, 59, false),
            (9, 60, true),
            (9, 99, true),
            (9, 100, false),
            (8, 60, false), // a life that nothing remembers
        ] {
            assert_eq!(
                gave(&lives, [0, 100, 0], epoch, ticket(number)),
                given,
                "{epoch} {number}"
            );
        }
        assert!(!gave(&[], [0, 100, 0], ONLY_LIFE, ticket(0)));
    }

    fn ended(epoch: u32, closed_through: Option<u32>) -> EndedLife {
        EndedLife {
            epoch,
            closed_through: closed_through.map(Draw),
        }
    }

    #[test]
    fn a_place_outlives_the_life_that_drew_it_only_if_its_record_did() {
        let lives = Lives {
            coordinator: 9,
            ended: vec![ended(7, Some(5)), ended(8, None)],
            shards: Vec::new(),
        };
        for (epoch, draw, trusted) in [(9, 9, true), (7, 5, true), (7, 6, false), (8, 0, false), (6, 0, false)] {
            assert_eq!(lives.trust_place(epoch, Draw(draw)), trusted, "{epoch} {draw}");
        }
        assert!(Lives::default().trust_place(ONLY_LIFE, Draw(4)));
    }

    #[test]
    fn a_ticket_is_lost_only_where_its_shard_is_known_to_have_lost_it() {
        let lives = Lives {
            coordinator: 1,
            ended: Vec::new(),
            shards: vec![ShardLives {
                shard: Shard(3),
                epoch: 9,
                draws: vec![LivesInDraw {
                    draw: Draw(0),
                    counts: [0, 60, 0],
                    lives: vec![life(7, 0)],
                }],
            }],
        };
        let of_other_shard = Numbered {
            shard: Shard(4),
            ..ticket(70)
        };
        for (epoch, draw, ticket, lost) in [
            (7, 0, ticket(59), false),
            (7, 0, ticket(60), true),
            (7, 1, ticket(0), true), // nothing of that draw was in the copy
            (9, 1, ticket(0), false),
            (9, 0, ticket(500), false), // given after the snapshot
            (5, 0, ticket(0), true),
            (7, 0, of_other_shard, false),
        ] {
            assert_eq!(lives.lost(epoch, Draw(draw), ticket), lost, "{epoch} {draw} {ticket:?}");
        }
        assert!(!Lives::default().lost(ONLY_LIFE, Draw(0), ticket(0)));
    }

    /// A shard as its store plays it: numbers from a count, and copies to which it may go back.
    #[derive(Clone)]
    struct Store {
        epoch: u32,
        count: u32,
        lives: Vec<Life>,
    }

    impl Store {
        fn begin_life(&mut self, epoch: u32) {
            self.epoch = epoch;
        }

        fn join(&mut self) -> (u32, u32) {
            if self.lives.last().is_none_or(|last| last.epoch != self.epoch) {
                self.lives.push(life(self.epoch, self.count));
            }
            self.count += 1;
            (self.epoch, self.count - 1)
        }
    }

    #[derive(Clone, Debug)]
    enum Step {
        Joins(u8),
        Copy,
        /// Restarted with everything it had.
        Restart,
        /// Restored from one of the copies.
        Restore(prop::sample::Index),
    }

    fn step() -> impl Strategy<Value = Step> {
        prop_oneof![
            (1u8..5).prop_map(Step::Joins),
            Just(Step::Copy),
            Just(Step::Restart),
            any::<prop::sample::Index>().prop_map(Step::Restore),
        ]
    }

    proptest! {
        /// Whatever a store goes through, every number of the draw belongs to exactly one ticket ever given, and tickets
        /// in the data that survived are those.
        #[test]
        fn every_number_belongs_to_one_ticket(steps in vec(step(), 1..40)) {
            let mut store = Store { epoch: 1, count: 0, lives: Vec::new() };
            let mut copies = vec![(store.clone(), Vec::new())];
            let mut given = Vec::new();    // ever
            let mut surviving = Vec::new(); // in the store's data
            for (position, step) in steps.into_iter().enumerate() {
                let next_epoch = position as u32 + 2;
                match step {
                    Step::Joins(count) => for _ in 0..count {
                        let ticket = store.join();
                        given.push(ticket);
                        surviving.push(ticket);
                    },
                    Step::Copy => copies.push((store.clone(), surviving.clone())),
                    Step::Restart => store.begin_life(next_epoch),
                    Step::Restore(copy) => {
                        (store, surviving) = copy.get(&copies).clone();
                        store.begin_life(next_epoch);
                    }
                }
            }
            let counts = [0, store.count, 0];
            let mut alive: Vec<_> = given.into_iter()
                .filter(|&(epoch, number)| gave(&store.lives, counts, epoch, ticket(number)))
                .collect();
            alive.sort_by_key(|&(_, number)| number);
            prop_assert_eq!(alive, surviving);
        }
    }
}
