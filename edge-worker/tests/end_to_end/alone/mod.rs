//! Tests that run one at a time, on a stack where nothing else runs: they stop or kill a part of it, or count requests.

mod counting_origin;
mod crash;
mod farm;
mod load_at_the_edge;
mod searches;
