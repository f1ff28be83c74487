use super::*;

fn tag(name: u8) -> Tag {
    Tag([name; 16])
}

fn log(names: &[u8]) -> Vec<(Tier, Tag)> {
    // Every third one is a suspect.
    let tier = |name: u8| {
        if name.is_multiple_of(3) {
            Tier::Suspect
        } else {
            Tier::Human
        }
    };
    names.iter().map(|&name| (tier(name), tag(name))).collect()
}

fn left(draw: u32, counts: [u32; 3], carried: Vec<CarriedTickets>, names: &[u8]) -> LeftOver {
    LeftOver {
        entered: EnteredDraw {
            draw: Draw(draw),
            counts,
        },
        carried,
        log: log(names),
    }
}

fn carried(from: u32, first: [u32; 3], counts: [u32; 3]) -> CarriedTickets {
    CarriedTickets {
        shard: Shard(2),
        from: Draw(from),
        first,
        counts,
    }
}

#[test]
fn nothing_left_over_is_nothing() {
    assert_eq!(
        carry(Shard(2), Some(5), &[]),
        (ShardTickets::none(Shard(2)), Vec::new())
    );
    let empty = left(3, [1, 2, 3], Vec::new(), &[]);
    assert_eq!(carry(Shard(2), Some(5), &[empty]).0, ShardTickets::none(Shard(2)));
}

#[test]
fn what_is_left_over_keeps_its_order_and_gets_the_first_numbers() {
    let (tickets, all) = carry(Shard(2), Some(5), &[left(3, [0, 7, 1], Vec::new(), &[1, 3, 2])]);
    assert_eq!(tickets.frozen.counts, [0, 2, 1]);
    assert_eq!(tickets.carried, [carried(3, [0; 3], [0, 2, 1])]);
    let from = [0; 3];
    assert_eq!(tickets.epochs, [EpochStart { epoch: 5, from }]);
    let numbers: Vec<_> = all.iter().map(|one| (one.tag, one.old_number, one.number)).collect();
    assert_eq!(numbers, [(tag(1), 7, 0), (tag(3), 1, 0), (tag(2), 8, 1)]);
    let digest = log(&[1, 3, 2])
        .into_iter()
        .fold(ShardDigest::EMPTY, |digest, (tier, tag)| digest.with(tier, tag));
    assert_eq!((tickets.frozen.digest, all[2].digest), (digest, digest));
}

#[test]
fn several_draws_follow_one_another() {
    let left_over = [
        left(3, [0, 1, 0], Vec::new(), &[1, 3]),
        left(4, [0; 3], Vec::new(), &[2]),
    ];
    let (tickets, _) = carry(Shard(2), None, &left_over);
    assert_eq!(
        tickets.carried,
        [carried(3, [0; 3], [0, 1, 1]), carried(4, [0, 1, 1], [0, 1, 0])]
    );
    assert!(tickets.epochs.is_empty());
}

/// A shard that is silent again before anybody heard what its draw carries: that is followed in one
/// step, too. What was counted there is not.
#[test]
fn what_a_draw_was_to_carry_itself_is_carried_on_from_where_it_came() {
    let of_three = vec![carried(3, [0; 3], [0, 2, 0])];
    let before = left(4, [0, 9, 0], Vec::new(), &[5]);
    let (tickets, _) = carry(
        Shard(2),
        None,
        &[before.clone(), left(6, [0; 3], of_three.clone(), &[1, 2, 4])],
    );
    assert_eq!(
        tickets.carried,
        [
            carried(3, [0, 1, 0], [0, 2, 0]),
            carried(4, [0; 3], [0, 1, 0]),
            carried(6, [0, 1, 0], [0, 3, 0])
        ]
    );
    let (tickets, _) = carry(Shard(2), None, &[before, left(6, [0, 2, 0], of_three, &[4])]);
    assert_eq!(
        tickets.carried,
        [carried(4, [0; 3], [0, 1, 0]), carried(6, [0, 1, 0], [0, 1, 0])]
    );
}
