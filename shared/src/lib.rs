//! The rules of an on-sale, as pure functions over plain values.
//!
//! Nothing in this crate does I/O, reads a clock or draws a random number: callers pass in what
//! they have. So the same code runs in the origin, in the worker at the edge, in the browser and in
//! the simulator, and gives the same result.
//!
//! # Layout
//!
//! Values:
//!
//! * [`ids`]: names and numbers of events, fans, shards, draws, tiers and places.
//! * [`timestamp`], [`money`], [`limits`]: instants, amounts, and the limits of a number.
//! * [`network`]: the networks around an address.
//!
//! A fan's way through the queue:
//!
//! * [`proof_of_work`]: the built-in captcha that a join must solve.
//! * [`score`]: how likely a join comes from a bot.
//! * [`draw`]: the draws, the shuffle, and the record with which anybody can check a place.
//! * [`queue_ticket`]: the signed ticket that a fan holds.
//! * [`schedule`]: which place is served when, and the wait estimate.
//! * [`snapshot`]: what an edge knows of one event at one instant.
//! * [`queue_status`]: where one queue ticket stands now.
//! * [`polling`]: when a client asks for its status again.
//! * [`shop_token`]: the token that opens the shop.
//! * [`room`]: whether people come in without a turn.
//! * [`sessions`]: how many shopping sessions there are, and which ended before their ends.
//! * [`verify`]: how a fan checks their place from public data alone.
//!
//! What an event is configured with:
//!
//! * [`event_settings`]: times, size and policy of an event's queue.
//! * [`policy`]: how the queue treats people, part by part (gate, captcha, bots, rate limits,
//!   beacon).
//!
//! Between the servers:
//!
//! * [`wire`]: everything that travels as JSON.
//! * [`control`]: the signature of what the origin tells the edge.
//! * [`meter`]: the release rate, decided once a second.
//! * [`epochs`]: which tickets and places a restored store still knows.
//!
//! Accounts and tokens:
//!
//! * [`account_token`], [`oidc`]: accounts of our origin, and of an OpenID Connect issuer.
//! * [`fan_pass`]: the proof that an account is a verified fan.
//! * [`jose`]: keys and signatures of all these tokens.

pub mod account_token;
pub mod control;
pub mod draw;
pub mod epochs;
pub mod event_settings;
pub mod fan_pass;
pub mod ids;
pub mod jose;
pub mod limits;
pub mod meter;
pub mod money;
pub mod network;
pub mod oidc;
pub mod policy;
pub mod polling;
pub mod proof_of_work;
pub mod queue_status;
pub mod queue_ticket;
pub mod room;
pub mod schedule;
pub mod score;
pub mod sessions;
pub mod shop_token;
pub mod snapshot;
pub mod timestamp;
pub mod verify;
pub mod wire;
