//! The draw is fair, shown by statistics over fixed seeds.
//!
//! The place of a ticket has nothing to do with its number, its shard, its account or the time of
//! its join. The same statistics are computed for shuffles that are not fair, and must find each of
//! them.

mod drawn;
mod unfair;

use std::thread;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use stanchion_shared::{
    draw::{place::seed, shuffle::compute_shuffled_index},
    ids::{Bytes32, Tier},
};
use stanchion_statistics::{ChiSquare, LEAST_EXPECTED};

use drawn::{Against, Drawn};

/// The significance. If the draw is fair, the figures of one test together go beyond it once in a
/// million times. The seeds are fixed, so a test that passed once passes always; this number says
/// how little luck that took.
const LEAST_CHANCE: f64 = 1e-6;

/// A shuffle: where element `index` of `count` goes under a seed.
type Shuffle = fn(u64, u64, Bytes32) -> u64;

fn seeds(seed: u64) -> impl Iterator<Item = Bytes32> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    std::iter::repeat_with(move || {
        let mut bytes = [0; 32];
        generator.fill_bytes(&mut bytes);
        Bytes32(bytes)
    })
}

/// The least of many chances, as the chance that the least of so many is that small.
fn least(chances: &[f64]) -> f64 {
    chances.iter().copied().fold(1.0, f64::min) * chances.len() as f64
}

/// Computes `figure` for every item, on all cores.
fn on_all_cores<T: Copy + Sync>(items: &[T], figure: impl Fn(T) -> f64 + Sync) -> Vec<f64> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let figure = &figure;
    thread::scope(|scope| {
        // Each core takes every n-th item, because neighbours cost the same.
        let parts: Vec<_> = (0..cores)
            .map(|core| {
                scope.spawn(move || {
                    items
                        .iter()
                        .skip(core)
                        .step_by(cores)
                        .map(|&item| figure(item))
                        .collect()
                })
            })
            .collect();
        parts
            .into_iter()
            .flat_map(|part| -> Vec<f64> { part.join().unwrap() })
            .collect()
    })
}

/// Shuffles lists of `count` elements so often that each position is expected `expected` times at
/// each place. Returns the chance that positions and places depend on each other as much as they do
/// here.
fn positions(shuffle: Shuffle, count: u64, expected: usize) -> f64 {
    let mut table = vec![vec![0; count as usize]; count as usize];
    for seed in seeds(count).take(expected * count as usize) {
        for (index, places) in (0..).zip(&mut table) {
            places[shuffle(index, count, seed) as usize] += 1;
        }
    }
    ChiSquare::independent(&table).chance()
}

/// Draws of 2 to 100 elements. Small draws are cheap and are tested more closely.
fn small_draws(shuffle: Shuffle) -> f64 {
    let counts: Vec<u64> = (2..=100).collect();
    let expected = |count| if count <= 16 { 100 } else { LEAST_EXPECTED as usize };
    least(&on_all_cores(&counts, |count| {
        positions(shuffle, count, expected(count))
    }))
}

#[test]
fn in_draws_of_2_to_100_every_position_gets_every_place_alike() {
    let chance = small_draws(compute_shuffled_index);
    assert!(chance >= LEAST_CHANCE, "{chance}");
}

#[test]
fn shuffles_that_are_not_fair_are_found_in_draws_of_2_to_100() {
    for (name, shuffle) in [
        ("too few rounds", unfair::too_few_rounds as Shuffle),
        ("a byte modulo the count", unfair::moved_on_by_a_byte),
        ("swaps with any", unfair::swapped_with_any),
    ] {
        // The largest draws alone are enough to find these shuffles.
        let chance = positions(shuffle, 100, LEAST_EXPECTED as usize);
        assert!(chance < LEAST_CHANCE, "{name}: {chance}");
    }
}

const LARGE: u32 = 1_000_000;

/// The first, the last and some other positions of draws of a million, many times, over a hundred
/// ranges of places.
fn large_draws(shuffle: Shuffle) -> f64 {
    const DRAWS: usize = 10_000;
    const STRETCHES: u64 = 100;
    let count = u64::from(LARGE);
    let indices = [0, 1, 255, 256, count / 3, count / 2, count - 2, count - 1];
    let chances = on_all_cores(&indices, |index| {
        let mut places = vec![0; STRETCHES as usize];
        for seed in seeds(index).take(DRAWS) {
            places[(shuffle(index, count, seed) * STRETCHES / count) as usize] += 1;
        }
        ChiSquare::uniform(&places).chance()
    });
    least(&chances)
}

