//! The rules of the on-sale: pure functions over plain values.
//!
//! Nothing in here does I/O, reads a clock or draws a random number: callers pass in what they have. So the same code
//! runs in the origin, in the worker at the edge, in the browser and in the simulator, and gives the same answer.
//!
//! A fan's way through the modules: [`human`] (prove to be one), [`score`] (look like one), [`draw`] (get a number, later a place), [`ticket`]
//! (what the fan holds), [`schedule`] (who is served when), [`standing`] (what that means for one ticket now),
//! [`admission`] (the token that opens the shop). [`lives`] says what a restored store has lost. [`meter`] decides the rate, [`control`] signs what the origin tells the
//! edge, [`wire`] is what travels as JSON, [`account`] says who is asking, [`verify`] lets anybody check a place.

pub mod account;
pub mod admission;
pub mod control;
pub mod draw;
pub mod human;
pub mod identity;
pub mod jose;
pub mod lives;
pub mod meter;
pub mod money;
pub mod oidc;
pub mod pass;
pub mod policy;
pub mod schedule;
pub mod score;
pub mod standing;
pub mod ticket;
pub mod timestamp;
pub mod verify;
pub mod wire;
