//! The host as a component sees it, by a real component (`guest/`) and a real Redis:
//!   scripts/stack/run --only redis -- cargo test --release -p stanchion-spin-host --test '*'

mod harness;
mod interfaces;
mod reuse;
