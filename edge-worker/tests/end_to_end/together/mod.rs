//! Tests that may run beside each other: each has events and fans of its own, and breaks nothing.

mod admission;
mod beacon;
mod browse;
mod captcha;
mod closed_gate;
mod key_rotation;
mod many_shards;
mod on_sale;
mod one_person;
mod polls;
mod refusals;
mod same_answers;
mod score;
mod second_line;
mod sessions;
mod static_files;
mod walk_ins;
