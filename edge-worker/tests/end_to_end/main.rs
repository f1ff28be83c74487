//! The edge over HTTP, as fans and the origin reach it. A folder says what its tests may share:
//!
//! - `together`: events of their own on one running stack; they run beside each other, on every runtime.
//! - `alone`: they stop, kill or count a part of the stack; one at a time, on a stack where nothing else runs.
//! - `on_workerd`, `on_spin`: as `alone`, and only where the edge runs on that.

mod alone;
mod on_spin;
mod on_workerd;
mod together;
