use proptest::{collection::vec, prelude::*};

use super::*;
use crate::ids::Tier;

fn ticket(number: u32) -> TicketNumber {
    TicketNumber {
        tier: Tier::Human,
        shard: Shard(3),
        number,
    }
}

fn start(epoch: u32, from: u32) -> EpochStart {
    EpochStart {
        epoch,
        from: [0, from, 0],
    }
}

#[test]
fn an_epoch_issued_the_numbers_up_to_where_the_next_one_begins() {
    let epochs = [start(7, 0), start(9, 60)];
    for (epoch, number, given) in [
        (7, 0, true),
        (7, 59, true),
        (7, 60, false), // after the copy: lost
        (9, 59, false),
        (9, 60, true),
        (9, 99, true),
        (9, 100, false),
        (8, 60, false), // an epoch that nothing remembers
    ] {
        assert_eq!(
            issued(&epochs, [0, 100, 0], epoch, ticket(number)),
            given,
            "{epoch} {number}"
        );
    }
    assert!(!issued(&[], [0, 100, 0], ONLY_EPOCH, ticket(0)));
}

fn ended(epoch: u32, closed_through: Option<u32>) -> EndedEpoch {
    EndedEpoch {
        epoch,
        closed_through: closed_through.map(Draw),
    }
}

#[test]
fn a_place_outlives_the_epoch_that_drew_it_only_if_its_record_did() {
    let epochs = Epochs {
        coordinator: 9,
        ended: vec![ended(7, Some(5)), ended(8, None)],
        shards: Vec::new(),
    };
    for (epoch, draw, trusted) in [(9, 9, true), (7, 5, true), (7, 6, false), (8, 0, false), (6, 0, false)] {
        assert_eq!(epochs.trust_place(epoch, Draw(draw)), trusted, "{epoch} {draw}");
    }
    assert!(Epochs::default().trust_place(ONLY_EPOCH, Draw(4)));
}

#[test]
fn a_ticket_is_lost_only_where_its_shard_is_known_to_have_lost_it() {
    let epochs = Epochs {
        coordinator: 1,
        ended: Vec::new(),
        shards: vec![ShardEpochs {
            shard: Shard(3),
            epoch: 9,
            draws: vec![DrawEpochs {
                draw: Draw(0),
                counts: [0, 60, 0],
                epochs: vec![start(7, 0)],
            }],
        }],
    };
    let of_other_shard = TicketNumber {
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
        assert_eq!(
            epochs.lost(epoch, Draw(draw), ticket),
            lost,
            "{epoch} {draw} {ticket:?}"
        );
    }
    assert!(!Epochs::default().lost(ONLY_EPOCH, Draw(0), ticket(0)));
}

/// A shard as its store keeps it: numbers come from a count, and the store can go back to copies.
#[derive(Clone)]
struct Store {
    epoch: u32,
    count: u32,
    epochs: Vec<EpochStart>,
}

impl Store {
    fn begin_epoch(&mut self, epoch: u32) {
        self.epoch = epoch;
    }

    fn join(&mut self) -> (u32, u32) {
        if self.epochs.last().is_none_or(|last| last.epoch != self.epoch) {
            self.epochs.push(start(self.epoch, self.count));
        }
        self.count += 1;
        (self.epoch, self.count - 1)
    }
}

#[derive(Clone, Debug)]
enum Step {
    Joins(u8),
    Copy,
    /// A restart with everything that it had.
    Restart,
    /// A restore from one of the copies.
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
    /// Whatever a store goes through, every number of the draw belongs to exactly one ticket that
    /// was ever issued, and these are the tickets in the data that survived.
    #[test]
    fn every_number_belongs_to_one_ticket(steps in vec(step(), 1..40)) {
        let mut store = Store { epoch: 1, count: 0, epochs: Vec::new() };
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
                Step::Restart => store.begin_epoch(next_epoch),
                Step::Restore(copy) => {
                    (store, surviving) = copy.get(&copies).clone();
                    store.begin_epoch(next_epoch);
                }
            }
        }
        let counts = [0, store.count, 0];
        let mut alive: Vec<_> = given.into_iter()
            .filter(|&(epoch, number)| issued(&store.epochs, counts, epoch, ticket(number)))
            .collect();
        alive.sort_by_key(|&(_, number)| number);
        prop_assert_eq!(alive, surviving);
    }
}
