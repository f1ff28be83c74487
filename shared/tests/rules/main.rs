//! Tests of the rules as a caller sees them: against published vectors, by statistics, by random
//! input, and against a cheat. Tests of a single module stand beside it in `src`.
//!
//! Each module below is one subject, but for [`snapshots`], from which several of them start.
//! `vectors/` has the published vectors; the programs `*.mjs` beside it check them with code that
//! shares nothing with this crate.

mod altcha;
mod arithmetic;
mod beacon;
mod draw_vector;
mod fairness;
mod gate_paths;
mod live_part;
mod page_traces;
mod polling;
mod record_epochs;
mod schedule;
mod site_meter;
mod snapshots;
mod tokens;
mod verify;
mod wait_estimate;
