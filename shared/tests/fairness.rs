//! The draw is fair, shown by statistics over fixed seeds: where a ticket goes has nothing to do with its number, its shard,
//! its account or when it joined. Every figure is also asked of shuffles that are not fair, which it must find.

#[path = "fairness/drawn.rs"]
mod drawn;
#[path = "fairness/unfair.rs"]
mod unfair;

use rand_chacha::{
    ChaCha8Rng,
    rand_core::{Rng, SeedableRng},
};
use stanchion_shared::{
    draw::shuffle::compute_shuffled_index,
    identity::{Bytes32, Tier},
};
use stanchion_statistics::{ChiSquare, Correlation};

use drawn::{Against, Drawn};

/// A figure of a fair draw goes beyond its bound once in a million times. Seeds are fixed, so a test that passes once passes
/// for ever: this says how little luck that took. A bound is divided by the number of figures that it judges.
const LEAST_CHANCE: f64 = 1e-6;

/// What is judged: the place of `index` of `count` under a seed.
type Shuffle = fn(u64, u64, Bytes32) -> u64;

fn seeds(seed: u64) -> impl Iterator<Item = Bytes32> {
    let mut generator = ChaCha8Rng::seed_from_u64(seed);
    std::iter::repeat_with(move || {
        let mut bytes = [0; 32];
        generator.fill_bytes(&mut bytes);
        Bytes32(bytes)
    })
}

/// Draws of `count`, many times: the smallest chance over all positions that its place is spread as oddly as it was, times
/// the number of positions.
fn chance_of_positions(shuffle: Shuffle, count: u64) -> f64 {
    /// Expected in each cell, in every test alike, so that draws of 100 are judged as strictly as draws of 2.
    const EXPECTED: usize = 100;
    let side = count as usize;
    let mut places = vec![vec![0; side]; side];
    for seed in seeds(count).take(EXPECTED * side) {
        for (index, places) in (0..).zip(&mut places) {
            places[shuffle(index, count, seed) as usize] += 1;
        }
    }
    let chances = places.iter().map(|places| ChiSquare::uniform(places).chance());
    chances.fold(1.0, f64::min) * count as f64
}

/// Draws of 2 to 100, the smallest chance over all of them; larger ones in steps, for time.
fn chance_of_small_draws(shuffle: Shuffle) -> f64 {
    let counts: Vec<u64> = (2..=16).chain([23, 32, 47, 64, 77, 100]).collect();
    let chances = counts.iter().map(|&count| chance_of_positions(shuffle, count));
    chances.fold(1.0, f64::min) * counts.len() as f64
}

#[test]
fn in_draws_of_2_to_100_every_position_gets_every_place_alike() {
    let chance = chance_of_small_draws(compute_shuffled_index);
    assert!(chance >= LEAST_CHANCE, "{chance}");
}