#[test]
fn in_draws_of_a_million_the_first_and_the_last_get_every_place_alike() {
    let chance = large_draws(compute_shuffled_index);
    assert!(chance >= LEAST_CHANCE, "{chance}");
    let found = large_draws(unfair::too_few_rounds);
    assert!(found < LEAST_CHANCE, "{found}");
}

/// A million people in all tiers. Every tenth has a fan pass. Every twentieth is a bot, and bots
/// join first. The order in which the others join has nothing to do with their accounts.
fn a_million() -> Drawn {
    let tier = |account: u32| match account % 20 {
        0 => Tier::Suspect,
        7 | 13 => Tier::Verified,
        _ => Tier::Human,
    };
    // 7,919 and a million have no common divisor, so everybody joins once.
    let order = (0..LARGE).map(|turn| (u64::from(turn) * 7_919 % u64::from(LARGE)) as u32);
    let bots = order.clone().filter(|&account| tier(account) == Tier::Suspect);
    let others = order.filter(|&account| tier(account) != Tier::Suspect);
    let joins = bots.chain(others).map(|account| (account, tier(account)));
    Drawn::of(joins, 64, Bytes32([42; 32]))
}

fn in_every_tier(drawn: &Drawn, places: &[u64], against: Against) -> f64 {
    least(&Tier::ALL.map(|tier| drawn.chance(places, tier, against)))
}

#[test]
fn among_a_million_neither_join_time_nor_shard_nor_account_has_to_do_with_the_place_inside_a_tier() {
    let drawn = a_million();
    let mut places = drawn.places();
    let all = [Against::JoinOrder, Against::Shard, Against::AccountOrder];
    let chances = all.map(|against| in_every_tier(&drawn, &places, against));
    assert!(least(&chances) >= LEAST_CHANCE, "{all:?}: {chances:?}");

    // Fans who joined in the first tenth of their tier get one hundredth of the line for nothing.
    // The statistics must find that.
    favour_the_first(&drawn, &mut places);
    let favoured = in_every_tier(&drawn, &places, Against::JoinOrder);
    assert!(favoured < LEAST_CHANCE, "{favoured}");

    places.sort_unstable();
    assert!(places.iter().copied().eq(1..=u64::from(LARGE)), "every place once");
}

/// Swaps places so that some of the humans who joined first are in the first hundredth of their
/// tier.
fn favour_the_first(drawn: &Drawn, places: &mut [u64]) {
    let humans: Vec<usize> = (0..places.len())
        .filter(|&turn| drawn.people[turn].tier == Tier::Human)
        .collect();
    let (first, last) = (&humans[..humans.len() / 10], &humans[humans.len() / 2..]);
    let counts = &drawn.record.tiers[Tier::Human.index()];
    let front = counts.first_place + counts.count / 100;
    let lucky = last
        .iter()
        .filter(|&&turn| places[turn] < front)
        .copied()
        .collect::<Vec<_>>();
    for (&early, late) in first.iter().zip(lucky) {
        places.swap(early, late);
    }
}

#[test]
fn a_line_that_only_moves_on_is_found_in_one_draw() {
    let drawn = a_million();
    let places: Vec<u64> = {
        let mut next = [0; 3];
        let in_order = drawn.people.iter().map(|person| {
            let counts = &drawn.record.tiers[person.tier.index()];
            let index = next[person.tier.index()];
            next[person.tier.index()] += 1;
            counts.first_place + unfair::moved_on_alike(index, counts.count, seed(&drawn.record, person.tier))
        });
        in_order.collect()
    };
    let chance = in_every_tier(&drawn, &places, Against::JoinOrder);
    assert!(chance < LEAST_CHANCE, "{chance}");
}

#[test]
fn a_thousand_accounts_of_a_bot_are_all_behind_every_human_of_their_draw() {
    const BOTS: u32 = 1_000;
    for (secret, humans) in seeds(9).zip([1, 2, 100, 1_000, 5_000]) {
        // The bots are faster, so all of them join first.
        let bots = (0..BOTS).map(|account| (account, Tier::Suspect));
        let people = (BOTS..BOTS + humans).map(|account| (account, Tier::Human));
        let drawn = Drawn::of(bots.chain(people), 16, secret);
        let places = drawn.places();
        let (of_bots, of_humans) = places.split_at(BOTS as usize);
        assert_eq!(of_humans.iter().max(), Some(&u64::from(humans)));
        assert_eq!(of_bots.iter().min(), Some(&u64::from(humans + 1)));
        assert_eq!(of_bots.iter().max(), Some(&u64::from(humans + BOTS)));
    }
}
